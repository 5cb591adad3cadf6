//! Files that other tools flash: bytes and their addresses.
//!
//! | format | for | leaves out |
//! | --- | --- | --- |
//! | ELF | debuggers: probe-rs, gdb, openocd | nothing |
//! | Intel HEX | programmers, and drives such as the micro:bit's | nothing |
//! | binary | ST-Link's drive, gang programmers; begins at the start of flash | slot B |
//! | UF2 | the drive of a Pico's boot ROM | nothing; whole sectors of 4 KiB |
//!
//! Erased bytes are written like any others: a tool erases only what it writes to.

mod binary;
mod elf;
pub(crate) mod format;
mod intel_hex;
pub mod uf2;

pub use crate::segment::{ERASED, Segment};
pub use format::{FlashFileError, Format};

use crate::board::uf2_family;
use lifeboot_core::Board;

/// Makes a file that writes the named segments to `board`'s flash. The segments must be in ascending order and must not
/// touch. A debugger starts at `entry`.
pub(crate) fn write(
    board: &'static Board,
    segments: &[(&'static str, Segment)],
    entry: u32,
    format: Format,
) -> Result<Vec<u8>, FlashFileError> {
    let unnamed = segments.iter().map(|(_, segment)| segment);
    match format {
        Format::Elf => elf::write(segments, entry),
        Format::Hex => intel_hex::write(unnamed),
        Format::Binary => Ok(binary::write(board, unnamed)),
        Format::Uf2 => uf2::write(unnamed, uf2_family(board)?),
    }
}

/// Reads a file for flashing, of any format.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Segment>, FlashFileError> {
    if bytes.starts_with(b"\x7fELF") {
        return Ok(crate::elf::loads(bytes)?.0);
    }
    if bytes.starts_with(&uf2::MAGIC) {
        return uf2::read(bytes);
    }
    if bytes.starts_with(b":") {
        return intel_hex::read(bytes);
    }
    binary::read(bytes).ok_or(FlashFileError::Unknown)
}

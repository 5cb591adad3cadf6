//! Files that other tools flash: bytes, and the addresses that they go to.
//!
//! | format | for | leaves out |
//! | --- | --- | --- |
//! | ELF | debuggers: probe-rs, gdb, openocd | nothing |
//! | Intel HEX | programmers, and drives such as the micro:bit's | nothing |
//! | binary | ST-Link's drive, gang programmers; from the start of flash on | slot B |
//! | UF2 | the drive of a Pico's boot ROM | nothing; whole sectors of 4 KiB |
//!
//! Erased bytes are written like any others: a tool erases what it writes to, and nothing else.

mod binary;
mod elf;
pub(crate) mod format;
mod intel_hex;
pub mod uf2;

pub use crate::segment::{ERASED, Segment};
pub use format::{FlashFileError, Format};

use crate::board::uf2_family;
use lifeboot_core::Board;

/// A file that brings the named runs, ascending and apart, into `board`'s flash. `entry` is where a debugger starts.
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

/// Reads a file for flashing, whatever its format.
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

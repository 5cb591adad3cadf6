//! Files that other tools flash: bytes and their addresses.
//!
//! | format | for | leaves out |
//! | --- | --- | --- |
//! | ELF | debuggers: probe-rs, gdb, openocd | nothing |
//! | Intel HEX | programmers, and some boards' drives | nothing |
//! | binary | ST-Link's drive, gang programmers; begins at the start of flash | slot B |
//! | UF2 | the drive of an RP2040's boot ROM | nothing; whole sectors of 4 KiB |
//!
//! Erased bytes are written like any others: a tool erases only what it writes to.

mod binary;
mod elf;
pub(crate) mod format;
mod intel_hex;
pub mod uf2;

pub use crate::segment::{ERASED, Segment};
pub use format::{FlashFileError, Format};

use lifeboot_core::Board;

/// Makes a file that writes the named segments to `board`'s flash. The segments must be in ascending order and must not
/// touch. A debugger starts at `entry`; `uf2_family` is the id by which the chip's UF2 drive knows it, if it has one.
pub(crate) fn write(
    board: &'static Board,
    segments: &[(&'static str, Segment)],
    entry: u32,
    uf2_family: Option<u32>,
    format: Format,
) -> Result<Vec<u8>, FlashFileError> {
    let unnamed = segments.iter().map(|(_, segment)| segment);
    match format {
        Format::Elf => elf::write(segments, entry),
        Format::Hex => intel_hex::write(unnamed),
        Format::Binary => Ok(binary::write(board, unnamed)),
        Format::Uf2 => uf2::write(unnamed, uf2_family.ok_or(FlashFileError::NoUf2(board.name))?),
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

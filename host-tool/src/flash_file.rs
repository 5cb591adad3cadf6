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

mod elf;
mod hex;
pub mod uf2;

use crate::board::uf2_family;
use crate::bootloader_file::board_of_binary;
use crate::elf::ElfError;
use lifeboot_core::Board;
use miette::Diagnostic;
use std::fmt::{self, Display};
use std::path::Path;
use thiserror::Error;

/// What erased flash reads as.
pub const ERASED: u8 = 0xff;

/// Bytes that lie together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where the first byte goes.
    pub address: u32,
    /// What goes there.
    pub bytes: Vec<u8>,
}

/// A form of file for flashing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An ELF executable with a segment and a section for each run.
    Elf,
    /// Intel HEX with 32-bit addresses.
    Hex,
    /// Raw bytes from the start of flash on.
    Binary,
    /// Microsoft's USB Flashing Format.
    Uf2,
}

/// Why a file for flashing cannot be made or read.
#[derive(Debug, Error, Diagnostic)]
pub enum FlashFileError {
    /// No format has this ending.
    #[error("the name {0} does not say which format to write")]
    #[diagnostic(help("end it in .elf, .hex, .bin or .uf2, or add --format"))]
    Unnamed(String),
    /// The board has no drive that takes UF2.
    #[error("no drive of board {board} takes UF2 files")]
    #[diagnostic(help("{help}"))]
    NoUf2 {
        /// The board.
        board: &'static str,
        /// What it takes instead.
        help: &'static str,
    },
    /// More than the format holds.
    #[error("too much for one {0} file")]
    #[diagnostic(help("write an ELF file: --format elf"))]
    TooLarge(Format),
    /// None of the formats, or a binary without a bootloader.
    #[error("the file holds no bootloader of a board that this lifeboot knows")]
    #[diagnostic(help("give a file that lifeboot provision wrote, as ELF, Intel HEX, binary or UF2"))]
    Unknown,
    /// An ELF file of something else.
    #[error("the file to flash cannot be read")]
    #[diagnostic(help("write it again: lifeboot provision BOOTLOADER.elf FIRMWARE.img -o FILE"))]
    Elf(#[from] ElfError),
    /// A file that contradicts its own format.
    #[error("the {format} file is damaged: {how}")]
    #[diagnostic(help("copy it again, or write it again: lifeboot provision BOOTLOADER.elf FIRMWARE.img -o FILE"))]
    Damaged {
        /// Its format.
        format: Format,
        /// What is wrong.
        how: String,
    },
}

impl Format {
    /// All of them, by the ending that files of each have.
    pub const ALL: [(&'static str, Format); 4] =
        [("elf", Format::Elf), ("hex", Format::Hex), ("bin", Format::Binary), ("uf2", Format::Uf2)];

    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        Format::ALL.into_iter().find(|(_, format)| *format == self).map_or("", |(ending, _)| ending)
    }

    /// The format of a name, which is also the usual ending of such files.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, format)| format)
    }

    /// The format that a file's name promises.
    ///
    /// # Errors
    /// [`FlashFileError::Unnamed`]
    pub fn of_path(path: &Path) -> Result<Format, FlashFileError> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.and_then(Format::named).ok_or_else(|| FlashFileError::Unnamed(path.display().to_string()))
    }
}

impl Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Elf => "ELF",
            Format::Hex => "Intel HEX",
            Format::Binary => "binary",
            Format::Uf2 => "UF2",
        })
    }
}

/// A file that brings the named runs, ascending and apart, into `board`'s flash. `entry` is where a debugger starts.
pub(crate) fn write(
    board: &'static Board,
    runs: &[(&'static str, Run)],
    entry: u32,
    format: Format,
) -> Result<Vec<u8>, FlashFileError> {
    let unnamed = runs.iter().map(|(_, run)| run);
    match format {
        Format::Elf => elf::write(runs, entry),
        Format::Hex => hex::write(unnamed),
        Format::Binary => {
            let end = runs.last().map_or(board.flash_address, |(_, run)| run.end());
            let mut bytes = vec![ERASED; (end - board.flash_address) as usize];
            unnamed.for_each(|run| run.put_into(board.flash_address, &mut bytes));
            Ok(bytes)
        }
        Format::Uf2 => uf2::write(unnamed, uf2_family(board)?),
    }
}

/// Reads a file for flashing, whatever its format.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Run>, FlashFileError> {
    if bytes.starts_with(b"\x7fELF") {
        return Ok(crate::elf::loads(bytes)?.0);
    }
    if bytes.starts_with(&uf2::MAGIC) {
        return uf2::read(bytes);
    }
    if bytes.starts_with(b":") {
        return hex::read(bytes);
    }
    let board = board_of_binary(bytes).ok_or(FlashFileError::Unknown)?;
    Ok(vec![Run { address: board.flash_address, bytes: bytes.to_vec() }])
}

impl Run {
    /// The address behind the last byte; the last there is, where a file names more than there are.
    pub fn end(&self) -> u32 {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.address.saturating_add(length)
    }

    /// Copies what of it lies in the memory that `start` begins, and `memory` is.
    pub(crate) fn put_into(&self, start: u32, memory: &mut [u8]) {
        let offset = i64::from(self.address) - i64::from(start);
        for (index, byte) in (offset..).zip(&self.bytes) {
            if let Some(place) = usize::try_from(index).ok().and_then(|index| memory.get_mut(index)) {
                *place = *byte;
            }
        }
    }
}

fn damaged(format: Format, how: impl Display) -> FlashFileError {
    FlashFileError::Damaged { format, how: how.to_string() }
}

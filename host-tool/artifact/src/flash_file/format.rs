//! The formats of files for flashing, and why such a file cannot be made or read.

use crate::elf::ElfError;
use miette::Diagnostic;
use std::fmt::{self, Display};
use std::path::Path;
use thiserror::Error;

/// A format of files for flashing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An ELF executable with a segment and a section for each run of bytes.
    Elf,
    /// Intel HEX with 32-bit addresses.
    Hex,
    /// Raw bytes from the start of flash.
    Binary,
    /// UF2, Microsoft's USB Flashing Format.
    Uf2,
}

/// Why a file for flashing cannot be made or read.
#[derive(Debug, Error, Diagnostic)]
pub enum FlashFileError {
    /// No format has this file name extension.
    #[error("the name {0} does not say which format to write")]
    #[diagnostic(help("end it in .elf, .hex, .bin or .uf2, or add --format"))]
    Unnamed(String),
    /// The chip of this board has no drive that accepts UF2.
    #[error("no drive of board {0} takes UF2 files")]
    #[diagnostic(help(
        "for another drive or a programmer write Intel HEX or raw bytes: --format hex, --format bin; for a debug probe an \
         ELF file: lifeboot flash"
    ))]
    NoUf2(&'static str),
    /// The content is larger than the format allows.
    #[error("too much for one {0} file")]
    #[diagnostic(help("write an ELF file: --format elf"))]
    TooLarge(Format),
    /// The file has none of the formats, or is a binary without a bootloader.
    #[error("the file holds no bootloader")]
    #[diagnostic(help("give a file that lifeboot provision wrote, as ELF, Intel HEX, binary or UF2"))]
    Unknown,
    /// The ELF file holds something else.
    #[error("the file to flash cannot be read")]
    #[diagnostic(help("write it again: lifeboot provision BOOTLOADER.elf FIRMWARE.img -o FILE"))]
    Elf(#[from] ElfError),
    /// The file violates its own format.
    #[error("the {format} file is damaged: {how}")]
    #[diagnostic(help("copy it again, or write it again: lifeboot provision BOOTLOADER.elf FIRMWARE.img -o FILE"))]
    Damaged {
        /// The file's format.
        format: Format,
        /// What is wrong.
        how: String,
    },
}

impl Format {
    /// All formats, each with the extension of its files.
    pub const ALL: [(&'static str, Format); 4] =
        [("elf", Format::Elf), ("hex", Format::Hex), ("bin", Format::Binary), ("uf2", Format::Uf2)];

    /// Returns the extension of this format's file names.
    pub fn ending(self) -> &'static str {
        Format::ALL.into_iter().find(|(_, format)| *format == self).map_or("", |(ending, _)| ending)
    }

    /// Returns the format with this name, which is also the usual extension.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, format)| format)
    }

    /// Returns the format that a file's name implies.
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

pub(super) fn damaged(format: Format, how: impl Display) -> FlashFileError {
    FlashFileError::Damaged { format, how: how.to_string() }
}

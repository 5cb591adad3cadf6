//! A bootloader's ELF file, as cargo builds it: the content of its region in flash. The info section at the region's
//! end names the board and the trusted keys ([`lifeboot_core::info`]).
//!
//! Invariant: a [`Bootloader`] fills its board's region exactly, and nothing in its ELF file is loaded elsewhere.

use crate::boards::{MapError, find_info, from_info};
use crate::elf::{self, ElfError};
use crate::flash_file::{self, FlashFileError};
use crate::hex::hex;
use crate::segment::{ERASED, Segment};
use lifeboot_core::Board;
use lifeboot_core::info::{BootloaderInfo, INFO_LENGTH, key_id};
use miette::Diagnostic;
use thiserror::Error;

/// A bootloader, ready to be flashed.
#[derive(Clone, Debug)]
pub struct Bootloader {
    board: &'static Board,
    info: BootloaderInfo,
    entry: u32,
    bytes: Vec<u8>,
}

/// Why a file is not a bootloader.
#[derive(Debug, Error, Diagnostic)]
pub enum BootloaderError {
    /// The ELF file cannot be read.
    #[error("the bootloader cannot be read")]
    #[diagnostic(help("give the file that lifeboot bootloader has built"))]
    Elf(#[from] ElfError),
    /// The file has no known format, or is damaged.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FlashFileError),
    /// The file is something else, such as firmware.
    #[error("not a bootloader: nothing in it says which board and which keys it is for")]
    #[diagnostic(help("give the bootloader first, then the image; lifeboot bootloader builds one"))]
    NoInfo,
    /// The bootloader's flash map cannot be used.
    #[error("the bootloader holds no flash map that can be used")]
    #[diagnostic(help("build it again, with the sources that this lifeboot is of"))]
    Map(#[from] MapError),
    /// The bootloader describes itself elsewhere than at the end of its region.
    #[error("the bootloader for board {0} is not where its flash map says")]
    #[diagnostic(help("build it with lifeboot bootloader, or with the linker script of lifeboot-bootloader"))]
    Elsewhere(&'static str),
    /// The bootloader has bytes outside its region.
    #[error(
        "the bootloader is loaded to {start:#010x}..{end:#010x}, outside its region on board {board} \
         ({first:#010x}..{last:#010x})"
    )]
    #[diagnostic(help(
        "build it with lifeboot bootloader, or with the linker script of lifeboot-bootloader: it must fit its region"
    ))]
    OutsideRegion {
        /// First load address of those bytes.
        start: u32,
        /// Address just after them.
        end: u32,
        /// Name of the board.
        board: &'static str,
        /// First address of the bootloader's region.
        first: u32,
        /// Address just after the region.
        last: u32,
    },
}

impl Bootloader {
    /// Reads a bootloader's ELF file.
    ///
    /// # Errors
    /// See [`BootloaderError`].
    pub fn from_elf(bytes: &[u8]) -> Result<Bootloader, BootloaderError> {
        let (segments, entry) = elf::loads(bytes)?;
        let bootloader = Bootloader::from_segments(&segments, entry)?;
        let board = bootloader.board;
        let (first, last) = (board.address(board.bootloader.start), board.address(board.bootloader.end()));
        match segments.iter().find(|segment| segment.address < first || segment.end() > last) {
            None => Ok(bootloader),
            Some(segment) => {
                let (start, end) = (segment.address, segment.end());
                Err(BootloaderError::OutsideRegion { start, end, board: board.name, first, last })
            }
        }
    }

    /// Reads a bootloader from any file for flashing that contains one, with or without firmware.
    ///
    /// # Errors
    /// See [`BootloaderError`].
    pub fn from_file(bytes: &[u8]) -> Result<Bootloader, BootloaderError> {
        Bootloader::from_segments(&flash_file::read(bytes)?, 0)
    }

    /// Finds the bootloader in the segments that a file loads.
    pub(crate) fn from_segments(segments: &[Segment], entry: u32) -> Result<Bootloader, BootloaderError> {
        let (address, info) = find_info(segments).ok_or(BootloaderError::NoInfo)?;
        let board = from_info(&info)?;
        if address != board.address(board.bootloader.end()) - INFO_LENGTH as u32 {
            return Err(BootloaderError::Elsewhere(board.name));
        }
        let mut bytes = vec![ERASED; board.bootloader.length as usize];
        let start = board.address(board.bootloader.start);
        segments.iter().for_each(|segment| segment.put_into(start, &mut bytes));
        Ok(Bootloader { board, info, entry, bytes })
    }

    /// Returns the board that the bootloader is for.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// Returns the bytes of the bootloader's code: up to the last that is not erased, before its info.
    pub fn code_length(&self) -> u32 {
        let code = &self.bytes[..self.bytes.len() - INFO_LENGTH];
        code.iter().rposition(|byte| *byte != ERASED).map_or(0, |last| last as u32 + 1)
    }

    /// Returns the bootloader's info section.
    pub fn info(&self) -> &BootloaderInfo {
        &self.info
    }

    /// Returns the ids of the trusted keys, separated by commas.
    pub fn key_ids(&self) -> String {
        let ids: Vec<String> = self.info.keys().iter().map(|key| hex(&key_id(key))).collect();
        ids.join(", ")
    }

    /// Returns the entry point that the ELF file names; 0, as in ELF, if there is none.
    pub fn entry(&self) -> u32 {
        self.entry
    }

    /// Returns the content of the bootloader's region, with gaps filled as erased flash.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

//! A bootloader's ELF file, as cargo builds it: the content of its region in flash, which says at its end which board it
//! is for and which keys it trusts ([`lifeboot_core::info`]).
//!
//! Invariant: a [`Bootloader`] fills its board's region exactly, and nothing that is loaded lies elsewhere.

use crate::elf::{self, ElfError};
use crate::flash_file::{self, FlashFileError};
use crate::hex::hex;
use crate::segment::{ERASED, Segment};
use lifeboot_core::Board;
use lifeboot_core::info::{BootloaderInfo, INFO_LENGTH, key_id};
use lifeboot_core::layout::BOARDS;
use miette::Diagnostic;
use thiserror::Error;

/// Offset of the board's name in an info.
const NAME: usize = 0x10;

/// A bootloader, ready to be flashed.
#[derive(Clone, Debug)]
pub struct Bootloader {
    board: &'static Board,
    info: BootloaderInfo,
    entry: u32,
    bytes: Vec<u8>,
}

/// Why a file is no bootloader.
#[derive(Debug, Error, Diagnostic)]
pub enum BootloaderError {
    /// It cannot be read.
    #[error("the bootloader cannot be read")]
    #[diagnostic(help("give the file that cargo built: target/TARGET/embedded/lifeboot-bootloader"))]
    Elf(#[from] ElfError),
    /// It is no file of a format that is known, or a damaged one.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FlashFileError),
    /// Something else, such as firmware.
    #[error("not a bootloader: nothing in it says which board and which keys it is for")]
    #[diagnostic(help(
        "give the bootloader first, then the image; to build one: LIFEBOOT_KEYS=$PWD/key.pub.pem cargo build -p \
         lifeboot-bootloader --features BOARD --target TARGET --profile embedded"
    ))]
    NoInfo,
    /// For a board that is not known, or known with another flash map.
    #[error("the bootloader is for board {0:?}, which this lifeboot does not know, or knows with another flash map")]
    #[diagnostic(help("use the lifeboot of the sources that the bootloader was built from"))]
    UnknownBoard(String),
    /// It has bytes where others belong.
    #[error(
        "the bootloader is loaded to {start:#010x}..{end:#010x}, outside its region on board {board} \
         ({first:#010x}..{last:#010x})"
    )]
    #[diagnostic(help("build it with this repository's link.x and flash map: it must fit its region"))]
    OutsideRegion {
        /// Its first load address there.
        start: u32,
        /// The address behind.
        end: u32,
        /// The board.
        board: &'static str,
        /// First address of the region.
        first: u32,
        /// The address behind the last.
        last: u32,
    },
}

impl Bootloader {
    /// Reads the ELF file.
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

    /// Reads any file for flashing that holds one, firmware beside it or not.
    ///
    /// # Errors
    /// See [`BootloaderError`].
    pub fn from_file(bytes: &[u8]) -> Result<Bootloader, BootloaderError> {
        Bootloader::from_segments(&flash_file::read(bytes)?, 0)
    }

    /// Finds the bootloader among what a file loads.
    pub(crate) fn from_segments(segments: &[Segment], entry: u32) -> Result<Bootloader, BootloaderError> {
        let found = BOARDS.into_iter().find_map(|board| {
            let mut bytes = vec![ERASED; board.bootloader.length as usize];
            let start = board.address(board.bootloader.start);
            segments.iter().for_each(|segment| segment.put_into(start, &mut bytes));
            let info = BootloaderInfo::from_bytes(bytes.last_chunk()?, board)?;
            Some(Bootloader { board, info, entry, bytes })
        });
        found.ok_or_else(|| {
            let mut infos = segments.iter().filter_map(|segment| segment.bytes.last_chunk::<INFO_LENGTH>());
            match infos.find(|info| info.starts_with(b"LBIF")) {
                None => BootloaderError::NoInfo,
                Some(info) => {
                    let name = String::from_utf8_lossy(&info[NAME..][..16]);
                    BootloaderError::UnknownBoard(name.trim_end_matches('\0').to_owned())
                }
            }
        })
    }

    /// The board that it is for.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// What it says of itself.
    pub fn info(&self) -> &BootloaderInfo {
        &self.info
    }

    /// The ids of the keys that it trusts, in words.
    pub fn key_ids(&self) -> String {
        let ids: Vec<String> = self.info.keys().iter().map(|key| hex(&key_id(key))).collect();
        ids.join(", ")
    }

    /// The entry point that its ELF file names; 0, as in ELF, where there is none.
    pub fn entry(&self) -> u32 {
        self.entry
    }

    /// The content of its region, gaps as erased flash.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

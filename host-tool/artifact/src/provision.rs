//! What a board gets before it ever runs: bootloader, blank journal, first firmware.
//!
//! Invariant: the bootloader of a [`FirstFlash`] starts its image. That is found out by the bootloader's own check
//! ([`lifeboot_core::verify`]) over the flash as the board will have it.
//!
//! A board that was in use before becomes as one from production: the journal is written as erased bytes, since an old
//! one would put old decisions on the new content (a slot to start, a rejected digest, an epoch floor, a revoked key).
//! So is the start of slot B, header and first block of payload, by which a device tells that a slot is empty: there is
//! nothing to go back to. The rest of slot B may hold anything, since nothing starts a slot without a header, and an
//! update erases what it does not find as it has to be.

mod error;

pub use error::ProvisionError;

use crate::bootloader_file::Bootloader;
use crate::flash_file::{self, FlashFileError, Format};
use crate::image_file::{ImageError, ImageFile};
use crate::segment::{ERASED, Segment};
use embedded_storage::nor_flash::{ErrorType, NorFlashErrorKind, ReadNorFlash};
use lifeboot_core::image::{HEADER_LENGTH, Header, Trust};
use lifeboot_core::layout::{BLOCK, Region};
use lifeboot_core::record::Record;
use lifeboot_core::verify::verify;
use lifeboot_core::{Board, Slot};

/// Bootloader, blank journal and first firmware for one board.
#[derive(Clone, Debug)]
pub struct FirstFlash {
    bootloader: Bootloader,
    image: ImageFile,
}

impl FirstFlash {
    /// Puts them together.
    ///
    /// # Errors
    /// [`ProvisionError`]: the bootloader would not start the image.
    pub fn new(bootloader: Bootloader, image: ImageFile) -> Result<FirstFlash, ProvisionError> {
        let board = bootloader.board();
        if image.board().name != board.name {
            return Err(ProvisionError::Boards { bootloader: board.name, image: image.board().name });
        }
        if image.linked_for() != Slot::A {
            return Err(ImageError::OtherSlot(image.linked_for()).into());
        }
        let first = FirstFlash { bootloader, image };
        let info = first.bootloader.info();
        let Record { revoked, epoch_floor, .. } = Record::FACTORY;
        let trust = Trust { board, info, revoked, epoch_floor };
        match verify(&mut Content(first.content()), &trust, Slot::A) {
            Ok(_) => Ok(first),
            Err(invalid) => Err(ProvisionError::unstartable(invalid, &first.bootloader, first.image.header())),
        }
    }

    /// Reads a file that [`to_file`](Self::to_file) made, and makes sure of all of it again.
    ///
    /// # Errors
    /// The file is damaged, or more or less than a first flash.
    pub fn from_file(bytes: &[u8]) -> Result<FirstFlash, ProvisionError> {
        let segments = flash_file::read(bytes)?;
        let bootloader = Bootloader::from_segments(&segments, 0)?;
        let board = bootloader.board();
        let mut content = vec![ERASED; board.flash_length as usize];
        segments.iter().for_each(|segment| segment.put_into(board.flash_address, &mut content));
        let slot = board.slot(Slot::A);
        let slot = &content[slot.start as usize..slot.end() as usize];
        let header = slot.first_chunk::<HEADER_LENGTH>().and_then(|bytes| Header::parse(bytes).ok());
        let length = header.and_then(|header| header.image_length());
        let image = length.and_then(|length| slot.get(..length as usize)).ok_or(ProvisionError::NoFirmware)?;
        let first = FirstFlash::new(bootloader, ImageFile::from_bytes(image)?)?;
        let end = board.address(board.flash_length);
        let inside = segments.iter().all(|segment| board.flash_address <= segment.address && segment.end() <= end);
        if inside && content == first.content() { Ok(first) } else { Err(ProvisionError::More) }
    }

    /// The board that it is for.
    pub fn board(&self) -> &'static Board {
        self.bootloader.board()
    }

    /// The bootloader.
    pub fn bootloader(&self) -> &Bootloader {
        &self.bootloader
    }

    /// The first firmware.
    pub fn image(&self) -> &ImageFile {
        &self.image
    }

    /// What has to be written, by name, ascending; blank parts as erased bytes.
    pub fn parts(&self) -> Vec<(&'static str, Segment)> {
        let board = self.board();
        let part = |name, start, bytes| (name, Segment { address: board.address(start), bytes });
        let blank = |region: Region| vec![ERASED; region.length as usize];
        let mut slot_a = self.image.image_bytes();
        // Whole writes, whatever the flash: not every tool fills up the last one.
        slot_a.resize(slot_a.len().next_multiple_of(BLOCK as usize), ERASED);
        let slot_b = Region { length: board.header_length + BLOCK, ..board.slot(Slot::B) };
        vec![
            part("bootloader", board.bootloader.start, self.bootloader.bytes().to_vec()),
            part("journal", board.journal.start, blank(board.journal)),
            part("slot_a", board.slot(Slot::A).start, slot_a),
            part("slot_b", slot_b.start, blank(slot_b)),
        ]
    }

    /// Those that a file of this format holds: without slot B, a raw binary is a fraction as long.
    pub fn parts_in(&self, format: Format) -> Vec<(&'static str, Segment)> {
        let mut parts = self.parts();
        if format == Format::Binary {
            parts.pop();
        }
        parts
    }

    /// All of a flash that was erased and then written so.
    pub fn content(&self) -> Vec<u8> {
        let board = self.board();
        let mut content = vec![ERASED; board.flash_length as usize];
        self.parts().iter().for_each(|(_, segment)| segment.put_into(board.flash_address, &mut content));
        content
    }

    /// A file that other tools can flash.
    ///
    /// # Errors
    /// The board has no use for the format.
    pub fn to_file(&self, format: Format) -> Result<Vec<u8>, FlashFileError> {
        flash_file::write(self.board(), &self.parts_in(format), self.bootloader.entry(), format)
    }
}

/// A flash, to be verified as the bootloader would.
struct Content(Vec<u8>);

impl ErrorType for Content {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Content {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let from = self.0.get(offset as usize..).and_then(|rest| rest.get(..bytes.len()));
        bytes.copy_from_slice(from.ok_or(NorFlashErrorKind::OutOfBounds)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

//! The first flash of a board: bootloader, blank journal, first firmware.
//!
//! Invariant: the bootloader of a [`FirstFlash`] starts its image. The bootloader's own check
//! ([`lifeboot_core::verify`]) proves it on the flash as the board will have it.
//!
//! A used board becomes like one from production. The journal is written as erased bytes, since an old one would apply
//! old decisions to the new content (a slot to start, a rejected digest, an epoch floor, a revoked key). So is the
//! start of slot B, header and first block of payload, because a device recognises an empty slot by it: there is
//! nothing to roll back to. The rest of slot B may hold anything: a slot without a header is never started, and an
//! update erases what does not match.

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
    /// Combines bootloader and image.
    ///
    /// # Errors
    /// [`ProvisionError`] if the bootloader would not start the image.
    pub fn new(bootloader: Bootloader, image: ImageFile) -> Result<FirstFlash, ProvisionError> {
        let board = bootloader.board();
        if image.board().name != board.name {
            return Err(ProvisionError::Boards { bootloader: board.name, image: image.board().name });
        }
        if !image.board().fits(board) {
            return Err(ImageError::OtherMap(board.name).into());
        }
        if image.linked_for() != Slot::A {
            return Err(ImageError::OtherSlot(image.linked_for()).into());
        }
        let first = FirstFlash { bootloader, image };
        let info = first.bootloader.info();
        let trust = Trust { board, info, record: &Record::FACTORY };
        let verified = verify(&mut Content(first.content()), &trust, Slot::A);
        match verified.and_then(|_| trust.check_epoch_step(first.image.header())) {
            Ok(()) => Ok(first),
            Err(invalid) => Err(ProvisionError::unstartable(invalid, &first.bootloader, first.image.header())),
        }
    }

    /// Reads a file that [`to_file`](Self::to_file) made, and repeats all of its checks.
    ///
    /// # Errors
    /// [`ProvisionError`] if the file is damaged, or is not exactly a first flash.
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
        let first = FirstFlash::new(bootloader, ImageFile::from_slot(image, board)?)?;
        let end = board.address(board.flash_length);
        let inside = segments.iter().all(|segment| board.flash_address <= segment.address && segment.end() <= end);
        if inside && content == first.content() { Ok(first) } else { Err(ProvisionError::More) }
    }

    /// Returns the board.
    pub fn board(&self) -> &'static Board {
        self.bootloader.board()
    }

    /// Returns the bootloader.
    pub fn bootloader(&self) -> &Bootloader {
        &self.bootloader
    }

    /// Returns the first firmware.
    pub fn image(&self) -> &ImageFile {
        &self.image
    }

    /// Returns the named parts to write, in ascending order; blank parts are erased bytes.
    pub fn parts(&self) -> Vec<(&'static str, Segment)> {
        let board = self.board();
        let part = |name, start, bytes| (name, Segment { address: board.address(start), bytes });
        let blank = |region: Region| vec![ERASED; region.length as usize];
        let mut slot_a = self.image.image_bytes();
        // Pads to whole blocks, a multiple of every write unit: not every tool fills up the last write.
        slot_a.resize(slot_a.len().next_multiple_of(BLOCK as usize), ERASED);
        let slot_b = Region { length: board.header_length + BLOCK, ..board.slot(Slot::B) };
        vec![
            part("bootloader", board.bootloader.start, self.bootloader.bytes().to_vec()),
            part("journal", board.journal.start, blank(board.journal)),
            part("slot_a", board.slot(Slot::A).start, slot_a),
            part("slot_b", slot_b.start, blank(slot_b)),
        ]
    }

    /// Returns the parts that a file of this format holds. A raw binary leaves slot B out and is much shorter.
    pub fn parts_in(&self, format: Format) -> Vec<(&'static str, Segment)> {
        let mut parts = self.parts();
        if format == Format::Binary {
            parts.pop();
        }
        parts
    }

    /// Returns the content of the whole flash after erasing it and writing all parts.
    pub fn content(&self) -> Vec<u8> {
        let board = self.board();
        let mut content = vec![ERASED; board.flash_length as usize];
        self.parts().iter().for_each(|(_, segment)| segment.put_into(board.flash_address, &mut content));
        content
    }

    /// Makes a file that other tools can flash.
    ///
    /// # Errors
    /// [`FlashFileError`] if the board cannot use the format.
    pub fn to_file(&self, format: Format) -> Result<Vec<u8>, FlashFileError> {
        let family = self.bootloader.info().uf2_family();
        flash_file::write(self.board(), &self.parts_in(format), self.bootloader.entry(), family, format)
    }
}

/// A flash content, to be verified as the bootloader would.
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

//! The chip's flash, with a note in RAM while it is written: see [`lifeboot_core::record::Reset::interrupted`].

use crate::chip::{self, note_writing};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// The flash that the bootloader reads and writes.
pub struct Flash(chip::Flash);

impl Flash {
    /// Returns the flash of this chip.
    pub const fn new() -> Self {
        Flash(chip::Flash::new(&chip::BOARD))
    }
}

impl ErrorType for Flash {
    type Error = <chip::Flash as ErrorType>::Error;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = chip::Flash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = chip::Flash::WRITE_SIZE;
    const ERASE_SIZE: usize = chip::Flash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        note_writing(true);
        let erased = self.0.erase(from, to);
        note_writing(false);
        erased
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        note_writing(true);
        let written = self.0.write(offset, bytes);
        note_writing(false);
        written
    }
}

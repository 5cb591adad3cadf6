//! The chip's flash, with a note in RAM while it is written: see [`lifeboot_core::record::Reset::interrupted`].

use crate::chip::Chip;
use crate::handoff::note_writing;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// The flash that the bootloader reads and writes.
pub struct Flash<C: Chip>(C::Flash);

/// What every offset and length of a read is a multiple of.
const READ_UNIT: usize = 4;

impl<C: Chip> Flash<C> {
    /// A driver with larger units than the map's would fail in the middle of an update, or erase the neighbours of what it is
    /// told to. Where units differ in size, drivers name the largest, and erase each unit as large as it is.
    const FITS: () = {
        let (erase, write, read) = (C::Flash::ERASE_SIZE, C::Flash::WRITE_SIZE, C::Flash::READ_SIZE);
        let (mut divides, mut largest, mut index) = (true, 0, 0);
        while index < C::BOARD.units.len() {
            let length = C::BOARD.units[index].length as usize;
            divides &= length.is_multiple_of(erase);
            largest = if length > largest { length } else { largest };
            index += 1;
        }
        assert!(divides || erase == largest, "the flash driver's erase unit is larger than the flash map's");
        assert!(
            (C::BOARD.write_size as usize).is_multiple_of(write),
            "the flash driver's write unit is larger than the flash map's"
        );
        assert!(READ_UNIT.is_multiple_of(read), "the flash driver's read unit is larger than 4 bytes");
    };

    /// Returns the flash of this chip.
    pub fn new() -> Self {
        let () = Self::FITS;
        Flash(C::flash())
    }
}

impl<C: Chip> ErrorType for Flash<C> {
    type Error = <C::Flash as ErrorType>::Error;
}

impl<C: Chip> ReadNorFlash for Flash<C> {
    const READ_SIZE: usize = C::Flash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<C: Chip> NorFlash for Flash<C> {
    const WRITE_SIZE: usize = C::Flash::WRITE_SIZE;
    const ERASE_SIZE: usize = C::Flash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        note_writing::<C>(true);
        let erased = self.0.erase(from, to);
        note_writing::<C>(false);
        erased
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        note_writing::<C>(true);
        let written = self.0.write(offset, bytes);
        note_writing::<C>(false);
        written
    }
}

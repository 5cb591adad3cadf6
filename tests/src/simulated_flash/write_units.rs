//! The flash as a driver offers it, whose write unit is a constant.

use super::{Fault, SimulatedFlash};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// The flash, for users of drivers whose write unit is a constant.
pub struct WriteUnits<'a, const WRITE_SIZE: usize>(pub &'a mut SimulatedFlash);

impl<const WRITE_SIZE: usize> ErrorType for WriteUnits<'_, WRITE_SIZE> {
    type Error = Fault;
}

impl<const WRITE_SIZE: usize> ReadNorFlash for WriteUnits<'_, WRITE_SIZE> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<const WRITE_SIZE: usize> NorFlash for WriteUnits<'_, WRITE_SIZE> {
    const WRITE_SIZE: usize = WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.0.write(offset, bytes)
    }
}

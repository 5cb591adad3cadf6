//! The flash as the bootloader uses it: each use feeds a [watchdog](super::watchdog) that may run since before the reset.
//!
//! A boot takes more than a second, one that verifies both slots twice as long, and firmware that was started by a
//! watchdog's reset would lose a start to each push. What takes long between two uses of the flash is the check of a
//! signature: `docs/boards/microbit.md` says which watchdogs outlast it.

use super::watchdog::feed_watchdog;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use lifeboot_chips::nrf51 as flash;
use lifeboot_core::layout::Board;

/// The flash of the chip.
pub struct Flash(flash::Flash);

impl Flash {
    /// Returns the flash of `board`, which must have an nRF51.
    pub const fn new(board: &Board) -> Self {
        Flash(flash::Flash::new(board))
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = flash::Flash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        feed_watchdog();
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = flash::Flash::WRITE_SIZE;
    const ERASE_SIZE: usize = flash::Flash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        feed_watchdog();
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        feed_watchdog();
        self.0.write(offset, bytes)
    }
}

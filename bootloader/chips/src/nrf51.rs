//! The flash of the nRF51: pages of 1 KiB, words of 4 bytes, written through the NVMC (nRF51 Series Reference Manual
//! 3.0, chapter 6). The core is halted while the NVMC works.

use core::ptr::{read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile};
use core::sync::atomic::{Ordering, compiler_fence};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use lifeboot_core::layout::Board;

const NVMC_READY: usize = 0x4001_E400;
const NVMC_CONFIG: usize = 0x4001_E504;
const NVMC_ERASEPAGE: usize = 0x4001_E508;

const READ_ONLY: u32 = 0;
const WRITE_ENABLED: u32 = 1;
const ERASE_ENABLED: u32 = 2;

const PAGE: usize = 1024;
const WORD: usize = 4;

/// The flash. The bootloader's own part can be read, but never erased or written.
pub struct Flash {
    length: u32,
    first_writable: u32,
}

impl Flash {
    /// Returns the flash of `board`, which must have an nRF51.
    pub const fn new(board: &Board) -> Self {
        Flash { length: board.flash_length, first_writable: board.bootloader.end() }
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        compiler_fence(Ordering::SeqCst);
        // SAFETY: flash is mapped from address 0, and the range was checked to lie inside it. Offset zero is never read
        // (nothing reads the bootloader's first page), so the pointer is not null. Flash changes only in the two
        // functions below, which the fence separates from this read.
        unsafe {
            let source = with_exposed_provenance::<u8>(offset as usize);
            core::ptr::copy_nonoverlapping(source, bytes.as_mut_ptr(), bytes.len());
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.length as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        if from < self.first_writable {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        for page in (from..to).step_by(PAGE) {
            lifeboot_flash_erase(page);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        if offset < self.first_writable {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        for (address, word) in (offset..).step_by(WORD).zip(bytes.as_chunks().0) {
            lifeboot_flash_write(address, u32::from_le_bytes(*word));
        }
        Ok(())
    }
}

/// Erases the page at an address that the caller has checked.
#[unsafe(no_mangle)]
#[inline(never)]
fn lifeboot_flash_erase(page: u32) {
    with_nvmc(ERASE_ENABLED, NVMC_ERASEPAGE, page);
}

/// Writes the word at an address that the caller has checked.
#[unsafe(no_mangle)]
#[inline(never)]
fn lifeboot_flash_write(address: u32, word: u32) {
    with_nvmc(WRITE_ENABLED, address as usize, word);
}

/// Stores `value` at `place` with the NVMC in `mode`, and waits until the operation is done.
fn with_nvmc(mode: u32, place: usize, value: u32) {
    // SAFETY: the registers are the NVMC's (reference manual, 6.2), word-aligned, and this driver is their only user;
    // `place` is ERASEPAGE or a word of flash after the bootloader, both checked by the callers.
    unsafe {
        write_volatile(with_exposed_provenance_mut(NVMC_CONFIG), mode);
        write_volatile(with_exposed_provenance_mut(place), value);
        while read_volatile(with_exposed_provenance::<u32>(NVMC_READY)) & 1 == 0 {}
        write_volatile(with_exposed_provenance_mut(NVMC_CONFIG), READ_ONLY);
    }
    compiler_fence(Ordering::SeqCst);
}

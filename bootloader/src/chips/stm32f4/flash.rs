//! The flash of the STM32F4: sectors of 16, 64 and 128 KiB in one bank or two, words of 4 bytes (RM0090, chapter 3). While an
//! operation runs, the core stalls at its next fetch from the same bank (3.6).
//!
//! Programs and erases 8 bits at once, the only parallelism that is right at any supply that the chip runs at, 1.8 to
//! 3.6 V (3.6.2). More at once would be faster, but needs 2.1 or 2.7 V, and a supply that sags does so
//! during the operation, after any check of it.
//!
//! Invariants: between two operations the controller is locked, so that a stray store changes nothing; after each the data
//! cache is empty, so that what is read back comes from flash.

use crate::chips::board::{CLOCK, SECTORS};
use crate::registers::{barrier, load, store};
use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut, write_volatile};
use core::sync::atomic::{Ordering, compiler_fence};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use lifeboot_core::layout::Board;

pub const ACR: usize = 0x4002_3C00;
const KEYR: usize = 0x4002_3C04;
const SR: usize = 0x4002_3C0C;
const CR: usize = 0x4002_3C10;

/// ACR: the wait states for the clock at 1.8 V and more (table 10), and the two caches. Not the prefetch, which needs
/// 2.1 V and is broken in revision A of the F405 and F407 (ES0182, "ART Accelerator prefetch queue").
pub const FAST: u32 = CLOCK.wait_states | INSTRUCTION_CACHE | DATA_CACHE;
const INSTRUCTION_CACHE: u32 = 1 << 9;
const DATA_CACHE: u32 = 1 << 10;
const INSTRUCTION_CACHE_RESET: u32 = 1 << 11;
const DATA_CACHE_RESET: u32 = 1 << 12;

const KEY_1: u32 = 0x4567_0123;
const KEY_2: u32 = 0xCDEF_89AB;

/// SR: every flag that is cleared by writing a one: end of operation, operation, write protection, alignment,
/// parallelism, sequence.
const FLAGS: u32 = 0b1111_0011;
const END: u32 = 1;
const BUSY: u32 = 1 << 16;

const PROGRAM: u32 = 1;
const ERASE: u32 = 1 << 1;
const SECTOR: u32 = 3;
const START: u32 = 1 << 16;
const LOCK: u32 = 1 << 31;

const KIB: u32 = 1024;
const WORD: usize = 4;

/// The flash. The bootloader's own part can be read, but never erased or written.
pub struct Flash {
    address: u32,
    length: u32,
    first_writable: u32,
}

impl Flash {
    /// Returns the flash of `board`, which must have an STM32F4.
    pub const fn new(board: &Board) -> Self {
        Flash { address: board.flash_address, length: board.flash_length, first_writable: board.bootloader.end() }
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
        // SAFETY: the range was checked to lie inside the flash, which is mapped here and has no ECC that could fault.
        // Flash changes only in the two functions below, which the fence separates from this read.
        unsafe {
            let source = with_exposed_provenance::<u8>((self.address + offset) as usize);
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
    /// The smallest sector. A larger sector is erased as a whole or not at all: a range that would end inside one is
    /// refused.
    const ERASE_SIZE: usize = 16 * KIB as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        if from < self.first_writable {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        let mut at = from;
        while at < to {
            let (number, length) =
                sector(at).filter(|(_, length)| at + length <= to).ok_or(NorFlashErrorKind::NotAligned)?;
            if !lifeboot_flash_erase(number) {
                return Err(NorFlashErrorKind::Other);
            }
            at += length;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        if offset < self.first_writable {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        for (address, word) in (self.address + offset..).step_by(WORD).zip(bytes.as_chunks().0) {
            let word = u32::from_le_bytes(*word);
            if !lifeboot_flash_write(address, word) || load(address as usize) != word {
                return Err(NorFlashErrorKind::Other);
            }
        }
        Ok(())
    }
}

/// Returns the code, by which CR names it, and the length of the sector that starts at `offset`, `None` if no sector starts
/// there; each starts at a multiple of its length. Both banks are divided alike (tables 5 to 9).
const fn sector(offset: u32) -> Option<(u32, u32)> {
    let (first, offset) = match SECOND_BANK {
        Some(start) if offset >= start => (SECOND_BANK_CODE, offset - start),
        _ => (0, offset),
    };
    let (number, length) = match offset / (64 * KIB) {
        0 => (offset / (16 * KIB), 16 * KIB),
        1 => (4, 64 * KIB),
        _ => (4 + offset / (128 * KIB), 128 * KIB),
    };
    if offset & (length - 1) == 0 { Some((first + number, length)) } else { None }
}

/// Where the second bank starts, if there is one, and the code of its first sector (3.9.8, SNB).
const SECOND_BANK: Option<u32> = {
    let mut index = 0;
    while index < SECTORS.len() && SECTORS[index].code < SECOND_BANK_CODE {
        index += 1;
    }
    if index < SECTORS.len() { Some(SECTORS[index].start) } else { None }
};
const SECOND_BANK_CODE: u32 = 16;

/// [`sector`] says what the chip's table of sectors does.
const _: () = {
    let mut index = 0;
    while index < SECTORS.len() {
        let run = SECTORS[index];
        let mut sectors = 0;
        while sectors < run.count {
            let found = sector(run.start + sectors * run.length);
            assert!(matches!(found, Some((code, length)) if code == run.code + sectors && length == run.length));
            sectors += 1;
        }
        index += 1;
    }
};

/// Erases a sector by its code.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn lifeboot_flash_erase(sector: u32) -> bool {
    unlock();
    store(CR, ERASE | sector << SECTOR);
    store(CR, ERASE | sector << SECTOR | START);
    lock()
}

/// Writes a word to an address that the caller has checked.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn lifeboot_flash_write(address: u32, word: u32) -> bool {
    unlock();
    store(CR, PROGRAM);
    for (place, byte) in (address as usize..).zip(word.to_le_bytes()) {
        wait();
        // SAFETY: a byte of a word of flash after the bootloader, which the caller has checked; while PROGRAM is set the
        // store programs it. Nothing else uses flash meanwhile.
        unsafe { write_volatile(with_exposed_provenance_mut(place), byte) }
    }
    lock()
}

/// Unlocks the controller once it is idle, and clears the flags of earlier operations.
fn unlock() {
    wait();
    // A key that is written while the controller is unlocked would lock it until the next reset (3.6.1).
    if load(CR) & LOCK != 0 {
        store(KEYR, KEY_1);
        store(KEYR, KEY_2);
    }
    store(SR, FLAGS);
}

/// Waits for the end of an operation.
fn wait() {
    // The store that starts the operation sets the busy flag, so it must have completed.
    barrier();
    while load(SR) & BUSY != 0 {}
}

/// Waits for the end of an operation, locks the controller, and returns whether the operation succeeded. Empties the data
/// cache: an erase leaves in it what it held, and a write changes cache and flash alike, also where flash did not take the
/// write (3.6.4, programming and caches). Caches may be reset only while they are disabled (3.9.1).
fn lock() -> bool {
    wait();
    let flags = load(SR);
    store(CR, LOCK);
    store(SR, FLAGS);
    store(ACR, FAST & !DATA_CACHE);
    store(ACR, FAST & !DATA_CACHE | DATA_CACHE_RESET);
    store(ACR, FAST);
    flags & FLAGS & !END == 0
}

/// Leaves the controller as after a reset: no wait states, both caches disabled and empty.
pub fn slow_down() {
    store(ACR, 0);
    store(ACR, INSTRUCTION_CACHE_RESET | DATA_CACHE_RESET);
    store(ACR, 0);
}

//! The words in RAM that bootloader and firmware share.

use super::{BOARD, reset};
use core::ptr::{read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile};
use heapless::Vec;
use lifeboot_updater::{Cause, Fault, Slot, handover};

/// Resets the chip, and leaves for the bootloader where and how the firmware crashed.
pub fn crash(fault: Fault) -> ! {
    for (offset, word) in handover::fault_words(fault) {
        // SAFETY: words in RAM that the linker script keeps free; only code that resets the chip writes them.
        unsafe { write_volatile(with_exposed_provenance_mut((BOARD.ram.start + offset) as usize), word) }
    }
    reset(Cause::Fault)
}

/// Has the bootloader count crashes from zero again. Firmware that has been running well for a while must do that: else the
/// crashes of years, each after days, add up to what counts as a crash loop, and a start waits for a host.
pub fn forget_crashes() {
    let place = (BOARD.ram.start + handover::STARTS) as usize;
    // SAFETY: a word in RAM that the linker script keeps free, read by the bootloader, which does not run now.
    unsafe { write_volatile(with_exposed_provenance_mut::<u32>(place), 0) }
}

/// Returns the slot's name for the log.
pub fn slot_name(slot: Slot) -> &'static str {
    match slot {
        Slot::A => "A",
        Slot::B => "B",
    }
}

/// Returns the words in which the bootloader reports how it started this firmware.
pub fn boot_words() -> [u32; 2] {
    let place = (BOARD.ram.start + handover::BOOT) as usize;
    // SAFETY: words in RAM that the linker script keeps free, written by the bootloader, which does not run now.
    unsafe { read_volatile(with_exposed_provenance(place)) }
}

/// Returns the bootloader's log from before this start, and clears it; empty if the bootloader was not built for
/// development.
pub fn bootloader_log() -> Vec<u8, { handover::LOG_LENGTH }> {
    let place = (BOARD.ram.start + handover::LOG) as usize;
    let mut log = Vec::new();
    // SAFETY: words in RAM that the linker script keeps free, shared with the bootloader, which does not run now.
    let length = handover::log_length_in(unsafe { read_volatile(with_exposed_provenance(place)) }).unwrap_or_default();
    for at in 0..length {
        // SAFETY: as above; `log_length_in` returns only lengths that fit.
        let _ = log.push(unsafe { read_volatile(with_exposed_provenance(place + 4 + at)) });
    }
    // SAFETY: as above.
    unsafe { write_volatile(with_exposed_provenance_mut::<u32>(place), 0) }
    log
}

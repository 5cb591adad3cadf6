//! Registers and words in RAM, read and written as they are: all other code of the bootloader goes through here.

use core::arch::asm;
use core::ptr::{read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile};

/// Reads a register or a shared word.
pub fn load(address: usize) -> u32 {
    // SAFETY: only called with the registers that the chip's file names and with the shared words: mapped, aligned, and
    // used by no other code.
    unsafe { read_volatile(with_exposed_provenance(address)) }
}

/// Writes a register or a shared word.
pub fn store(address: usize, value: u32) {
    // SAFETY: as in `load`; the effect of each store is described at the call.
    unsafe { write_volatile(with_exposed_provenance_mut(address), value) }
}

/// Waits until every store has completed.
pub fn barrier() {
    // SAFETY: only waits.
    unsafe { asm!("dsb", options(nostack, preserves_flags)) }
}

/// Waits until the bits of `mask` in a register are `value`; gives up after `tries` reads. Returns whether they were in
/// time.
#[cfg_attr(not(all(feature = "chip", feature = "recovery")), allow(dead_code, reason = "not every chip waits"))]
pub fn wait_for(register: usize, mask: u32, value: u32, tries: u32) -> bool {
    (0..tries).any(|_| load(register) & mask == value)
}

//! Registers that more than one file uses: see [the module](super).

use crate::registers::{store, wait_for};

/// Aliases of a register, which set or clear the bits that are written (2.1).
pub const SET: usize = 0x2000;
pub const CLEAR: usize = 0x3000;
pub const PSM_WDSEL: usize = 0x4001_0008;

/// PSM_WDSEL: what the watchdog resets: all but the oscillators (2.13).
pub const PSM_CHIP: u32 = 0x1_FFFC;
pub const WATCHDOG_CTRL: usize = 0x4005_8000;
pub const WATCHDOG_LOAD: usize = 0x4005_8004;
pub const WATCHDOG_TICK: usize = 0x4005_802C;
pub const WATCHDOG_LONGEST: u32 = 0xFF_FFFF;

/// RESETS: peripherals that are held in reset, and those that have left it (2.14).
pub const RESETS: usize = 0x4000_C000;
pub const RESETS_DONE: usize = 0x4000_C008;

/// How many times a register is read until it changes, which takes some cycles.
const TRIES: u32 = 1_000;

/// Waits until these bits of a register are set, which takes some cycles; but not for ever.
#[inline(never)]
pub fn wait_until_set(register: usize, bits: u32) {
    wait_for(register, bits, bits, TRIES);
}

/// Takes peripherals out of reset.
pub fn release(peripherals: u32) {
    store(RESETS + CLEAR, peripherals);
    wait_until_set(RESETS_DONE, peripherals);
}

//! WDT, the chip's watchdog (nRF51 Series Reference Manual 3.0, chapter 20), as a reset finds it. Neither a requested
//! reset nor a lockup stops it (12.1.8), its period cannot be changed while it runs (20.1), and the firmware that has
//! started it no longer feeds it. So the bootloader does, through every reload register that may be enabled.

use crate::registers::store;

pub const WDT: usize = 0x4001_0000;
/// The first reload register, their number, and the value that reloads (20.2).
const RR: usize = WDT + 0x600;
const RELOADS: usize = 8;
const RELOAD: u32 = 0x6E52_4635;

/// Feeds the watchdog; harmless if it does not run.
#[inline(never)] // A test sees each call.
pub fn feed_watchdog() {
    for register in 0..RELOADS {
        store(RR + register * 4, RELOAD);
    }
}

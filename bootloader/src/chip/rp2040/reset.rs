//! How the chip is reset.

use super::registers::{PSM_CHIP, PSM_WDSEL, SET, WATCHDOG_CTRL};
use crate::chip::handoff::note_reset;
use crate::chip::registers::store;
use crate::chip::system_reset::wait_for_reset;

const WATCHDOG_TRIGGER: u32 = 1 << 31;

/// Resets the chip except RAM, flash and oscillators, through the watchdog, and leaves the cause word for the next boot. The
/// core's own reset request would reset nothing but the core.
pub fn reset(word: u32) -> ! {
    note_reset(word);
    store(PSM_WDSEL, PSM_CHIP);
    store(WATCHDOG_CTRL + SET, WATCHDOG_TRIGGER);
    wait_for_reset()
}

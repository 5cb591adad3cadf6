//! The core's own reset request (AIRCR; Armv6-M Architecture Reference Manual, DDI 0419, B3.2.6).

use crate::registers::store;

const AIRCR: usize = 0xE000_ED0C;

/// AIRCR: the key that a write needs, and SYSRESETREQ (B3.2.6).
const SYSTEM_RESET: u32 = 0x05FA_0004;

/// Resets the core and the rest of the chip, with the exceptions that the chip's manual lists.
pub fn request_reset() -> ! {
    store(AIRCR, SYSTEM_RESET);
    wait_for_reset()
}

/// Waits for the requested reset, which takes some cycles.
pub fn wait_for_reset() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

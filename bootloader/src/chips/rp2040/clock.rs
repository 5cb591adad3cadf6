//! The clock: the chip's TIMER (RP2040 Datasheet, 4.6), which counts the ticks of the watchdog (4.7), which divides the
//! reference clock. That must come from the crystal: the frequency of the ring oscillator, which keeps driving the
//! core, is known only to a factor of two.

use super::registers::{CLEAR, RESETS, SET, TRIES, WATCHDOG_TICK, release};
use crate::registers::{load, store, wait_for};

/// The crystal oscillator (2.16): on and off, for 1 to 15 MHz; and whether it is stable.
const XOSC_CTRL: usize = 0x4002_4000;
const XOSC_STATUS: usize = 0x4002_4004;
const XOSC_ON: u32 = 0xFAB << 12 | 0xAA0;
const XOSC_OFF: u32 = 0xD1E << 12 | 0xAA0;
const STABLE: u32 = 1 << 31;
/// How many times its status is read: at least 10 ms. It takes 4 ms by its own count (2.16.3, STARTUP as after reset).
const CRYSTAL_TRIES: u32 = 200_000;

/// CLOCKS (2.15.7). The reference clock comes from the ring oscillator, as after reset, or from the crystal; the system
/// clock is the reference clock or the source in AUXSRC, here the ring oscillator. SELECTED has a bit for each source.
const REF_CTRL: usize = 0x4000_8030;
const REF_SELECTED: usize = 0x4000_8038;
const REF_RING: u32 = 0;
const REF_CRYSTAL: u32 = 2;
const SYS_CTRL: usize = 0x4000_803C;
const SYS_SELECTED: usize = 0x4000_8044;
const SYS_REF: u32 = 0;
const SYS_AUX: u32 = 1;
const SYS_AUX_RING: u32 = 2 << 5;

/// WATCHDOG_TICK: on, a tick for each period, as after reset; and 32 ticks a millisecond, by the crystal's 12 MHz.
const TICK_RESET: u32 = 1 << 9;
const TICK: u32 = 1 << 9 | 375;

const TIMER: u32 = 1 << 21;
const TIMERAWL: usize = 0x4005_4028;

/// Milliseconds since the start, as exact as the crystal; they wrap after 37 hours. Without a crystal they run some
/// four times too fast.
pub struct Clock(());

impl Clock {
    /// Starts the crystal and the timer.
    pub fn start() -> Self {
        store(XOSC_CTRL, XOSC_ON);
        if wait_for(XOSC_STATUS, STABLE, STABLE, CRYSTAL_TRIES) {
            store(SYS_CTRL, SYS_AUX_RING);
            store(SYS_CTRL, SYS_AUX_RING | SYS_AUX);
            wait_for(SYS_SELECTED, 1 << SYS_AUX, 1 << SYS_AUX, TRIES);
            store(REF_CTRL, REF_CRYSTAL);
            wait_for(REF_SELECTED, 1 << REF_CRYSTAL, 1 << REF_CRYSTAL, TRIES);
        }
        store(WATCHDOG_TICK, TICK);
        release(TIMER);
        Clock(())
    }
}

impl crate::chip::Clock for Clock {
    fn now(&self) -> u32 {
        load(TIMERAWL) >> 5
    }

    fn stop(self) {
        store(RESETS + SET, TIMER);
        store(WATCHDOG_TICK, TICK_RESET);
        slow_down();
    }
}

/// Leaves the clocks as after reset: reference and system clock from the ring oscillator, which must be running, and
/// the crystal off.
pub fn slow_down() {
    store(REF_CTRL, REF_RING);
    wait_for(REF_SELECTED, 1 << REF_RING, 1 << REF_RING, TRIES);
    // AUXSRC must not change while it is in use (2.15.3.2).
    store(SYS_CTRL + CLEAR, SYS_AUX);
    wait_for(SYS_SELECTED, 1 << SYS_REF, 1 << SYS_REF, TRIES);
    store(SYS_CTRL, SYS_REF);
    store(XOSC_CTRL, XOSC_OFF);
}

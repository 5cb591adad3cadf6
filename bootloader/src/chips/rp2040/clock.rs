//! The clocks. The core runs from the crystal, through the chip's PLL, at 125 MHz (RP2040 Datasheet, 2.15); a millisecond is
//! counted by the chip's TIMER (4.6), which counts the ticks of the watchdog (4.7), which divides the reference clock. That
//! comes from the crystal, too: the frequency of the ring oscillator is known only to a factor of two.
//!
//! Nothing here waits for ever. If the crystal does not start, the core and the time stay with the ring oscillator; if
//! only the PLL does not lock, the core does.

use super::registers::{RESETS, SET, WATCHDOG_TICK, release, wait_until_set};
use crate::registers::{load, store, wait_for};

/// The crystal oscillator (2.16): on and off, for 1 to 15 MHz; whether it is stable; and how many times 256 periods it takes
/// until it says so, which are 4 ms, as after reset. Firmware may have changed that, and a reset by the watchdog keeps it.
const XOSC_CTRL: usize = 0x4002_4000;
const XOSC_STATUS: usize = 0x4002_4004;
const XOSC_STARTUP: usize = 0x4002_400C;
const XOSC_ON: u32 = 0xFAB << 12 | 0xAA0;
const XOSC_OFF: u32 = 0xD1E << 12 | 0xAA0;
const STARTUP_RESET: u32 = 0xC4;
const STABLE: u32 = 1 << 31;
/// How many times the status of the crystal, and then of the PLL, is read: at least 10 ms.
const TRIES: u32 = 200_000;

/// PLL_SYS (2.18.4). In reset it is off, and its input is not divided.
const PLLS: u32 = PLL_SYS | 1 << 13;
const PLL_SYS: u32 = 1 << 12;
const PLL_CS: usize = 0x4002_8000;
const PLL_PWR: usize = 0x4002_8004;
const PLL_FBDIV: usize = 0x4002_8008;
const PLL_PRIM: usize = 0x4002_800C;
const LOCKED: u32 = 1 << 31;
/// PLL_PWR: DSMPD, which stays set, and POSTDIVPD; without PD and VCOPD.
const PWR_VCO: u32 = 1 << 2 | 1 << 3;
const PWR_OUTPUT: u32 = 1 << 2;
/// The crystal's 12 MHz times 125, which is within the VCO's 750 to 1600 MHz, divided by 6 and by 2 (2.18.2): 125 MHz, of
/// 133 that the chip is specified for.
const MULTIPLIER: u32 = 125;
const DIVIDERS: u32 = 6 << 16 | 2 << 12;

/// CLOCKS (2.15.7). The reference clock comes from the ring oscillator, as after reset, or from the crystal; the system
/// clock is the reference clock or the source in AUXSRC, here the PLL or the ring oscillator. SELECTED has a bit for each
/// source.
const REF_CTRL: usize = 0x4000_8030;
const REF_SELECTED: usize = 0x4000_8038;
const REF_RING: u32 = 0;
const REF_CRYSTAL: u32 = 2;
const SYS_CTRL: usize = 0x4000_803C;
const SYS_SELECTED: usize = 0x4000_8044;
const SYS_REF: u32 = 0;
const SYS_AUX: u32 = 1;
const SYS_AUX_PLL: u32 = 0 << 5;
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
    /// Starts the crystal, the PLL and the timer. The clocks must be as [`slow_down`] leaves them.
    pub fn start() -> Self {
        store(XOSC_STARTUP, STARTUP_RESET);
        store(XOSC_CTRL, XOSC_ON);
        if wait_for(XOSC_STATUS, STABLE, STABLE, TRIES) {
            let source = start_pll();
            // Only the switch between the reference clock and AUXSRC is without a glitch, so that comes second (2.15.3.2).
            store(SYS_CTRL, source);
            store(SYS_CTRL, source | SYS_AUX);
            wait_until_set(SYS_SELECTED, 1 << SYS_AUX);
            store(REF_CTRL, REF_CRYSTAL);
            wait_until_set(REF_SELECTED, 1 << REF_CRYSTAL);
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
        store(WATCHDOG_TICK, TICK_RESET);
        slow_down();
    }
}

/// Starts the PLL, in the order of 2.18.3; returns the AUXSRC of the system clock: the ring oscillator, if the PLL has not
/// locked.
fn start_pll() -> u32 {
    release(PLL_SYS);
    store(PLL_FBDIV, MULTIPLIER);
    store(PLL_PWR, PWR_VCO);
    if !wait_for(PLL_CS, LOCKED, LOCKED, TRIES) {
        return SYS_AUX_RING;
    }
    store(PLL_PRIM, DIVIDERS);
    store(PLL_PWR, PWR_OUTPUT);
    SYS_AUX_PLL
}

/// Leaves the clocks as after reset: reference and system clock from the ring oscillator, which must be running; both
/// PLLs and the timer in reset, and the crystal off.
pub fn slow_down() {
    store(REF_CTRL, REF_RING);
    wait_until_set(REF_SELECTED, 1 << REF_RING);
    // AUXSRC must not change while it is in use (2.15.3.2).
    store(SYS_CTRL, load(SYS_CTRL) & !SYS_AUX);
    wait_until_set(SYS_SELECTED, 1 << SYS_REF);
    store(SYS_CTRL, SYS_REF);
    store(RESETS + SET, PLLS | TIMER);
    store(XOSC_CTRL, XOSC_OFF);
}

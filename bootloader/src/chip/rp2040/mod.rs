//! RP2040: Cortex-M0+ with VTOR. The boot ROM checks and runs the second stage, the first 256 bytes of flash, which makes
//! flash readable and enters the vector table behind it.
//!
//! Chapters are of the RP2040 Datasheet.

mod clock;
mod flash;
#[cfg(feature = "recovery")]
mod recovery;

pub use clock::Clock;
pub use flash::Flash;
pub use lifeboot_core::layout::PICO as BOARD;
#[cfg(feature = "recovery")]
pub use recovery::{Serial, feed_watchdog, recovery_is_requested};

use super::cortex_m::{Reset, load, note_cause, read_reset_note, store, wait_for, wait_for_reset};
use super::vtor::enter;
use lifeboot_core::handover::cause_in;
use lifeboot_core::record::Cause;
use lifeboot_core::verify::Verified;

/// Aliases of a register, which set or clear the bits that are written (2.1).
const SET: usize = 0x2000;
const CLEAR: usize = 0x3000;

const PSM_FRCE_OFF: usize = 0x4001_0004;
const PSM_WDSEL: usize = 0x4001_0008;
const PSM_PROC1: u32 = 1 << 16;
/// PSM_WDSEL: what the watchdog resets, all but the oscillators (2.13).
const PSM_CHIP: u32 = 0x1_FFFC;
const ROSC_CTRL: usize = 0x4006_0000;
const ROSC_DIV: usize = 0x4006_0010;
const WATCHDOG_CTRL: usize = 0x4005_8000;
const WATCHDOG_LOAD: usize = 0x4005_8004;
const WATCHDOG_REASON: usize = 0x4005_8008;
const WATCHDOG_TICK: usize = 0x4005_802C;
const WATCHDOG_TRIGGER: u32 = 1 << 31;
const WATCHDOG_ENABLE: u32 = 1 << 30;
const WATCHDOG_LONGEST: u32 = 0xFF_FFFF;
const CHIP_RESET: usize = 0x4006_4008;

/// RESETS: peripherals that are held in reset, and those that are not any more (2.14).
const RESETS: usize = 0x4000_C000;
const RESETS_DONE: usize = 0x4000_C008;
/// All peripherals but what flash and the clocks need: IO_QSPI, PADS_QSPI, the two PLLs.
const PERIPHERALS: u32 = 0x01FF_FFFF & !(1 << 6 | 1 << 9 | 1 << 12 | 1 << 13);

/// ROSC_CTRL: on, as after reset.
const ROSC_ON: u32 = 0xFAB << 12 | 0xAA0;
/// ROSC_DIV: what the chip starts with, and an eighth of it. The system's clock is then 14 to 96 MHz instead of 1.8 to 12,
/// some 52 as a rule, below the chip's 133 on any of them; and there is no PLL to wait for. It changes without a glitch
/// (2.17).
const SLOW: u32 = 0xAA0 + 16;
const FAST: u32 = 0xAA0 + 2;
/// How often a register is asked for what takes some cycles.
const TRIES: u32 = 1_000;

/// The second stage for the W25Q16 of a Pico and what is compatible with it, with the checksum that the ROM looks for
/// (2.8).
#[used]
#[unsafe(link_section = ".boot2")]
static SECOND_STAGE: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

/// Takes the chip over after a reset; says why there was one.
pub fn start_up() -> Reset {
    // Core 1 goes back to waiting in the boot ROM, and a firmware's watchdog, clocks and peripherals end: all go on where
    // only core 0 was reset.
    store(PSM_FRCE_OFF + SET, PSM_PROC1);
    load(PSM_FRCE_OFF); // Until this is answered, the store need not have arrived.
    store(PSM_FRCE_OFF + CLEAR, PSM_PROC1);
    store(WATCHDOG_CTRL + CLEAR, WATCHDOG_ENABLE);
    store(RESETS + SET, PERIPHERALS);
    store(ROSC_CTRL, ROSC_ON);
    store(ROSC_DIV, FAST);
    clock::slow_down();
    // Neither of the two registers forgets at a reset of the core alone, so the word comes first. In RAM that has lost its
    // power it stands by chance once in 2^29 times.
    let noted = read_reset_note();
    let cause = cause_in(noted).unwrap_or_else(|| match load(WATCHDOG_REASON) {
        0 if load(CHIP_RESET) & 1 << 8 != 0 => Cause::PowerOn, // HAD_POR: power on or brown-out (2.12)
        0 => Cause::Pin,                                       // HAD_RUN, or HAD_PSM_RESTART by a debugger
        reason if reason & 1 != 0 => Cause::Watchdog,          // TIMER
        _ => Cause::Request,                                   // FORCE
    });
    Reset::new(cause, noted)
}

/// Resets the chip, all but RAM, flash and oscillators, by the watchdog, and leaves the cause for the next boot. The core's
/// own request would leave everything else as it is.
pub fn reset(cause: Cause) -> ! {
    note_cause(cause);
    store(PSM_WDSEL, PSM_CHIP);
    store(WATCHDOG_CTRL + SET, WATCHDOG_TRIGGER);
    wait_for_reset()
}

/// Takes peripherals out of reset.
fn release(peripherals: u32) {
    store(RESETS + CLEAR, peripherals);
    wait_for(RESETS_DONE, peripherals, peripherals, TRIES);
}

/// Starts the watchdog with the longest time that it has, 2^23 ticks (since it counts two a tick: erratum RP2040-E1): some
/// 8 seconds while the reference clock is the ring oscillator, which the firmware's own set-up of ticks makes exact. A
/// shorter time would not outlast the slowest erase. Feeding means WATCHDOG's LOAD.
pub fn arm_watchdog() {
    store(PSM_WDSEL, PSM_CHIP);
    store(WATCHDOG_TICK, 1 << 9 | 6); // ENABLE, a tick every 6 periods (4.7)
    store(WATCHDOG_LOAD, WATCHDOG_LONGEST);
    store(WATCHDOG_CTRL + SET, WATCHDOG_ENABLE);
}

/// Starts the firmware that was verified, if that `stands`.
pub fn jump(firmware: &Verified, recheck: u32) -> ! {
    store(ROSC_DIV, SLOW);
    enter(firmware, recheck)
}

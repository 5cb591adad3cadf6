//! RP2040: Cortex-M0+ with VTOR. The boot ROM checks and runs the second stage, the first 256 bytes of flash, which makes
//! flash readable and enters the vector table behind it.
//!
//! Chapters are of the RP2040 Datasheet.

mod flash;

pub use flash::Flash;
pub use lifeboot_core::layout::PICO as BOARD;

use super::cortex_m::{load, noted_cause, store};
use super::vtor::enter;
use lifeboot_core::record::Cause;
use lifeboot_core::verify::Verified;

/// Aliases of a register, which set or clear the bits that are written (2.1).
const SET: usize = 0x2000;
const CLEAR: usize = 0x3000;

const PSM_FRCE_OFF: usize = 0x4001_0004;
const PSM_WDSEL: usize = 0x4001_0008;
const PSM_PROC1: u32 = 1 << 16;
const ROSC_DIV: usize = 0x4006_0010;
const WATCHDOG_CTRL: usize = 0x4005_8000;
const WATCHDOG_LOAD: usize = 0x4005_8004;
const WATCHDOG_REASON: usize = 0x4005_8008;
const WATCHDOG_TICK: usize = 0x4005_802C;
const WATCHDOG_ENABLE: u32 = 1 << 30;
const CHIP_RESET: usize = 0x4006_4008;

/// ROSC_DIV: what the chip starts with, and an eighth of it. The system's clock is then 14 to 96 MHz instead of 1.8 to 12,
/// some 52 as a rule, below the chip's 133 on any of them; and there is neither crystal nor PLL to wait for. It changes
/// without a glitch (2.17).
const SLOW: u32 = 0xAA0 + 16;
const FAST: u32 = 0xAA0 + 2;

/// The second stage for the W25Q16 of a Pico and what is compatible with it, with the checksum that the ROM looks for
/// (2.8).
#[used]
#[unsafe(link_section = ".boot2")]
static SECOND_STAGE: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

/// Takes the chip over after a reset; says why there was one.
pub fn start_up() -> Cause {
    // Core 1 goes back to waiting in the boot ROM, and a firmware's watchdog ends: both go on where only core 0 was reset.
    store(PSM_FRCE_OFF + SET, PSM_PROC1);
    load(PSM_FRCE_OFF); // Until this is answered, the store need not have arrived.
    store(PSM_FRCE_OFF + CLEAR, PSM_PROC1);
    store(WATCHDOG_CTRL + CLEAR, WATCHDOG_ENABLE);
    store(ROSC_DIV, FAST);
    // Neither of the two registers forgets at a reset of the core alone, so the word comes first. In RAM that has lost its
    // power it stands by chance once in 2^29 times.
    noted_cause().unwrap_or_else(|| match load(WATCHDOG_REASON) {
        0 if load(CHIP_RESET) & 1 << 8 != 0 => Cause::PowerOn, // HAD_POR: power on or brown-out (2.12)
        0 => Cause::Pin,                                       // HAD_RUN, or HAD_PSM_RESTART by a debugger
        reason if reason & 1 != 0 => Cause::Watchdog,          // TIMER
        _ => Cause::Request,                                   // FORCE
    })
}

/// Starts the watchdog with the longest time that it has, 2^23 ticks (since it counts two a tick: erratum RP2040-E1): some
/// 8 seconds while the reference clock is the ring oscillator, which the firmware's own set-up of ticks makes exact. A
/// shorter time would not outlast the slowest erase. Feeding means WATCHDOG's LOAD.
pub fn arm_watchdog() {
    store(PSM_WDSEL, 0x1_FFFC); // all but the oscillators (2.13)
    store(WATCHDOG_TICK, 1 << 9 | 6); // ENABLE, a tick every 6 periods (4.7)
    store(WATCHDOG_LOAD, 0xFF_FFFF);
    store(WATCHDOG_CTRL + SET, WATCHDOG_ENABLE);
}

/// Starts the firmware that was verified.
pub fn jump(firmware: &Verified) -> ! {
    store(ROSC_DIV, SLOW);
    enter(firmware)
}

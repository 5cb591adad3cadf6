//! RP2040: Cortex-M0+ with VTOR. The boot ROM checks and runs the second stage, the first 256 bytes of flash, which
//! makes flash readable and enters the vector table that follows it.
//!
//! Chapters are those of the RP2040 Datasheet.

mod clock;
#[cfg(feature = "recovery")]
mod recovery;
mod registers;

use super::board::{self, BOARD};
#[cfg(not(feature = "recovery"))]
use super::no_recovery as recovery;
use crate::chip::Chip;
use crate::registers::{load, store};
use crate::system_reset::wait_for_reset;
use clock::Clock;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;
use registers::{
    CLEAR, PSM_CHIP, PSM_WDSEL, RESETS, SET, WATCHDOG_CTRL, WATCHDOG_LOAD, WATCHDOG_LONGEST, WATCHDOG_TICK,
};

const PSM_FRCE_OFF: usize = 0x4001_0004;
const PSM_PROC1: u32 = 1 << 16;
const ROSC_CTRL: usize = 0x4006_0000;
const ROSC_DIV: usize = 0x4006_0010;
const WATCHDOG_REASON: usize = 0x4005_8008;
const WATCHDOG_ENABLE: u32 = 1 << 30;
const WATCHDOG_TRIGGER: u32 = 1 << 31;
/// The voltage regulator (2.10): on, 1.1 V, as after reset.
const VREG: usize = 0x4006_4000;
const VREG_RESET: u32 = 0xB1;
const CHIP_RESET: usize = 0x4006_4008;

/// All peripherals except those that flash and the clocks need: IO_QSPI, PADS_QSPI, the two PLLs.
const PERIPHERALS: u32 = 0x01FF_FFFF & !(1 << 6 | 1 << 9 | 1 << 12 | 1 << 13);

/// ROSC_CTRL: on, as after reset.
const ROSC_ON: u32 = 0xFAB << 12 | 0xAA0;
/// ROSC_DIV: the divisor after reset, and an eighth of it. The system clock is then 14 to 96 MHz instead of 1.8 to 12,
/// typically some 52, and below the limit of 133 on every chip. That is what the bootloader begins with, and keeps if
/// crystal or PLL do not start. It changes without a glitch (2.17).
const SLOW: u32 = 0xAA0 + 16;
const FAST: u32 = 0xAA0 + 2;

/// The second stage for the W25Q16 of a Pico and compatible parts, with the checksum that the ROM checks (2.8). It has flash
/// read with half the system clock (its PICO_FLASH_SPI_CLKDIV is 2), at most 62.5 MHz, of at least 104 that a W25Q16JV is
/// specified for (9.6). The ROM's functions, which write, divide by 6.
#[used]
#[unsafe(link_section = ".boot2")]
static SECOND_STAGE: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

/// Its flash driver.
type Flash = lifeboot_chips::rp2040::Flash<{ BOARD.flash_length }, { BOARD.bootloader.end() }>;

/// The chip.
pub struct Rp2040;

impl Chip for Rp2040 {
    const BOARD: &'static Board = &BOARD;
    const KEYS: &'static [[u8; 32]] = &board::KEYS;
    const DEMO_KEY: bool = board::DEMO_KEY;
    const UF2_FAMILY: u32 = board::UF2_FAMILY;

    type Flash = Flash;
    type Clock = Clock;
    type Serial = recovery::Serial;

    fn start_up(noted: Option<Cause>) -> Cause {
        // Core 1 returns to waiting in the boot ROM; the firmware's watchdog, clocks and peripherals are stopped. All of
        // them keep running if only core 0 was reset.
        store(PSM_FRCE_OFF + SET, PSM_PROC1);
        load(PSM_FRCE_OFF); // The store is certain to have arrived once this read returns.
        store(PSM_FRCE_OFF + CLEAR, PSM_PROC1);
        store(WATCHDOG_CTRL + CLEAR, WATCHDOG_ENABLE);
        store(RESETS + SET, PERIPHERALS);
        store(ROSC_CTRL, ROSC_ON);
        store(ROSC_DIV, FAST);
        clock::slow_down();
        // Firmware may have lowered the voltage to what its own clock needs. It has the milliseconds to rise that the
        // crystal takes to start.
        store(VREG, VREG_RESET);
        // A reset of the core alone clears neither of the two registers, so the word in RAM comes first. RAM that has lost
        // power holds a valid word by chance once in 2^29 times.
        noted.unwrap_or_else(|| match load(WATCHDOG_REASON) {
            0 if load(CHIP_RESET) & 1 << 8 != 0 => Cause::PowerOn, // HAD_POR: power on or brown-out (2.12)
            0 => Cause::Pin,                                       // HAD_RUN, or HAD_PSM_RESTART by a debugger
            reason if reason & 1 != 0 => Cause::Watchdog,          // TIMER
            _ => Cause::Request,                                   // FORCE
        })
    }

    fn clock() -> Clock {
        Clock::start()
    }

    fn flash() -> Flash {
        Flash::new()
    }

    fn serial() -> recovery::Serial {
        recovery::Serial::new()
    }

    fn recovery_is_requested(clock: &Clock) -> bool {
        recovery::recovery_is_requested(clock)
    }

    /// Starts the watchdog with its longest period, 2^23 ticks (it counts two for each tick: erratum RP2040-E1): some 8
    /// seconds while the reference clock is the ring oscillator, exact once the firmware has set up the ticks. Firmware
    /// feeds it by WATCHDOG's LOAD.
    fn arm_watchdog() {
        store(PSM_WDSEL, PSM_CHIP);
        store(WATCHDOG_TICK, 1 << 9 | 6); // ENABLE, a tick every 6 periods (4.7)
        store(WATCHDOG_LOAD, WATCHDOG_LONGEST);
        store(WATCHDOG_CTRL + SET, WATCHDOG_ENABLE);
    }

    fn feed_watchdog() {
        store(WATCHDOG_LOAD, WATCHDOG_LONGEST);
    }

    fn leave() {
        store(ROSC_DIV, SLOW);
    }

    /// Resets the chip except RAM, flash and oscillators, through the watchdog: the core's own reset request would reset
    /// nothing but the core.
    fn reset() -> ! {
        store(PSM_WDSEL, PSM_CHIP);
        store(WATCHDOG_CTRL + SET, WATCHDOG_TRIGGER);
        wait_for_reset()
    }
}

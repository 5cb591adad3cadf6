//! STM32F4: Cortex-M4. The firmware's handlers are entered directly, by VTOR.
//!
//! Addresses and bits are from RM0090 revision 19 (flash: chapter 3, PWR: 5, RCC: 7, IWDG: 21), the datasheet DS8626
//! and the Armv7-M Architecture Reference Manual (DDI 0403). In what is used here, the lines that other manuals describe agree
//! with the F405 but for the clock's settings, the sectors and the serial ports, which come from the board file.

mod clock;
mod flash;
#[cfg(feature = "recovery")]
mod recovery;
mod registers;

use super::board::{self, BOARD, CLOCK};
#[cfg(not(feature = "recovery"))]
use super::no_recovery as recovery;
use crate::chip::Chip;
use crate::registers::{load, store, wait_for};
use clock::Clock;
use flash::Flash;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;
use registers::{RCC_APB1ENR, RCC_APB1RSTR, RCC_CFGR, USE_PLL, USED};

const RCC_CR: usize = 0x4002_3800;
const RCC_PLLCFGR: usize = 0x4002_3804;
const RCC_CSR: usize = 0x4002_3874;

/// RCC_CR: the internal oscillator, trimmed as after reset; and the PLL.
const HSI_ON: u32 = 0x81;
const PLL_ON: u32 = 1 << 24;
const PLL_READY: u32 = 1 << 25;
/// RCC_PLLCFGR after reset. While the bootloader runs it is that of [`CLOCK`]: the fastest within the chip's limits, if the
/// board file chooses nothing slower. For an F405 that is 152 MHz: with the internal oscillator at its fastest, 4.5 % more
/// (DS8626, 5.3.9), they are 159. Flash that is read with 7 wait states follows up to 160 at any supply that the chip
/// runs at, 1.8 V and more (table 10), so the supply need not be good for this, nor stay so: brown-out reset is off from
/// the factory, and without it the chip runs down to 1.8 V.
const PLL_RESET: u32 = 0x2400_3010;

/// PWR (5.4): its bit in RCC_APB1ENR and RCC_APB1RSTR; the voltage scale, in CR; and whether the regulator has reached it, in
/// CSR.
const PWR: u32 = 1 << 28;
const PWR_CR: usize = 0x4000_7000;
const PWR_CSR: usize = 0x4000_7004;
const SCALE_READY: u32 = 1 << 14;
/// How many times a register is read until it changes: a millisecond or more. The PLL takes 0.3 ms (DS8626, 5.3.10).
const TRIES: u32 = 10_000;

/// RCC_CSR: the bit that clears the reset flags, and the flag that every reset sets, since each of them pulls the pin
/// (7.3.21).
const FORGET: u32 = 1 << 24;
const PIN: u32 = 1 << 26;

const IWDG_KR: usize = 0x4000_3000;
const IWDG_PR: usize = 0x4000_3004;
const IWDG_RLR: usize = 0x4000_3008;
const IWDG_SR: usize = 0x4000_300C;
const IWDG_FEED: u32 = 0xAAAA;
const IWDG_START: u32 = 0xCCCC;
const IWDG_OPEN: u32 = 0x5555;
const IWDG_BY_64: u32 = 4;
/// How many times IWDG_SR is read until the watchdog has taken its settings: at least 92 ms, at 7 cycles each. ST's own
/// driver allows 6 periods of its oscillator divided by 256: 48 ms, and 90 ms at its slowest.
const WATCHDOG_TRIES: u32 = 2_000_000;

/// FLASH_OPTCR, and its bit that is clear if the watchdog starts with each reset, by itself (3.9.10, 21.3.1).
const FLASH_OPTCR: usize = 0x4002_3C14;
const WATCHDOG_BY_SOFTWARE: u32 = 1 << 5;

/// Firmware on trial must feed the watchdog more often than every 5 s. The core stalls while a sector of 128 KiB is
/// erased, for up to 4 s if the firmware has set byte-wise parallelism (DS8626, 5.3.12).
const WATCHDOG_SECONDS: u32 = 5;
/// The watchdog's oscillator at its fastest (DS8626, 5.3.9). At its slowest, 17 kHz, the period is 13.8 s.
const LSI_HERTZ: u32 = 47_000;

/// The core's memory protection unit (DDI 0403, B3.5): its highest region, which has priority over all others, makes
/// the bootloader's sectors read-only; everything else keeps its default access (PRIVDEFENA). So a stray store faults,
/// even while the firmware writes flash. It does not prevent the erase of a sector: the option bytes do
/// (`docs/boards/stm32f405.md`).
const MPU_CTRL: usize = 0xE000_ED94;
const MPU_RBAR: usize = 0xE000_ED9C;
const MPU_RASR: usize = 0xE000_EDA0;
const HIGHEST_REGION: u32 = 1 << 4 | 7;
/// Read-only for all; cached as flash is by default; of the bootloader's length.
const READ_ONLY: u32 = 0b110 << 24 | 1 << 17 | (BOARD.bootloader.length.trailing_zeros() - 1) << 1 | 1;
const ON_WITH_BACKGROUND: u32 = 0b101;
const _: () = assert!(BOARD.bootloader.length.is_power_of_two() && BOARD.bootloader.start == 0);

/// The chip.
pub struct Stm32f4;

impl Chip for Stm32f4 {
    const BOARD: &'static Board = &BOARD;
    const KEYS: &'static [[u8; 32]] = &board::KEYS;
    const DEMO_KEY: bool = board::DEMO_KEY;
    const UF2_FAMILY: u32 = board::UF2_FAMILY;

    type Flash = Flash;
    type Clock = Clock;
    type Serial = recovery::Serial;

    fn start_up(noted: Option<Cause>) -> Cause {
        // It would reset the chip after 0.35 to 1 s (21.3.3), which an erase of the journal, 0.8 s (DS8626, 5.3.12), may
        // exceed: at each boot again.
        if load(FLASH_OPTCR) & WATCHDOG_BY_SOFTWARE == 0 {
            arm_watchdog();
        }
        let flags = load(RCC_CSR);
        store(RCC_CSR, FORGET);
        store(RCC_CSR, 0);
        speed_up();
        // The highest flag decides: a loss of power also sets the flag of a brown-out.
        match (flags & !PIN).leading_zeros() {
            // Low-power reset: the firmware entered a mode that the option bytes forbid.
            0 => Cause::Fault,
            1 | 2 => Cause::Watchdog,
            3 => noted.unwrap_or(Cause::Request),
            4 => Cause::PowerOn,
            6 => Cause::BrownOut,
            _ => Cause::Pin,
        }
    }

    fn clock() -> Clock {
        Clock::start()
    }

    fn flash() -> Flash {
        Flash::new(&BOARD)
    }

    fn serial() -> recovery::Serial {
        recovery::Serial::new()
    }

    fn recovery_is_requested(clock: &Clock) -> bool {
        recovery::recovery_is_requested(clock)
    }

    fn arm_watchdog() {
        arm_watchdog();
    }

    /// Feeds the watchdog that the option bytes may have started (21.3.1).
    fn feed_watchdog() {
        store(IWDG_KR, IWDG_FEED);
    }

    fn leave() {
        slow_down();
        store(MPU_RBAR, BOARD.flash_address | HIGHEST_REGION);
        store(MPU_RASR, READ_ONLY);
        store(MPU_CTRL, ON_WITH_BACKGROUND);
    }
}

/// Switches from the internal oscillator's 16 MHz to the board's clock, with caches enabled. If the PLL does not start, the
/// clock stays at 16 MHz.
fn speed_up() {
    // The scale can be changed only while the PLL is off (5.4.1).
    if let Some(scale) = CLOCK.voltage_scale {
        store(RCC_APB1ENR, PWR);
        load(RCC_APB1ENR); // Delay, as in the clock.
        store(PWR_CR, scale);
    }
    store(RCC_PLLCFGR, CLOCK.pllcfgr);
    store(RCC_CR, HSI_ON | PLL_ON);
    store(RCC_CFGR, CLOCK.bus_dividers);
    store(flash::ACR, flash::FAST);
    load(flash::ACR); // The wait states apply once they can be read back (3.5.1).
    let is_ready = wait_for(RCC_CR, PLL_READY, PLL_READY, TRIES);
    // Without the PLL the regulator keeps another scale (5.1.4).
    if is_ready && (CLOCK.voltage_scale.is_none() || wait_for(PWR_CSR, SCALE_READY, SCALE_READY, TRIES)) {
        store(RCC_CFGR, CLOCK.bus_dividers | USE_PLL);
    }
}

/// Leaves clocks, caches and the voltage scale as after reset.
fn slow_down() {
    store(RCC_CFGR, CLOCK.bus_dividers);
    while load(RCC_CFGR) & USED != 0 {}
    store(RCC_CFGR, 0);
    flash::slow_down();
    store(RCC_CR, HSI_ON);
    // The PLL takes its setting only while it is off.
    while load(RCC_CR) & PLL_READY != 0 {}
    store(RCC_PLLCFGR, PLL_RESET);
    if CLOCK.voltage_scale.is_some() {
        store(RCC_APB1RSTR, PWR);
        store(RCC_APB1RSTR, 0);
    }
}

/// Starts the chip's independent watchdog, which only a reset stops. Firmware feeds it by the key 0xAAAA in IWDG_KR,
/// stored as a word, as a half-word, or by bytes as some HALs do.
fn arm_watchdog() {
    const PERIOD: u32 = WATCHDOG_SECONDS * LSI_HERTZ / 64;
    const _: () = assert!(PERIOD < 1 << 12, "the counter has 12 bits");
    store(IWDG_KR, IWDG_START);
    store(IWDG_KR, IWDG_OPEN);
    store(IWDG_PR, IWDG_BY_64);
    store(IWDG_RLR, PERIOD);
    // If it were fed before it has taken them, it would run with a period of half a second, as after a reset.
    wait_for(IWDG_SR, 0b11, 0, WATCHDOG_TRIES);
    store(IWDG_KR, IWDG_FEED);
}

//! STM32F405 and F407: Cortex-M4. The firmware's vectors are entered directly, by VTOR.
//!
//! Addresses and bits are from RM0090 revision 19 (flash: chapter 3, PWR: 5, RCC: 7, IWDG: 21), the datasheet DS8626 and
//! the Armv7-M Architecture Reference Manual (DDI 0403).

mod clock;
mod flash;
#[cfg(feature = "recovery")]
mod recovery;

pub use clock::Clock;
pub use flash::Flash;
pub use lifeboot_core::layout::STM32F405 as BOARD;
#[cfg(feature = "recovery")]
pub use recovery::{Serial, feed_watchdog, recovery_is_requested};

use super::cortex_m::{Reset, load, note_cause, read_reset_note, request_reset, store, wait_for};
use super::vtor::enter;
use lifeboot_core::handover::cause_in;
use lifeboot_core::record::Cause;
use lifeboot_core::verify::Verified;

const RCC_CR: usize = 0x4002_3800;
const RCC_PLLCFGR: usize = 0x4002_3804;
const RCC_CFGR: usize = 0x4002_3808;
const RCC_APB1ENR: usize = 0x4002_3840;
const RCC_CSR: usize = 0x4002_3874;

/// RCC_CR: the internal oscillator, trimmed as after reset; and the PLL.
const HSI_ON: u32 = 0x81;
const PLL_ON: u32 = 1 << 24;
const PLL_READY: u32 = 1 << 25;
/// RCC_PLLCFGR after reset, and for 160 MHz: 16 MHz / 8 * 160 / 2. Not 168: the internal oscillator may be 4.5 % fast
/// (DS8626, 5.3.9), and 168 is the most that the chip takes.
const PLL_RESET: u32 = 0x2400_3010;
const PLL_160_MHZ: u32 = 8 | 160 << 6 | 7 << 24;
/// RCC_CFGR: APB1 at a quarter and APB2 at half of the core's clock, below their limits of 42 and 84 MHz.
const SLOW_BUSES: u32 = 0b101 << 10 | 0b100 << 13;
const USE_PLL: u32 = 2;
const USED: u32 = 0b11 << 2;
/// How often a register is asked for what has to come: some milliseconds. The PLL takes 0.3 (DS8626, 5.3.10), the
/// watchdog's registers 0.3 as well (21.4.4).
const TRIES: u32 = 10_000;

/// RCC_CSR: what clears the reset flags, and the flag that every reset sets, since all of them pull the pin (7.3.21).
const FORGET: u32 = 1 << 24;
const PIN: u32 = 1 << 26;

const IWDG_KR: usize = 0x4000_3000;
const IWDG_PR: usize = 0x4000_3004;
const IWDG_RLR: usize = 0x4000_3008;
const IWDG_SR: usize = 0x4000_300C;
const IWDG_START: u32 = 0xCCCC;
const IWDG_OPEN: u32 = 0x5555;
const IWDG_FEED: u32 = 0xAAAA;
const IWDG_BY_64: u32 = 4;

/// Firmware on trial has to feed the watchdog more often than this: 5 s. The core stands still while a sector of
/// 128 KiB is erased, for 4 s at worst, as firmware may do it byte by byte (DS8626, 5.3.12).
const WATCHDOG_SECONDS: u32 = 5;
/// The watchdog's oscillator at its fastest (DS8626, 5.3.9). It may as well be 17 kHz: then it takes 13.8 s.
const LSI_HERTZ: u32 = 47_000;

/// The core's memory protection unit (DDI 0403, B3.5): its highest region, which counts before all others, makes the
/// bootloader's sectors read-only; everything else stays as it is without it (PRIVDEFENA). So a stray store faults, even
/// while the firmware writes flash. It stops no erase of a sector: that is the option bytes' matter (README).
const MPU_CTRL: usize = 0xE000_ED94;
const MPU_RBAR: usize = 0xE000_ED9C;
const MPU_RASR: usize = 0xE000_EDA0;
const HIGHEST_REGION: u32 = 1 << 4 | 7;
/// Read-only for all; cached as flash is by default; of the bootloader's length.
const READ_ONLY: u32 = 0b110 << 24 | 1 << 17 | (BOARD.bootloader.length.trailing_zeros() - 1) << 1 | 1;
const ON_WITH_BACKGROUND: u32 = 0b101;
const _: () = assert!(BOARD.bootloader.length.is_power_of_two() && BOARD.bootloader.start == 0);

/// Takes the chip over after a reset; says why there was one.
pub fn start_up() -> Reset {
    let noted = read_reset_note();
    let flags = load(RCC_CSR);
    store(RCC_CSR, FORGET);
    store(RCC_CSR, 0);
    speed_up();
    // The highest flag tells: a loss of power sets that of a brown-out as well.
    let cause = match (flags & !PIN).leading_zeros() {
        // Firmware that enters a mode which the option bytes forbid.
        0 => Cause::Fault,
        1 | 2 => Cause::Watchdog,
        3 => cause_in(noted).unwrap_or(Cause::Request),
        4 => Cause::PowerOn,
        6 => Cause::BrownOut,
        _ => Cause::Pin,
    };
    Reset::new(cause, noted)
}

/// Resets the chip, all but RAM and flash (7.1.1), and leaves the cause for the next boot.
pub fn reset(cause: Cause) -> ! {
    note_cause(cause);
    request_reset()
}

/// From the internal oscillator's 16 MHz to 160 MHz, caches on. A PLL that does not come leaves it at 16 MHz. The voltage
/// that more than 144 MHz need is that after reset (PWR_CR.VOS, 5.4.1).
fn speed_up() {
    store(RCC_PLLCFGR, PLL_160_MHZ);
    store(RCC_CR, HSI_ON | PLL_ON);
    store(RCC_CFGR, SLOW_BUSES);
    store(flash::ACR, flash::FAST);
    load(flash::ACR); // The waits are taken when they can be read (3.5.1).
    if wait_for(RCC_CR, PLL_READY, PLL_READY, TRIES) {
        store(RCC_CFGR, SLOW_BUSES | USE_PLL);
    }
}

/// Clocks and caches as after reset.
fn slow_down() {
    store(RCC_CFGR, SLOW_BUSES);
    while load(RCC_CFGR) & USED != 0 {}
    store(RCC_CFGR, 0);
    flash::slow_down();
    store(RCC_CR, HSI_ON);
    // Its setting is taken only while it is off.
    while load(RCC_CR) & PLL_READY != 0 {}
    store(RCC_PLLCFGR, PLL_RESET);
}

/// Starts the chip's independent watchdog: nothing but a reset stops it. Feeding means the key 0xAAAA in IWDG_KR, as a
/// word, a half-word or a byte-wise HAL's.
pub fn arm_watchdog() {
    const PERIOD: u32 = WATCHDOG_SECONDS * LSI_HERTZ / 64;
    const _: () = assert!(PERIOD < 1 << 12, "the counter has 12 bits");
    store(IWDG_KR, IWDG_START);
    store(IWDG_KR, IWDG_OPEN);
    store(IWDG_PR, IWDG_BY_64);
    store(IWDG_RLR, PERIOD);
    // Fed before it has taken them it would run with the shortest period there is.
    wait_for(IWDG_SR, 0b11, 0, TRIES);
    store(IWDG_KR, IWDG_FEED);
}

/// Starts the firmware that was verified, if that `stands`.
pub fn jump(firmware: &Verified, recheck: u32) -> ! {
    slow_down();
    store(MPU_RBAR, BOARD.flash_address | HIGHEST_REGION);
    store(MPU_RASR, READ_ONLY);
    store(MPU_CTRL, ON_WITH_BACKGROUND);
    enter(firmware, recheck)
}

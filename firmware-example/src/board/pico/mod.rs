//! Raspberry Pi Pico: a serial port over the USB cable, another on GP0 (out) and GP1 (in), LED on GP25, at 125 MHz.
//! Everything but the flash goes through rp2040-hal.

mod circle;
mod pair;
mod uart;
mod usb;

use super::clock::Clock;
use super::ring::Ring;
use super::serial::Serial;
use core::ptr::{with_exposed_provenance_mut, write_volatile};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use lifeboot_updater::{Cause, handover};
use pair::Pair;
use rp2040_hal::clocks::{Clock as _, init_clocks_and_plls};
use rp2040_hal::gpio::bank0::Gpio25;
use rp2040_hal::gpio::{FunctionSioOutput, Pin, Pins, PullDown};
use rp2040_hal::{Sio, Watchdog, pac};

use super::BOARD;
/// The chip's HAL has no driver for its flash.
pub type Flash = lifeboot_chips::rp2040::Flash<{ BOARD.flash_length }, { BOARD.bootloader.end() }>;

/// Bytes that hosts may have in flight: the UART's ring, less some requests of a host that waits for an erase. A ring
/// that is overrun by a single byte loses everything in it. USB holds the host back before that.
pub const RECEIVE_BUFFER: usize = circle::LENGTH - 256;

/// Maximum length of a received frame, of which 2,048 bytes can be image.
pub const FRAME: usize = 2064;

/// The frequency of the crystal.
const HERTZ: u32 = 12_000_000;
const CAUSE_WORD: usize = (BOARD.ram.start + handover::CAUSE) as usize;
/// The watchdog's longest period, some 8 seconds (RP2040 Datasheet, 4.7.2, and erratum RP2040-E1).
const WATCHDOG_LOAD: u32 = 0xFF_FFFF;

/// The parts of the board that the application uses.
pub struct Parts {
    pub flash: Flash,
    pub serial: Pair<Serial<Ring, uart::Transmitter>, usb::Port>,
    pub led: Pin<Gpio25, FunctionSioOutput, PullDown>,
    pub clock: Clock,
    /// Names this unit among others of the board, if its flash has such a name: the chip has none.
    pub id: Option<[u8; 8]>,
}

/// Sets up the board after the bootloader. Panics if it is called twice.
pub fn start() -> Parts {
    let (Some(core), Some(peripherals)) = (cortex_m::Peripherals::take(), pac::Peripherals::take()) else {
        panic!("started twice");
    };
    let mut resets = peripherals.RESETS;
    // A trial's watchdog keeps running: this only sets how long its ticks are.
    let mut watchdog = Watchdog::new(peripherals.WATCHDOG);
    let Ok(clocks) = init_clocks_and_plls(
        HERTZ,
        peripherals.XOSC,
        peripherals.CLOCKS,
        peripherals.PLL_SYS,
        peripherals.PLL_USB,
        &mut resets,
        &mut watchdog,
    ) else {
        panic!("the crystal or a PLL does not start");
    };
    let sio = Sio::new(peripherals.SIO);
    let pins = Pins::new(peripherals.IO_BANK0, peripherals.PADS_BANK0, sio.gpio_bank0, &mut resets);
    let uart = uart::start(
        peripherals.UART0,
        peripherals.DMA,
        (pins.gpio0.reconfigure(), pins.gpio1.reconfigure()),
        clocks.peripheral_clock.freq(),
        &mut resets,
    );
    let mut timer = core.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(clocks.system_clock.freq().to_Hz() / 1000 - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
    let usb = usb::start(peripherals.USBCTRL_REGS, peripherals.USBCTRL_DPRAM, clocks.usb_clock, &mut resets);
    let led = pins.gpio25.into_push_pull_output();
    let mut flash = Flash::new();
    let id = flash.unique_id();
    Parts { flash, serial: Pair::new(uart, usb), led, clock: Clock::new(), id }
}

#[exception]
fn SysTick() {
    Clock::tick();
}

/// Feeds the watchdog, if it runs: no reset for some seconds.
#[inline(never)] // Never inlined, so that a bench can see each turn of the application's loop.
pub fn feed_watchdog() {
    // SAFETY: nothing else uses the register: `start` only sets the watchdog's ticks.
    unsafe { (*pac::WATCHDOG::PTR).load().write(|load| load.bits(WATCHDOG_LOAD)) };
}

/// Resets the whole chip, and leaves the cause for the bootloader.
pub fn reset(cause: Cause) -> ! {
    reset_with(handover::cause_word(cause))
}

/// Resets the whole chip, and requests the bootloader's recovery mode.
pub fn reset_into_recovery() -> ! {
    reset_with(handover::recovery_word())
}

/// Resets by the watchdog: the core's own reset request would leave peripherals, clocks and core 1 running.
fn reset_with(word: u32) -> ! {
    // SAFETY: only code that resets the chip writes the word; the linker script keeps everything else away from it.
    unsafe { write_volatile(with_exposed_provenance_mut(CAUSE_WORD), word) }
    usb::finish();
    rp2040_hal::reset()
}

/// Sends bytes on both ports, and waits until they are sent.
pub fn write_now(bytes: &[u8]) {
    uart::write_now(bytes);
    usb::write_now(bytes);
}

//! An RP2040 with 16 MiB of flash, by embassy-rp: UART1 on GP8 and GP9, an LED on GP25.

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use embassy_rp::bind_interrupts;
use embassy_rp::clocks::clk_sys_freq;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::gpio::{Level, Output};
use embassy_rp::peripherals::{FLASH, UART1};
use embassy_rp::uart::{BufferedInterruptHandler, BufferedUart, Config};
use embassy_rp::watchdog::Watchdog;
use embassy_time::{Duration, Instant};
use embedded_io::{Read, ReadReady, Write};

const FLASH_LENGTH: usize = 16 * 1024 * 1024;

bind_interrupts!(struct Interrupts {
    UART1_IRQ => BufferedInterruptHandler<UART1>;
});

pub struct Board {
    serial: BufferedUart,
    led: Output<'static>,
    watchdog: Watchdog,
}

pub fn start() -> (Board, Flash<'static, FLASH, Blocking, FLASH_LENGTH>) {
    let peripherals = embassy_rp::init(Default::default());
    let outgoing = cortex_m::singleton!(: [u8; 256] = [0; 256]).unwrap();
    let received = cortex_m::singleton!(: [u8; 1024] = [0; 1024]).unwrap();
    let mut config = Config::default();
    config.baudrate = 115_200;
    let serial = BufferedUart::new(
        peripherals.UART1,
        peripherals.PIN_8,
        peripherals.PIN_9,
        Interrupts,
        outgoing,
        received,
        config,
    );
    // It wakes the application each millisecond.
    let mut timer = cortex_m::Peripherals::take().unwrap().SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(clk_sys_freq() / 1000 - 1);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
    let led = Output::new(peripherals.PIN_25, Level::Low);
    let board = Board { serial, led, watchdog: Watchdog::new(peripherals.WATCHDOG) };
    (board, Flash::new_blocking(peripherals.FLASH))
}

#[exception]
fn SysTick() {}

/// By the watchdog: the core's own request leaves all else running.
pub fn reset() -> ! {
    // SAFETY: nothing else runs any more.
    let peripherals = unsafe { embassy_rp::Peripherals::steal() };
    Watchdog::new(peripherals.WATCHDOG).trigger_reset();
    loop {
        cortex_m::asm::wfi();
    }
}

impl Board {
    pub fn feed_watchdog(&mut self) {
        self.watchdog.feed(Duration::from_secs(8));
    }

    pub fn toggle_led(&mut self) {
        self.led.toggle();
    }

    pub fn now(&self) -> u32 {
        Instant::now().as_millis() as u32
    }

    pub fn received(&mut self) -> Option<u8> {
        let mut byte = [0];
        let is_there = self.serial.read_ready() == Ok(true) && self.serial.read(&mut byte) == Ok(1);
        is_there.then_some(byte[0])
    }

    /// Sends some of the bytes; returns how many.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        self.serial.write(bytes).unwrap_or_default()
    }
}

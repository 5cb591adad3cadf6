//! A micro:bit, by the registers that nrf51-hal brings. Chapters are those of the nRF51 Series Reference Manual 3.0.

use super::received;
use cortex_m::peripheral::{NVIC, SCB};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use nrf51_hal::pac::{GPIO, Interrupt, NVMC, Peripherals, TIMER0, TIMER1, UART0, WDT, interrupt};

/// The line's pins, and column 1 of the LEDs, which are lit while row 1 is high and the column low.
const TX: u32 = 24;
const RX: u32 = 25;
const COLUMN: usize = 4;
const ROW: usize = 13;

pub struct Board {
    gpio: GPIO,
    uart: UART0,
    watchdog: WDT,
    /// Stands in for the watchdog on QEMU, which has none.
    timer: TIMER0,
    /// The UART says that a byte has left only once one was sent.
    is_sending: bool,
}

pub fn start() -> (Board, Flash) {
    let peripherals = Peripherals::take().unwrap();
    let (gpio, uart, timer) = (peripherals.GPIO, peripherals.UART0, peripherals.TIMER1);
    // SAFETY: bits of the pins above, and values that the chapters GPIO, UART and TIMER allow. The handlers are below.
    unsafe {
        gpio.outset.write(|out| out.bits(1 << ROW | 1 << COLUMN | 1 << TX));
        gpio.dirset.write(|direction| direction.bits(1 << ROW | 1 << COLUMN | 1 << TX));
        uart.pseltxd.write(|pin| pin.bits(TX));
        uart.pselrxd.write(|pin| pin.bits(RX));
        uart.baudrate.write(|rate| rate.baudrate().baud115200());
        uart.enable.write(|enable| enable.enable().enabled());
        uart.tasks_starttx.write(|task| task.bits(1));
        uart.tasks_startrx.write(|task| task.bits(1));
        uart.intenset.write(|interrupts| interrupts.rxdrdy().set());
        timer.bitmode.write(|mode| mode.bitmode()._16bit());
        timer.prescaler.write(|prescaler| prescaler.bits(4));
        timer.cc[0].write(|compare| compare.bits(1000));
        timer.shorts.write(|shortcuts| shortcuts.compare0_clear().enabled());
        timer.intenset.write(|interrupts| interrupts.compare0().set());
        timer.tasks_start.write(|task| task.bits(1));
        NVIC::unmask(Interrupt::TIMER1);
        NVIC::unmask(Interrupt::UART0);
    }
    let board = Board { gpio, uart, watchdog: peripherals.WDT, timer: peripherals.TIMER0, is_sending: false };
    (board, Flash(peripherals.NVMC))
}

pub fn reset() -> ! {
    SCB::sys_reset()
}

impl Board {
    pub fn feed_watchdog(&mut self) {
        // SAFETY: the key that feeds it (20.4), and the task that clears the timer.
        unsafe {
            self.watchdog.rr[0].write(|key| key.bits(0x6E52_4635));
            self.timer.tasks_clear.write(|task| task.bits(1));
        }
    }

    pub fn toggle_led(&mut self) {
        // SAFETY: a pin's bit, which is as it was or the other way round.
        self.gpio.out.modify(|out, changed| unsafe { changed.bits(out.bits() ^ 1 << COLUMN) });
    }

    pub fn now(&self) -> u32 {
        received::now()
    }

    pub fn received(&mut self) -> Option<u8> {
        received::take()
    }

    /// Sends some of the bytes; returns how many.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        let Some(byte) = bytes.first() else { return 0 };
        if self.is_sending && self.uart.events_txdrdy.read().bits() == 0 {
            return 0;
        }
        self.is_sending = true;
        // SAFETY: an event is cleared by 0, and TXD takes any byte.
        unsafe {
            self.uart.events_txdrdy.write(|event| event.bits(0));
            self.uart.txd.write(|data| data.txd().bits(*byte));
        }
        1
    }
}

#[interrupt]
fn TIMER1() {
    // SAFETY: an event is cleared by 0; nothing else uses the timer after its start.
    unsafe { (*TIMER1::ptr()).events_compare[0].write(|event| event.bits(0)) };
    received::tick();
}

#[interrupt]
fn UART0() {
    // SAFETY: nothing else uses the receiving half.
    let uart = unsafe { &*UART0::ptr() };
    while uart.events_rxdrdy.read().bits() != 0 {
        // Cleared before RXD is read, or the next byte's event is lost (29.7).
        // SAFETY: an event is cleared by 0.
        unsafe { uart.events_rxdrdy.write(|event| event.bits(0)) };
        received::put(uart.rxd.read().rxd().bits());
    }
}

/// The flash (chapter 6), which no HAL has a driver for. The core is halted while it is at work.
pub struct Flash(NVMC);

const PAGE: usize = 1024;
const LENGTH: usize = 256 * PAGE;

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        for (place, byte) in (offset as usize..).zip(bytes) {
            // SAFETY: a byte of flash.
            *byte = unsafe { core::ptr::read_volatile(core::ptr::with_exposed_provenance(place)) };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        LENGTH
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.0.config.write(|mode| mode.wen().een());
        for page in (from..to).step_by(PAGE) {
            // SAFETY: a page of flash.
            self.0.erasepage().write(|address| unsafe { address.bits(page) });
            while self.0.ready.read().ready().is_busy() {}
        }
        self.0.config.write(|mode| mode.wen().ren());
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        self.0.config.write(|mode| mode.wen().wen());
        for (place, word) in (offset as usize..).step_by(4).zip(bytes.as_chunks().0) {
            // SAFETY: a word of flash.
            unsafe {
                core::ptr::write_volatile(core::ptr::with_exposed_provenance_mut(place), u32::from_le_bytes(*word));
            }
            while self.0.ready.read().ready().is_busy() {}
        }
        self.0.config.write(|mode| mode.wen().ren());
        Ok(())
    }
}

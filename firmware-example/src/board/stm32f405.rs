//! STM32F405 or F407: serial port on PA2 (out) and PA3 (in), LED on PC13 and on PD12 (an STM32F4DISCOVERY's green one),
//! at the chip's 16 MHz. Clocks, pins and flash through stm32f4xx-hal.
//!
//! The serial port not: a panic has to send as well, whoever holds the HAL's. Nor the watchdog, which is fed from everywhere.

use super::Clock;
use super::serial::{Serial, Transmit};
use core::cell::RefCell;
use core::convert::Infallible;
use core::ptr::{read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;
use embedded_hal::digital::{ErrorType, OutputPin, StatefulOutputPin};
use heapless::spsc::{Consumer, Producer, Queue};
use lifeboot_updater::{Cause, handover};
use stm32f4xx_hal::flash::{FlashExt, LockedFlash, UnlockedFlash};
use stm32f4xx_hal::gpio::{Output, PC13, PD12};
use stm32f4xx_hal::pac::{self, NVIC, USART2, interrupt};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::{self, Enable, Reset};

pub use lifeboot_updater::layout::STM32F405 as BOARD;

/// The HAL's driver, unlocked for good: the updater decides what is written.
pub type Flash = UnlockedFlash<'static>;

/// Bytes that the serial port holds while nobody reads.
pub const RECEIVE_BUFFER: usize = 4096;

const HERTZ: u32 = 16_000_000;
const BAUD: u32 = 115_200;
const CAUSE_WORD: usize = (BOARD.ram.start + handover::CAUSE) as usize;

/// RM0090, 30.6.
const USART2_SR: usize = 0x4000_4400;
const USART2_DR: usize = 0x4000_4404;
const USART2_BRR: usize = 0x4000_4408;
const USART2_CR1: usize = 0x4000_440C;
const RECEIVED_OR_OVERRUN: u32 = 1 << 5 | 1 << 3;
const MAY_SEND: u32 = 1 << 7;
/// On, with an interrupt for each byte that is received.
const USART_ON: u32 = 1 << 13 | 1 << 5 | 1 << 3 | 1 << 2;

/// IWDG_KR (RM0090, 21.4.1), and the key that reloads the counter.
const WATCHDOG_KEY: usize = 0x4000_3000;
const WATCHDOG_RELOAD: u32 = 0xAAAA;

static RECEIVED: Mutex<RefCell<Option<Producer<'static, u8>>>> = Mutex::new(RefCell::new(None));

/// What the application needs of the board.
pub struct Parts {
    pub flash: Flash,
    pub serial: Serial<Consumer<'static, u8>, Transmitter>,
    pub led: Leds,
    pub clock: Clock,
}

/// Takes the board over from the bootloader. Panics where it is called twice.
pub fn start() -> Parts {
    let (Some(core), Some(peripherals), Some(queue)) = (
        cortex_m::Peripherals::take(),
        pac::Peripherals::take(),
        cortex_m::singleton!(: Queue<u8, { RECEIVE_BUFFER + 1 }> = Queue::new()),
    ) else {
        panic!("started twice");
    };
    let Some(flash) = cortex_m::singleton!(: LockedFlash = LockedFlash::new(peripherals.FLASH)) else {
        panic!("started twice");
    };
    let mut rcc = peripherals.RCC.freeze(rcc::Config::hsi());
    let port_a = peripherals.GPIOA.split(&mut rcc);
    let port_c = peripherals.GPIOC.split(&mut rcc);
    let port_d = peripherals.GPIOD.split(&mut rcc);
    port_a.pa2.into_alternate::<7>();
    port_a.pa3.into_alternate::<7>();
    USART2::enable(&mut rcc);
    USART2::reset(&mut rcc);

    let (producer, received) = queue.split();
    critical_section::with(|section| RECEIVED.borrow_ref_mut(section).replace(producer));
    store(USART2_BRR, HERTZ / BAUD);
    store(USART2_CR1, USART_ON);
    let mut timer = core.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(HERTZ / 1000 - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
    // SAFETY: the handler is below, and what it uses has been set up above.
    unsafe { NVIC::unmask(pac::Interrupt::USART2) };
    let led = Leds(port_c.pc13.into_push_pull_output(), port_d.pd12.into_push_pull_output());
    Parts { flash: flash.unlocked(), serial: Serial::new(received, Transmitter), led, clock: Clock(()) }
}

#[exception]
fn SysTick() {
    Clock::tick();
}

#[interrupt]
fn USART2() {
    critical_section::with(|section| {
        let mut received = RECEIVED.borrow_ref_mut(section);
        // Reading the data behind the status clears an overrun as well.
        while load(USART2_SR) & RECEIVED_OR_OVERRUN != 0 {
            let byte = load(USART2_DR) as u8;
            // A full buffer means that the host sent more than the window: the frame's CRC will tell.
            if let Some(producer) = received.as_mut() {
                let _ = producer.enqueue(byte);
            }
        }
    });
}

/// Makes sure that the watchdog, if it runs, does not reset the chip for some seconds.
#[inline(never)] // A function of its own, where a bench can see each turn of the application's loop.
pub fn feed_watchdog() {
    store(WATCHDOG_KEY, WATCHDOG_RELOAD);
}

/// Resets the chip, and leaves the cause for the bootloader.
pub fn reset(cause: Cause) -> ! {
    reset_with(handover::cause_word(cause))
}

/// Resets the chip, and asks the bootloader to answer the host.
pub fn reset_into_recovery() -> ! {
    reset_with(handover::recovery_word())
}

fn reset_with(word: u32) -> ! {
    store(CAUSE_WORD, word);
    cortex_m::peripheral::SCB::sys_reset()
}

/// Sends bytes, and waits until the port has taken them.
pub fn write_now(bytes: &[u8]) {
    for byte in bytes {
        Transmitter.send(*byte);
    }
}

/// The USART's sending half, which has room for one byte.
pub struct Transmitter;

impl Transmit for Transmitter {
    fn is_ready(&self) -> bool {
        load(USART2_SR) & MAY_SEND != 0
    }

    fn send(&mut self, byte: u8) {
        while !self.is_ready() {}
        store(USART2_DR, u32::from(byte));
    }
}

/// The LEDs that some board or other has, as one.
pub struct Leds(PC13<Output>, PD12<Output>);

impl ErrorType for Leds {
    type Error = Infallible;
}

impl OutputPin for Leds {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.set_low();
        self.1.set_low();
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.set_high();
        self.1.set_high();
        Ok(())
    }
}

impl StatefulOutputPin for Leds {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.is_set_high())
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.is_set_low())
    }
}

fn load(address: usize) -> u32 {
    // SAFETY: only called with the registers named above: mapped, aligned, and not used by the HAL's part of this file.
    unsafe { read_volatile(with_exposed_provenance(address)) }
}

fn store(address: usize, value: u32) {
    // SAFETY: as in `load`; the watchdog's key touches nothing but its counter, and the shared word belongs to whoever
    // resets the chip.
    unsafe { write_volatile(with_exposed_provenance_mut(address), value) }
}

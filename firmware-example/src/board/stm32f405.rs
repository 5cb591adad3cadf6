//! STM32F405RG: serial port on PA9 (out) and PA10 (in), LED on PC13, at the chip's 16 MHz. Everything through
//! stm32f4xx-hal, its flash driver included.
//!
//! So far this board is built and its image proved, not run: its bootloader is to come.

use super::Clock;
use super::serial::{Serial, Transmit};
use core::cell::RefCell;
use core::ptr::{with_exposed_provenance_mut, write_volatile};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;
use heapless::spsc::{Producer, Queue};
use lifeboot_updater::{Cause, handover};
use stm32f4xx_hal::flash::{FlashExt, LockedFlash, UnlockedFlash};
use stm32f4xx_hal::gpio::{Output, PC13};
use stm32f4xx_hal::pac::{self, NVIC, USART1, interrupt};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc;
use stm32f4xx_hal::serial::{Rx, Tx};

pub use lifeboot_updater::layout::STM32F405 as BOARD;

/// The HAL's driver, unlocked for good: the updater decides what is written.
pub type Flash = UnlockedFlash<'static>;

/// Bytes that the serial port holds while nobody reads.
pub const RECEIVE_BUFFER: usize = 4096;

const HERTZ: u32 = 16_000_000;
const CAUSE_WORD: usize = (BOARD.ram.start + handover::CAUSE) as usize;
/// IWDG_KR (RM0090, 21.4.1), and the key that reloads the counter.
const WATCHDOG_KEY: usize = 0x4000_3000;
const WATCHDOG_RELOAD: u32 = 0xAAAA;

/// The receiving half, for its interrupt.
struct Receiver {
    line: Rx<USART1>,
    received: Producer<'static, u8>,
}

static RECEIVER: Mutex<RefCell<Option<Receiver>>> = Mutex::new(RefCell::new(None));
static TRANSMITTER: Mutex<RefCell<Option<Tx<USART1>>>> = Mutex::new(RefCell::new(None));

/// What the application needs of the board.
pub struct Parts {
    pub flash: Flash,
    pub serial: Serial<Transmitter>,
    pub led: PC13<Output>,
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
    let Ok(serial) = peripherals.USART1.serial((port_a.pa9, port_a.pa10), 115_200.bps(), &mut rcc) else {
        panic!("the clock does not divide to the baud rate");
    };
    let (transmitter, mut line) = serial.split();
    line.listen();
    let (producer, received) = queue.split();
    critical_section::with(|section| {
        RECEIVER.borrow_ref_mut(section).replace(Receiver { line, received: producer });
        TRANSMITTER.borrow_ref_mut(section).replace(transmitter);
    });
    let mut timer = core.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(HERTZ / 1000 - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
    // SAFETY: the handler is below, and what it uses has been set up above.
    unsafe { NVIC::unmask(pac::Interrupt::USART1) };
    let led = port_c.pc13.into_push_pull_output();
    Parts { flash: flash.unlocked(), serial: Serial::new(received, Transmitter), led, clock: Clock(()) }
}

#[exception]
fn SysTick() {
    Clock::tick();
}

#[interrupt]
fn USART1() {
    critical_section::with(|section| {
        if let Some(Receiver { line, received }) = RECEIVER.borrow_ref_mut(section).as_mut() {
            while let Ok(byte) = line.read() {
                // A full buffer means that the host sent more than the window: the frame's CRC will tell.
                let _ = received.enqueue(byte);
            }
        }
    });
}

/// Makes sure that the watchdog, if it runs, does not reset the chip for some seconds.
pub fn feed_watchdog() {
    // SAFETY: reloading touches nothing but the watchdog's counter, and does nothing where it does not run.
    unsafe { write_volatile(with_exposed_provenance_mut(WATCHDOG_KEY), WATCHDOG_RELOAD) }
}

/// Resets the chip, and leaves the cause for the bootloader.
pub fn reset(cause: Cause) -> ! {
    // SAFETY: the word belongs to whoever resets the chip; the linker keeps everything else away from it.
    unsafe { write_volatile(with_exposed_provenance_mut(CAUSE_WORD), handover::cause_word(cause)) }
    cortex_m::peripheral::SCB::sys_reset()
}

/// Sends bytes, and waits until they are sent.
pub fn write_now(bytes: &[u8]) {
    for byte in bytes {
        Transmitter.send(*byte);
    }
}

/// The USART's sending half; a panic has to reach it as well, so it stands in a static variable.
pub struct Transmitter;

impl Transmit for Transmitter {
    fn is_ready(&self) -> bool {
        critical_section::with(|section| {
            TRANSMITTER.borrow_ref(section).as_ref().is_some_and(|line| line.is_tx_empty())
        })
    }

    fn send(&mut self, byte: u8) {
        let sent = || {
            critical_section::with(|section| {
                TRANSMITTER.borrow_ref_mut(section).as_mut().is_none_or(|line| line.write(byte).is_ok())
            })
        };
        while !sent() {}
    }
}

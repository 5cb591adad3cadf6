//! Boards with an STM32F4, by stm32f4xx-hal. They differ in the serial port; the LED is on PC13, as on many.

use super::received;
use core::cell::RefCell;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, SCB};
use cortex_m_rt::exception;
use critical_section::Mutex;
use stm32f4xx_hal::flash::{FlashExt, LockedFlash, UnlockedFlash};
use stm32f4xx_hal::gpio::{Output, PC13};
use stm32f4xx_hal::pac::{self, interrupt};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::serial::{Config, Rx, Tx};
use stm32f4xx_hal::watchdog::IndependentWatchdog;

#[cfg(not(feature = "two-banks"))]
use stm32f4xx_hal::pac::USART1 as Usart;
#[cfg(feature = "two-banks")]
use stm32f4xx_hal::pac::USART3 as Usart;

static RECEIVER: Mutex<RefCell<Option<Rx<Usart>>>> = Mutex::new(RefCell::new(None));

pub struct Board {
    sender: Tx<Usart>,
    led: PC13<Output>,
    watchdog: IndependentWatchdog,
}

#[allow(unused_variables, reason = "not every board has a pin of each port")]
pub fn start() -> (Board, UnlockedFlash<'static>) {
    let peripherals = pac::Peripherals::take().unwrap();
    let mut core = cortex_m::Peripherals::take().unwrap();
    let mut rcc = peripherals.RCC.constrain();
    let port_a = peripherals.GPIOA.split(&mut rcc);
    let port_b = peripherals.GPIOB.split(&mut rcc);
    let port_c = peripherals.GPIOC.split(&mut rcc);

    #[cfg(feature = "acme-press")]
    let (usart, pins, line) = (peripherals.USART1, (port_a.pa9, port_a.pa10), pac::Interrupt::USART1);
    #[cfg(feature = "small-press")]
    let (usart, pins, line) = (peripherals.USART1, (port_b.pb6, port_a.pa10), pac::Interrupt::USART1);
    #[cfg(feature = "two-banks")]
    let (usart, pins, line) = {
        let port_d = peripherals.GPIOD.split(&mut rcc);
        (peripherals.USART3, (port_d.pd8, port_d.pd9), pac::Interrupt::USART3)
    };
    let serial = usart.serial(pins, Config::default().baudrate(115_200.bps()), &mut rcc).unwrap();
    let (sender, mut receiver) = serial.split();
    receiver.listen();
    critical_section::with(|section| RECEIVER.borrow_ref_mut(section).replace(receiver));
    // SAFETY: the handler is below, and what it uses is in place.
    unsafe { NVIC::unmask(line) };

    core.SYST.set_reload(rcc.clocks.sysclk().raw() / 1000 - 1);
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.clear_current();
    core.SYST.enable_interrupt();
    core.SYST.enable_counter();

    let flash = cortex_m::singleton!(: LockedFlash = LockedFlash::new(peripherals.FLASH)).unwrap();
    let led = port_c.pc13.into_push_pull_output();
    (Board { sender, led, watchdog: IndependentWatchdog::new(peripherals.IWDG) }, flash.unlocked())
}

pub fn reset() -> ! {
    SCB::sys_reset()
}

impl Board {
    pub fn feed_watchdog(&mut self) {
        self.watchdog.feed();
    }

    pub fn toggle_led(&mut self) {
        self.led.toggle();
    }

    pub fn now(&self) -> u32 {
        received::now()
    }

    pub fn received(&mut self) -> Option<u8> {
        received::take()
    }

    /// Sends some of the bytes; returns how many.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        match bytes.first() {
            Some(byte) if self.sender.is_tx_empty() => usize::from(self.sender.write(*byte).is_ok()),
            _ => 0,
        }
    }
}

#[exception]
fn SysTick() {
    received::tick();
}

#[cfg(not(feature = "two-banks"))]
#[interrupt]
fn USART1() {
    receive();
}

#[cfg(feature = "two-banks")]
#[interrupt]
fn USART3() {
    receive();
}

fn receive() {
    critical_section::with(|section| {
        if let Some(receiver) = RECEIVER.borrow_ref_mut(section).as_mut()
            && let Ok(byte) = receiver.read()
        {
            received::put(byte);
        }
    });
}

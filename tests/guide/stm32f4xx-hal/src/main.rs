//! Blinks the green LED of an STM32F4DISCOVERY, and echoes what comes in on USART2 (PA2 and PA3).

#![no_std]
#![no_main]

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::NVIC;
use cortex_m_rt::{entry, exception};
use critical_section::Mutex;
use heapless::Deque;
use panic_halt as _;
use stm32f4xx_hal::pac::{self, USART2, interrupt};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::serial::{Config, Rx};

/// Milliseconds since the start.
static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

/// The receiving half of the serial port, and what it has received.
static RECEIVER: Mutex<RefCell<Option<Rx<USART2>>>> = Mutex::new(RefCell::new(None));
static RECEIVED: Mutex<RefCell<Deque<u8, 1024>>> = Mutex::new(RefCell::new(Deque::new()));

#[entry]
fn main() -> ! {
    let peripherals = pac::Peripherals::take().unwrap();
    let mut core = cortex_m::Peripherals::take().unwrap();
    let mut rcc = peripherals.RCC.constrain();

    let port_a = peripherals.GPIOA.split(&mut rcc);
    let port_d = peripherals.GPIOD.split(&mut rcc);
    let mut led = port_d.pd12.into_push_pull_output();
    let config = Config::default().baudrate(115_200.bps());
    let serial = peripherals.USART2.serial((port_a.pa2, port_a.pa3), config, &mut rcc).unwrap();
    let (mut sender, mut receiver) = serial.split();
    receiver.listen();
    critical_section::with(|section| RECEIVER.borrow_ref_mut(section).replace(receiver));
    // SAFETY: the handler is below, and what it uses is in place.
    unsafe { NVIC::unmask(pac::Interrupt::USART2) };

    core.SYST.set_reload(rcc.clocks.sysclk().raw() / 1000 - 1);
    core.SYST.set_clock_source(cortex_m::peripheral::syst::SystClkSource::Core);
    core.SYST.clear_current();
    core.SYST.enable_interrupt();
    core.SYST.enable_counter();

    let mut blinked = 0;
    loop {
        let now = MILLISECONDS.load(Ordering::Relaxed);
        if now.wrapping_sub(blinked) >= 250 {
            blinked = now;
            led.toggle();
        }
        if sender.is_tx_empty() {
            let byte = critical_section::with(|section| RECEIVED.borrow_ref_mut(section).pop_front());
            if let Some(byte) = byte {
                sender.write(byte).unwrap();
            }
        }
    }
}

#[exception]
fn SysTick() {
    MILLISECONDS.store(MILLISECONDS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

#[interrupt]
fn USART2() {
    critical_section::with(|section| {
        if let Some(receiver) = RECEIVER.borrow_ref_mut(section).as_mut()
            && let Ok(byte) = receiver.read()
        {
            // If the reader is late, the rest is lost.
            let _ = RECEIVED.borrow_ref_mut(section).push_back(byte);
        }
    });
}

//! UART0 on GP0 and GP1.

use super::RECEIVE_BUFFER;
use crate::board::serial::{Serial, Transmit};
use core::cell::RefCell;
use cortex_m::peripheral::NVIC;
use critical_section::Mutex;
use heapless::spsc::{Consumer, Producer, Queue};
use rp2040_hal::fugit::{HertzU32, RateExtU32};
use rp2040_hal::gpio::bank0::{Gpio0, Gpio1};
use rp2040_hal::gpio::{FunctionUart, Pin, PullDown};
use rp2040_hal::pac::{self, RESETS, UART0, interrupt};
use rp2040_hal::uart::{DataBits, FifoWatermark, StopBits, UartConfig, UartPeripheral};

const BAUD: u32 = 115_200;

/// What is sent, and what comes in.
pub type Lines = (Pin<Gpio0, FunctionUart, PullDown>, Pin<Gpio1, FunctionUart, PullDown>);
type Port = UartPeripheral<rp2040_hal::uart::Enabled, UART0, Lines>;

struct Uart {
    port: Port,
    received: Producer<'static, u8>,
}

static UART: Mutex<RefCell<Option<Uart>>> = Mutex::new(RefCell::new(None));

/// Takes the port into use. Panics where it is called twice.
pub fn start(
    device: UART0,
    lines: Lines,
    clock: HertzU32,
    resets: &mut RESETS,
) -> Serial<Consumer<'static, u8>, Transmitter> {
    let Some(queue) = cortex_m::singleton!(: Queue<u8, { RECEIVE_BUFFER + 1 }> = Queue::new()) else {
        panic!("started twice");
    };
    let config = UartConfig::new(BAUD.Hz(), DataBits::Eight, None, StopBits::One);
    let Ok(mut port) = UartPeripheral::new(device, lines, resets).enable(config, clock) else {
        panic!("the clock does not divide to the baud rate");
    };
    // Early, so that the rest of the 32 bytes outlasts the writing of a page of flash, with interrupts off.
    port.set_rx_watermark(FifoWatermark::Bytes4);
    port.enable_rx_interrupt();
    let (producer, received) = queue.split();
    critical_section::with(|section| UART.borrow_ref_mut(section).replace(Uart { port, received: producer }));
    // SAFETY: the handler is below, and what it uses has been set up above.
    unsafe { NVIC::unmask(pac::Interrupt::UART0_IRQ) };
    Serial::new(received, Transmitter)
}

#[interrupt]
fn UART0_IRQ() {
    critical_section::with(|section| {
        if let Some(Uart { port, received }) = UART.borrow_ref_mut(section).as_mut() {
            let mut byte = [0];
            // What came in damaged is as good as lost, and so is what a full buffer cannot take: the frame's CRC will
            // tell.
            while port.uart_is_readable() {
                if port.read_raw(&mut byte).is_ok() {
                    let _ = received.enqueue(byte[0]);
                }
            }
        }
    });
}

/// Sends bytes, and waits until they are sent.
pub fn write_now(bytes: &[u8]) {
    for byte in bytes {
        Transmitter.send(*byte);
    }
    while !Transmitter.is_ready() {}
}

/// The sending half; a panic has to reach it as well, so it stands in a static variable.
pub struct Transmitter;

impl Transmit for Transmitter {
    /// Once the last byte has left, not only found room: a reset follows some of them.
    fn is_ready(&self) -> bool {
        critical_section::with(|section| UART.borrow_ref(section).as_ref().is_none_or(|uart| !uart.port.uart_is_busy()))
    }

    fn send(&mut self, byte: u8) {
        let sent = || {
            critical_section::with(|section| {
                UART.borrow_ref(section).as_ref().is_none_or(|uart| uart.port.write_raw(&[byte]).is_ok())
            })
        };
        while !sent() {}
    }
}

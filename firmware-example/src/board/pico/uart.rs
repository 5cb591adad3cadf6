//! UART0 on GP0 and GP1.

use super::circle;
use crate::board::ring::Ring;
use crate::board::serial::{Serial, Transmit};
use core::cell::RefCell;
use critical_section::Mutex;
use rp2040_hal::fugit::{HertzU32, RateExtU32};
use rp2040_hal::gpio::bank0::{Gpio0, Gpio1};
use rp2040_hal::gpio::{FunctionUart, Pin, PullDown};
use rp2040_hal::pac::{DMA, RESETS, UART0};
use rp2040_hal::uart::{DataBits, StopBits, UartConfig, UartPeripheral};

const BAUD: u32 = 115_200;
/// Turns of a loop that take far longer than a byte on the line, which takes 10,851 clocks.
const TURNS: u32 = 200_000;

/// The pins for sending and for receiving.
pub type Lines = (Pin<Gpio0, FunctionUart, PullDown>, Pin<Gpio1, FunctionUart, PullDown>);
type Port = UartPeripheral<rp2040_hal::uart::Enabled, UART0, Lines>;

static UART: Mutex<RefCell<Option<Port>>> = Mutex::new(RefCell::new(None));

/// Configures the port, and DMA for its receiver.
pub fn start(device: UART0, dma: DMA, lines: Lines, clock: HertzU32, resets: &mut RESETS) -> Serial<Ring, Transmitter> {
    let config = UartConfig::new(BAUD.Hz(), DataBits::Eight, None, StopBits::One);
    // This also enables its requests to DMA.
    let Ok(port) = UartPeripheral::new(device, lines, resets).enable(config, clock) else {
        panic!("the clock does not divide to the baud rate");
    };
    critical_section::with(|section| UART.borrow_ref_mut(section).replace(port));
    Serial::new(circle::start(dma, resets), Transmitter)
}

/// Sends bytes, and waits until they are sent; a bounded time, as a panic must end in a reset.
pub fn write_now(bytes: &[u8]) {
    for byte in bytes {
        Transmitter.send(*byte);
        if !(0..TURNS).any(|_| Transmitter.is_ready()) {
            return;
        }
    }
}

/// The sending half. A panic must reach it too, so the port lies in a static variable.
pub struct Transmitter;

impl Transmit for Transmitter {
    /// True once the last byte has left, not only when there is room: a reset may follow.
    fn is_ready(&self) -> bool {
        critical_section::with(|section| UART.borrow_ref(section).as_ref().is_none_or(|port| !port.uart_is_busy()))
    }

    fn send(&mut self, byte: u8) {
        critical_section::with(|section| {
            if let Some(port) = UART.borrow_ref(section).as_ref() {
                let _ = port.write_raw(&[byte]);
            }
        });
    }
}

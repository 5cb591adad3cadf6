//! Serial ports and pins of the RP2040. Sections are those of the RP2040 Datasheet.

use crate::pin::{Direction, Enable, Peripheral, Pin};

const RESETS: u32 = 0x4000_C000;
const IO_BANK0: u32 = 0x4001_4000;
/// FUNCSEL of both ports (1.4.3, table of GPIO functions: F2).
const UART: u32 = 2;

/// The ports (4.2.8), and their bits in RESETS (2.14.3).
pub static PERIPHERALS: [Peripheral; 2] = [
    Peripheral { name: "UART0", base: 0x4003_4000, enable: reset(22), bus: None, function: UART },
    Peripheral { name: "UART1", base: 0x4003_8000, enable: reset(23), bus: None, function: UART },
];

const fn reset(bit: u32) -> Option<Enable> {
    Some(Enable { register: RESETS, bit })
}

/// Returns every pin, in order.
pub fn pins() -> Vec<Pin> {
    let pin = |number| Pin { name: format!("GP{number}"), port: IO_BANK0, number, enable: reset(5) };
    (0..30).map(pin).collect()
}

/// Returns the names of the pins that can carry a signal (1.4.3).
pub fn carriers(peripheral: &str, direction: Direction) -> Vec<&'static str> {
    let pins: &[&str] = match (peripheral, direction) {
        ("UART0", Direction::Tx) => &["GP0", "GP12", "GP16", "GP28"],
        ("UART0", Direction::Rx) => &["GP1", "GP13", "GP17", "GP29"],
        ("UART1", Direction::Tx) => &["GP4", "GP8", "GP20", "GP24"],
        ("UART1", Direction::Rx) => &["GP5", "GP9", "GP21", "GP25"],
        _ => &[],
    };
    pins.to_vec()
}

//! The serial port of the nRF51, which any pins can belong to (nRF51 Series Reference Manual 3.0, 29.2).

use crate::pin::{Peripheral, Pin};

/// GPIO (chapter 14). The reset and the pins have no clock to enable.
const GPIO: u32 = 0x5000_0000;

/// The port (chapter 29).
pub static PERIPHERALS: [Peripheral; 1] =
    [Peripheral { name: "UART", base: 0x4000_2000, enable: None, bus: None, function: 0 }];

/// Returns every pin that the port's registers can name, in order; packages lack some.
pub fn pins() -> Vec<Pin> {
    (0..32).map(|number| Pin { name: format!("P0.{number:02}"), port: GPIO, number, enable: None }).collect()
}

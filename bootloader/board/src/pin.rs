//! Pins and the serial port that they belong to, with all that the bootloader stores to registers for them.

use crate::clock::Bus;

/// A bit that switches something on: a clock in RCC (STM32F4), or the end of a reset in RESETS (RP2040).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enable {
    /// The register's address.
    pub register: u32,
    /// The bit's number.
    pub bit: u32,
}

/// A pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its name in the manual: `PA9`, `P0.24`, `GP4`.
    pub name: String,
    /// The address of the registers of its port: GPIOA, GPIO, IO_BANK0.
    pub port: u32,
    /// Its number in the port.
    pub number: u32,
    /// What switches its port on; `None` if nothing has to.
    pub enable: Option<Enable>,
}

/// A serial peripheral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peripheral {
    /// Its name in the manual.
    pub name: &'static str,
    /// The address of its registers.
    pub base: u32,
    /// What switches it on; `None` if its own registers do.
    pub enable: Option<Enable>,
    /// The bus whose clock it divides; `None` if its clock is none of the core's.
    pub bus: Option<Bus>,
    /// The value that connects a pin to it: the alternate function (STM32F4), FUNCSEL (RP2040); 0 where the peripheral selects
    /// its pins.
    pub function: u32,
}

/// What a pin does for a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It sends.
    Tx,
    /// It receives.
    Rx,
}

/// The serial port of recovery mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serial {
    /// The peripheral.
    pub peripheral: Peripheral,
    /// The pin that sends.
    pub tx: Pin,
    /// The pin that receives.
    pub rx: Pin,
}

/// A level of a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Ground.
    Low,
    /// The supply.
    High,
}

/// The pin that requests recovery mode. The chip pulls it to the other level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryPin {
    /// The pin.
    pub pin: Pin,
    /// Its level while recovery mode is requested.
    pub pressed: Level,
}

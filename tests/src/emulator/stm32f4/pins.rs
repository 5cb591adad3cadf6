//! The board's pins: the recovery pin, which somebody holds or only the chip's resistor pulls; and those of the serial port, whose
//! line is connected only while they have the port's function.

use anyhow::Result;
use lifeboot_board::BoardDescription;
use lifeboot_board::pin::{self, Enable, Pin};
use rsemu::core::wire::Level;

/// Registers of a port (RM0090, 8.4): modes and resistors, two bits a pin; alternate functions, four bits a pin, in two registers.
const MODER: u32 = 0x00;
const PUPDR: u32 = 0x0c;
const AFR: u32 = 0x20;
const INPUT: u32 = 0b00;
const ALTERNATE: u32 = 0b10;
const PULL_UP: u32 = 0b01;
const PULL_DOWN: u32 = 0b10;

/// The pins, and whether the recovery pin is held. What they are set to is read from the chip's registers.
pub struct Pins {
    board: BoardDescription,
    is_held: bool,
    level: Option<Level>,
}

impl Pins {
    /// The board's pins, none held.
    pub fn new(board: &BoardDescription) -> Self {
        Pins { board: board.clone(), is_held: false, level: None }
    }

    /// Holds the recovery pin at its level, or releases it.
    pub fn hold(&mut self, held: bool) {
        self.is_held = held;
    }

    /// The recovery pin's number, and the level that it is held at, or that a resistor pulls it to; `None` if that is as before. An
    /// input without a resistor floats, and is taken for held: nobody must rely on it.
    pub fn settle(&mut self, read: impl Fn(u32) -> Result<u32>) -> Option<(u32, Level)> {
        let recovery = self.board.recovery.as_ref()?;
        let pressed = Level::from(recovery.pressed == pin::Level::High);
        let level = if self.is_held { Ok(pressed) } else { released(&recovery.pin, pressed, read) };
        let level = level.unwrap_or(pressed);
        let is_new = self.level.replace(level) != Some(level);
        is_new.then_some((recovery.pin.number, level))
    }

    /// Whether the serial line's two wires are connected: that by which the chip sends, that by which it receives.
    pub fn connected(&self, read: impl Fn(u32) -> Result<u32>) -> Result<(bool, bool)> {
        let Some(serial) = &self.board.serial else { return Ok((false, false)) };
        let has = |pin: &Pin| {
            let is_alternate = bits(pin, MODER, 2, &read)? == ALTERNATE;
            Ok::<_, anyhow::Error>(is_alternate && bits(pin, AFR, 4, &read)? == serial.peripheral.function)
        };
        Ok((has(&serial.tx)?, has(&serial.rx)?))
    }
}

/// The level of the recovery pin that nobody holds.
fn released(pin: &Pin, pressed: Level, read: impl Fn(u32) -> Result<u32>) -> Result<Level> {
    let Some(Enable { register, bit }) = pin.enable else { return Ok(pressed.inverted()) };
    let is_clocked = read(register)? & 1 << bit != 0;
    Ok(match bits(pin, PUPDR, 2, &read)? {
        PULL_UP => Level::High,
        PULL_DOWN => Level::Low,
        _ if is_clocked && bits(pin, MODER, 2, &read)? == INPUT => pressed,
        _ => pressed.inverted(),
    })
}

/// Reads the bits that a pin has in a register of its port, or in the one behind that.
fn bits(pin: &Pin, register: u32, count: u32, read: impl Fn(u32) -> Result<u32>) -> Result<u32> {
    let at = pin.number * count;
    let word = read(pin.port + register + at / 32 * 4)?;
    Ok(word >> (at % 32) & ((1 << count) - 1))
}

//! The board's pins: the recovery pin, which somebody holds or only the chip's resistor pulls; and those of the serial port, whose
//! line is connected only while they have the port's function.

use super::chip::Chip;
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

/// The pins, and whether the recovery pin is held.
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
}

impl Chip {
    /// Holds the recovery pin at its level, or releases it.
    pub fn hold_recovery_pin(&mut self, held: bool) {
        self.pins.is_held = held;
        self.settle_recovery_pin();
    }

    /// Gives the recovery pin the level that it is held at, or that a resistor pulls it to. An input without one floats, and is
    /// taken for held: nobody must rely on it.
    pub(super) fn settle_recovery_pin(&mut self) {
        let (Some(recovery), Some(port)) = (&self.pins.board.recovery, &self.parts.recovery) else { return };
        let pressed = Level::from(recovery.pressed == pin::Level::High);
        let level = if self.pins.is_held { Ok(pressed) } else { self.released(&recovery.pin, pressed) };
        let level = level.unwrap_or(pressed);
        if self.pins.level != Some(level) {
            self.drive(port, &format!("in{}", recovery.pin.number), level);
            self.pins.level = Some(level);
        }
    }

    /// The level of the recovery pin that nobody holds.
    fn released(&self, pin: &Pin, pressed: Level) -> Result<Level> {
        let Some(Enable { register, bit }) = pin.enable else { return Ok(pressed.inverted()) };
        let is_clocked = self.read_word(u64::from(register))? & 1 << bit != 0;
        Ok(match self.bits(pin, PUPDR, 2)? {
            PULL_UP => Level::High,
            PULL_DOWN => Level::Low,
            _ if is_clocked && self.bits(pin, MODER, 2)? == INPUT => pressed,
            _ => pressed.inverted(),
        })
    }

    /// Whether the serial line's two wires are connected: that by which the chip sends, that by which it receives.
    pub fn connected(&self) -> Result<(bool, bool)> {
        let Some(serial) = &self.pins.board.serial else { return Ok((false, false)) };
        let has = |pin: &Pin| {
            let is_alternate = self.bits(pin, MODER, 2)? == ALTERNATE;
            Ok::<_, anyhow::Error>(is_alternate && self.bits(pin, AFR, 4)? == serial.peripheral.function)
        };
        Ok((has(&serial.tx)?, has(&serial.rx)?))
    }

    /// Reads the bits that a pin has in a register of its port, or in the one behind that.
    fn bits(&self, pin: &Pin, register: u32, count: u32) -> Result<u32> {
        let at = pin.number * count;
        let word = self.read_word(u64::from(pin.port + register + at / 32 * 4))?;
        Ok(word >> (at % 32) & ((1 << count) - 1))
    }
}

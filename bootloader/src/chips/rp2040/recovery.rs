//! What recovery mode needs on an RP2040: the serial port and the recovery pin of the board file.
//!
//! Chapters are those of the RP2040 Datasheet. Only the pin is restored: recovery ends with `reset`, which resets
//! everything here.

use super::clock::Clock;
use super::registers::{RESETS, SET, release};
use crate::chips::board::{Pin, RECOVERY, SERIAL};
use crate::pin::is_held;
use crate::registers::{load, store, wait_for};

/// RESETS: the pins (2.14).
const PINS: u32 = IO_BANK0 | PADS_BANK0;
const IO_BANK0: u32 = 1 << 5;
const PADS_BANK0: u32 = 1 << 8;

/// Controls (2.19.6.1) and pads (2.19.6.3) of the pins, and their levels as a core reads them (2.3.1.7).
const CTRL: usize = 0x4001_4004;
const PADS: usize = 0x4001_C004;
const INPUTS: usize = 0xD000_0004;
/// A pad: input enabled, pulled up or down, with hysteresis.
const PULLED_UP: u32 = 1 << 6 | 1 << 3 | 1 << 1;
const PULLED_DOWN: u32 = 1 << 6 | 1 << 2 | 1 << 1;

/// The clock of the UARTs: on, from the crystal (2.15.7).
const PERI_CTRL: usize = 0x4000_8048;
const PERI_CRYSTAL: u32 = 1 << 11 | 4 << 5;

/// The UART (4.2.8): data with its error flags; flags; the divisor, integer part and 64ths; format; control.
const DR: usize = SERIAL.base;
const FR: usize = SERIAL.base + 0x18;
const IBRD: usize = SERIAL.base + 0x24;
const FBRD: usize = SERIAL.base + 0x28;
const LCR_H: usize = SERIAL.base + 0x2C;
const CR: usize = SERIAL.base + 0x30;
/// DR: the byte is a break or damaged. The flag for lost bytes before it is left out: the byte itself is good.
const DAMAGED: u32 = 0b111 << 8;
const BUSY: u32 = 1 << 3;
const NOTHING_RECEIVED: u32 = 1 << 4;
const FULL: u32 = 1 << 5;
/// 8 bits, with FIFOs; and on, in both directions.
const FORMAT: u32 = 0b11 << 5 | 1 << 4;
const ON: u32 = 1 << 9 | 1 << 8 | 1;
/// 12 MHz / (16 * (6 + 33 / 64)) = 115,108 (4.2.7.1).
const DIVISOR: (u32, u32) = (6, 33);
/// How many times FR is read: at least 3 ms, the duration of the 32 bytes of a full FIFO, with 8 periods of 125 MHz a read.
const TRIES: u32 = 50_000;

/// The serial port, 115,200 baud, 8N1. Its receiver buffers 32 bytes between two reads: 2.7 milliseconds of the line.
/// It needs the crystal, which [`Clock`] starts.
pub struct Serial(());

impl Serial {
    /// Configures the port.
    pub fn new() -> Self {
        store(PERI_CTRL, PERI_CRYSTAL);
        release(PINS | SERIAL.enable);
        store(pad(SERIAL.rx), PULLED_UP);
        store(IBRD, DIVISOR.0);
        store(FBRD, DIVISOR.1);
        store(LCR_H, FORMAT); // Also makes the divisor take effect (4.2.7.1).
        store(CR, ON);
        store(control(SERIAL.tx), SERIAL.function);
        store(control(SERIAL.rx), SERIAL.function);
        Serial(())
    }
}

impl crate::chip::Serial for Serial {
    /// Damaged and lost bytes are not reported.
    fn receive(&mut self) -> Option<u8> {
        while load(FR) & NOTHING_RECEIVED == 0 {
            let byte = load(DR);
            if byte & DAMAGED == 0 {
                return Some(byte as u8);
            }
        }
        None
    }

    /// A byte that does not leave in time is dropped.
    fn send(&mut self, byte: u8) {
        wait_for(FR, FULL, 0, TRIES);
        store(DR, u32::from(byte));
    }

    fn flush(&mut self) {
        wait_for(FR, BUSY, 0, TRIES);
    }
}

/// Whether the recovery pin is held at its level. A board without such a pin never requests recovery.
pub fn recovery_is_requested(clock: &Clock) -> bool {
    let Some(recovery) = RECOVERY else { return false };
    let pin = recovery.pin;
    release(PINS);
    store(pad(pin), if recovery.is_high { PULLED_DOWN } else { PULLED_UP });
    let held = is_held(clock, || (load(INPUTS) & 1 << pin.number != 0) != recovery.is_high);
    store(RESETS + SET, PINS);
    held
}

/// Returns the address of a pin's control.
const fn control(pin: Pin) -> usize {
    CTRL + pin.number as usize * 8
}

/// Returns the address of a pin's pad.
const fn pad(pin: Pin) -> usize {
    PADS + pin.number as usize * 4
}

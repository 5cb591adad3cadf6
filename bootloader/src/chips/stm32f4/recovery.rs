//! What recovery mode needs on an STM32F4: the serial port and the recovery pin of the board file.
//!
//! Chapters are those of RM0090 (GPIO: 8, USART: 30). Only the pin is restored: recovery ends with a reset, which
//! resets everything here (7.1.1).

use super::clock::Clock;
use super::registers::for_speed;
use crate::chips::board::{AHB1_AFTER_RESET, BAUD_DIVISOR, Pin, RECOVERY, SERIAL};
use crate::pin::is_held;
use crate::registers::{load, store, wait_for};

/// RCC: resets and clocks of the GPIO ports, the same bits in both (7.3.5, 7.3.10).
const RCC_AHB1RSTR: usize = 0x4002_3810;
const RCC_AHB1ENR: usize = 0x4002_3830;

/// A port's registers (8.4): two bits a pin, where 0b10 stands for its alternate function; two bits a pin, its resistors; its
/// level; and four bits a pin, which alternate function, in two registers.
const MODER: usize = 0x00;
const PUPDR: usize = 0x0C;
const IDR: usize = 0x10;
const AFR: usize = 0x20;
const ALTERNATE: u32 = 0b10;
const PULL_UP: u32 = 0b01;
const PULL_DOWN: u32 = 0b10;

const SR: usize = SERIAL.base;
const DR: usize = SERIAL.base + 0x04;
const BRR: usize = SERIAL.base + 0x08;
const CR1: usize = SERIAL.base + 0x0C;
/// SR (30.6.1): a byte was damaged; one was lost; one was received; the last one is sent; there is room for the next.
const FRAMING_ERROR: u32 = 1 << 1;
const OVERRUN: u32 = 1 << 3;
const RECEIVED: u32 = 1 << 5;
const SENT: u32 = 1 << 6;
const ROOM: u32 = 1 << 7;
/// CR1: on, in both directions.
const ON: u32 = 1 << 13 | 1 << 3 | 1 << 2;
/// How many times SR is read: at least half a millisecond, six times the duration of a byte.
const TRIES: u32 = 20_000;

/// The serial port, 115,200 baud, 8N1. Between two reads its receiver buffers one byte, and a second until that is
/// complete: 87 microseconds of the line.
pub struct Serial(());

impl Serial {
    /// Configures the port.
    pub fn new() -> Self {
        let (tx, rx) = (SERIAL.tx, SERIAL.rx);
        add(SERIAL.enable_register, SERIAL.enable);
        store(RCC_AHB1ENR, AHB1_AFTER_RESET | tx.enable | rx.enable);
        load(RCC_AHB1ENR); // Delay: the port ignores earlier stores (7.2).
        store(BRR, for_speed(BAUD_DIVISOR));
        store(CR1, ON);
        add_both(function(tx), function(rx));
        add(rx.port + PUPDR, PULL_UP << (rx.number * 2)); // The line idles high.
        add_both(mode(tx), mode(rx));
        Serial(())
    }
}

impl crate::chip::Serial for Serial {
    /// Damaged and lost bytes are not reported.
    fn receive(&mut self) -> Option<u8> {
        let status = load(SR);
        if status & (RECEIVED | OVERRUN) == 0 {
            return None;
        }
        // Reading DR after SR also clears the error flags (30.6.1).
        let byte = load(DR) as u8;
        if status & (RECEIVED | FRAMING_ERROR) == RECEIVED { Some(byte) } else { None }
    }

    /// A byte that does not leave in time is overwritten.
    fn send(&mut self, byte: u8) {
        wait_for(SR, ROOM, ROOM, TRIES);
        store(DR, u32::from(byte));
    }

    fn flush(&mut self) {
        wait_for(SR, SENT, SENT, TRIES);
    }
}

/// Whether the recovery pin is held at its level. A board without such a pin never requests recovery.
pub fn recovery_is_requested(clock: &Clock) -> bool {
    let Some(recovery) = RECOVERY else { return false };
    let pin = recovery.pin;
    store(RCC_AHB1ENR, AHB1_AFTER_RESET | pin.enable);
    load(RCC_AHB1ENR);
    // The debugger's pins have a resistor after a reset, and are no inputs (8.4.1, 8.4.4).
    let (pull, shift) = (if recovery.is_high { PULL_DOWN } else { PULL_UP }, pin.number * 2);
    store(pin.port + PUPDR, load(pin.port + PUPDR) & !(0b11 << shift) | pull << shift);
    store(pin.port + MODER, load(pin.port + MODER) & !(0b11 << shift));
    let held = is_held(clock, || (load(pin.port + IDR) & 1 << pin.number != 0) != recovery.is_high);
    store(RCC_AHB1RSTR, pin.enable);
    store(RCC_AHB1RSTR, 0);
    store(RCC_AHB1ENR, AHB1_AFTER_RESET);
    held
}

/// Returns the register that has a pin's alternate function, and the bits of the serial port's.
const fn function(pin: Pin) -> (usize, u32) {
    let bit = pin.number * 4;
    (pin.port + AFR + bit as usize / 32 * 4, SERIAL.function << (bit % 32))
}

/// Returns the register that has a pin's mode, and the bits that let the alternate function have it.
const fn mode(pin: Pin) -> (usize, u32) {
    (pin.port + MODER, ALTERNATE << (pin.number * 2))
}

/// Adds bits to two registers, which may be the same. As after a reset, no other bits of these pins are set: the debugger's are
/// in their alternate function already (8.4.1).
#[inline(always)] // Constants, of which few instructions are left.
fn add_both((tx_register, tx): (usize, u32), (rx_register, rx): (usize, u32)) {
    if tx_register == rx_register {
        return add(tx_register, tx | rx);
    }
    add(tx_register, tx);
    add(rx_register, rx);
}

/// Adds bits to a register.
#[inline(always)] // Constants, of which few instructions are left.
fn add(register: usize, bits: u32) {
    store(register, load(register) | bits);
}

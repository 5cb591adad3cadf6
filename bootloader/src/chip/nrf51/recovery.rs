//! What a bootloader that answers a host needs of an nRF51 on a micro:bit v1: its serial port, its button A, and quiet
//! from a watchdog that firmware has started.
//!
//! Chapters are of the nRF51 Series Reference Manual 3.0. Nothing is put back but the button: the only way out is a reset,
//! which resets all of this (12.1.8).

use super::WDT;
use crate::chip::cortex_m::{load, store, wait_for};

/// GPIO (chapter 14): a set of outputs, the inputs, and the first pin's configuration.
const OUT_SET: usize = 0x5000_0508;
const INPUTS: usize = 0x5000_0510;
const PIN_CNF: usize = 0x5000_0700;
/// PIN_CNF: an output; an input with pull-up; and after reset, an input that is not connected.
const OUTPUT: u32 = 0b11;
const PULLED_UP: u32 = 0b1100;
const UNUSED: u32 = 0b10;

/// Button A, which connects the pin to ground; the board pulls it up.
const BUTTON: usize = 17;
/// How often the button is looked at: some 5 ms, in which a contact settles and a pull-up has long done its work.
const LOOKS: u32 = 10_000;

/// UART (chapter 29), to the micro:bit's USB cable.
const UART: usize = 0x4000_2000;
const START_RX: usize = UART;
const START_TX: usize = UART + 0x008;
const RXDRDY: usize = UART + 0x108;
const TXDRDY: usize = UART + 0x11C;
const ENABLE: usize = UART + 0x500;
const PSELTXD: usize = UART + 0x50C;
const PSELRXD: usize = UART + 0x514;
const RXD: usize = UART + 0x518;
const TXD: usize = UART + 0x51C;
const BAUDRATE: usize = UART + 0x524;
const BAUD_115200: u32 = 0x01D7_E000;
const TX_PIN: usize = 24;
const RX_PIN: usize = 25;
/// How often TXDRDY is asked for: some 5 ms, fifty times what a byte takes.
const TRIES: u32 = 10_000;

/// WDT (chapter 20): the first reload register, how many there are, and what they take.
const RR: usize = WDT + 0x600;
const RELOADS: usize = 8;
const RELOAD: u32 = 0x6E52_4635;

/// The serial port, 115,200 baud, 8N1. Its receiver holds 6 bytes while nobody reads (29.6): half a millisecond of the line.
pub struct Serial {
    /// TXDRDY tells about a byte, so there has to be a first one.
    sending: bool,
}

impl Serial {
    /// Takes the port into use.
    pub fn new() -> Self {
        store(OUT_SET, 1 << TX_PIN); // The line idles high.
        store(PIN_CNF + TX_PIN * 4, OUTPUT);
        store(PIN_CNF + RX_PIN * 4, PULLED_UP);
        store(PSELTXD, TX_PIN as u32);
        store(PSELRXD, RX_PIN as u32);
        store(BAUDRATE, BAUD_115200);
        store(ENABLE, 4);
        store(START_TX, 1);
        store(START_RX, 1);
        Serial { sending: false }
    }

    /// A byte that has come. Damaged and lost ones are not told: the receiver goes on by itself.
    pub fn receive(&mut self) -> Option<u8> {
        if load(RXDRDY) == 0 {
            return None;
        }
        // Cleared before RXD is read, or the next byte's event is lost (29.7).
        store(RXDRDY, 0);
        Some(load(RXD) as u8)
    }

    /// Sends a byte; waits until there is room, or drops what does not leave in time.
    pub fn send(&mut self, byte: u8) {
        self.flush();
        store(TXDRDY, 0);
        store(TXD, u32::from(byte));
        self.sending = true;
    }

    /// Waits until everything is sent.
    pub fn flush(&mut self) {
        if self.sending {
            wait_for(TXDRDY, 1, 1, TRIES);
        }
    }
}

/// Whether button A is held down.
pub fn recovery_is_requested() -> bool {
    let pin = PIN_CNF + BUTTON * 4;
    store(pin, PULLED_UP);
    let released = wait_for(INPUTS, 1 << BUTTON, 1 << BUTTON, LOOKS);
    store(pin, UNUSED);
    !released
}

/// Keeps a watchdog quiet that runs since before the reset, which a request does not stop (20.1.4), whatever reload
/// registers the firmware has chosen; harmless where none runs.
pub fn feed_watchdog() {
    for register in 0..RELOADS {
        store(RR + register * 4, RELOAD);
    }
}

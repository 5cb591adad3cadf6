//! What recovery mode needs on an nRF51: the serial port and the recovery pin of the board file.
//!
//! Chapters are those of the nRF51 Series Reference Manual 3.0. Only the recovery pin is restored: recovery ends with a
//! reset, which resets everything here (12.1.8).

use super::clock::Clock;
use crate::chips::board::{RECOVERY, SERIAL};
use crate::pin::is_held;
use crate::registers::{load, store, wait_for};

/// GPIO (chapter 14): a set of outputs, the inputs, and the first pin's configuration.
const OUT_SET: usize = 0x5000_0508;
const INPUTS: usize = 0x5000_0510;
const PIN_CNF: usize = 0x5000_0700;
/// PIN_CNF: an output; inputs with a resistor; and after reset, an input that is not connected.
const OUTPUT: u32 = 0b11;
const PULLED_UP: u32 = 0b1100;
const PULLED_DOWN: u32 = 0b0100;
const UNUSED: u32 = 0b10;

/// CLOCK (chapter 13): starts the 16 MHz crystal, and reports that it runs. The RC oscillator, which runs from reset on,
/// may be 5 % off (nRF51822 Product Specification 3.1, 8.1.3); a UART's two ends must agree within that.
const HFCLKSTART: usize = 0x4000_0000;
const HFCLKSTARTED: usize = 0x4000_0100;

/// UART (chapter 29).
const UART: usize = SERIAL.base;
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
/// How many times an event is read: some 5 ms, fifty times the duration of a byte, and more than the crystal takes to
/// start (8.1.1 there).
const TRIES: u32 = 10_000;

/// The serial port, 115,200 baud, 8N1. Its receiver buffers 6 bytes between two reads (29.6): half a millisecond of the
/// line.
pub struct Serial {
    /// TXDRDY is set only after a first byte was sent.
    sending: bool,
}

impl Serial {
    /// Configures the port, and starts the crystal for it. Without a crystal the port keeps the RC oscillator.
    pub fn new() -> Self {
        store(HFCLKSTART, 1);
        wait_for(HFCLKSTARTED, 1, 1, TRIES);
        let (tx, rx) = (SERIAL.tx.number, SERIAL.rx.number);
        store(OUT_SET, 1 << tx); // The line idles high.
        store(configuration(tx), OUTPUT);
        store(configuration(rx), PULLED_UP);
        store(PSELTXD, tx);
        store(PSELRXD, rx);
        store(BAUDRATE, BAUD_115200);
        store(ENABLE, 4);
        store(START_TX, 1);
        store(START_RX, 1);
        Serial { sending: false }
    }
}

impl crate::chip::Serial for Serial {
    /// Damaged and lost bytes are not reported: the receiver goes on by itself.
    fn receive(&mut self) -> Option<u8> {
        if load(RXDRDY) == 0 {
            return None;
        }
        // Cleared before RXD is read, or the next byte's event is lost (29.7).
        store(RXDRDY, 0);
        Some(load(RXD) as u8)
    }

    /// A byte that does not leave in time is dropped.
    fn send(&mut self, byte: u8) {
        self.flush();
        store(TXDRDY, 0);
        store(TXD, u32::from(byte));
        self.sending = true;
    }

    fn flush(&mut self) {
        if self.sending {
            wait_for(TXDRDY, 1, 1, TRIES);
        }
    }
}

/// Whether the recovery pin is held at its level. A board without such a pin never requests recovery.
pub fn recovery_is_requested(clock: &Clock) -> bool {
    let Some(recovery) = RECOVERY else { return false };
    let pin = recovery.pin.number;
    store(configuration(pin), if recovery.is_high { PULLED_DOWN } else { PULLED_UP });
    let held = is_held(clock, || (load(INPUTS) & 1 << pin != 0) != recovery.is_high);
    store(configuration(pin), UNUSED);
    held
}

/// Returns the address of a pin's PIN_CNF.
const fn configuration(pin: u32) -> usize {
    PIN_CNF + pin as usize * 4
}

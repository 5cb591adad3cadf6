//! What recovery mode needs on an STM32F405 or F407: a serial port, USART2 on PA2 (out) and PA3 (in); a pin, PA0; and
//! the feeding of the watchdog.
//!
//! Chapters are those of RM0090 (GPIO: 8, USART: 30). Only the pin is restored: recovery ends with a reset, which
//! resets everything here (7.1.1).

use super::clock::Clock;
use super::registers::{IWDG_FEED, IWDG_KR, RCC_APB1ENR, RCC_CFGR, USE_PLL, USED};
use crate::chip::pin::is_held;
use crate::chip::registers::{load, store, wait_for};

/// RCC: the reset and the clock of GPIOA, the latter as after reset (7.3.5, 7.3.10); the clock of USART2 (7.3.13).
const RCC_AHB1RSTR: usize = 0x4002_3810;
const RCC_AHB1ENR: usize = 0x4002_3830;
const AHB1_AFTER_RESET: u32 = 1 << 20;
const GPIOA: u32 = 1;
const USART2: u32 = 1 << 17;

const MODER: usize = 0x4002_0000;
const PUPDR: usize = 0x4002_000C;
const IDR: usize = 0x4002_0010;
const AFRL: usize = 0x4002_0020;

/// PA0, which is the user button of an STM32F4DISCOVERY: high while pressed (UM1472, 6.4). On other boards, a jumper to
/// 3.3 V.
const PIN: u32 = 1;
/// MODER, AFRL: PA2 and PA3 belong to USART2 (alternate function 7). PUPDR: PA3 idles high.
const SERIAL_MODE: u32 = 0b1010 << 4;
const SERIAL_FUNCTION: u32 = 0x77 << 8;
const SERIAL_PULL: u32 = 0b01 << 6;
/// PUPDR: PA0 is pulled down.
const PIN_PULL: u32 = 0b10;

const SR: usize = 0x4000_4400;
const DR: usize = 0x4000_4404;
const BRR: usize = 0x4000_4408;
const CR1: usize = 0x4000_440C;
/// SR (30.6.1): a byte was damaged; one was lost; one was received; the last one is sent; there is room for the next.
const FRAMING_ERROR: u32 = 1 << 1;
const OVERRUN: u32 = 1 << 3;
const RECEIVED: u32 = 1 << 5;
const SENT: u32 = 1 << 6;
const ROOM: u32 = 1 << 7;
/// CR1: on, in both directions.
const ON: u32 = 1 << 13 | 1 << 3 | 1 << 2;
/// BRR for 115,200 baud (30.3.4), from APB1's 38 MHz with the PLL and 4 MHz without: 0.04 and 0.8 % off.
const FAST: u32 = 330;
const SLOW: u32 = 35;
/// How many times SR is read: at least half a millisecond, six times the duration of a byte.
const TRIES: u32 = 20_000;

/// The serial port, 115,200 baud, 8N1. Between two reads its receiver buffers one byte, and a second until that is
/// complete: 87 microseconds of the line.
pub struct Serial(());

impl Serial {
    /// Configures the port.
    pub fn new() -> Self {
        store(RCC_APB1ENR, load(RCC_APB1ENR) | USART2);
        store(RCC_AHB1ENR, AHB1_AFTER_RESET | GPIOA);
        load(RCC_AHB1ENR); // Delay: the port ignores earlier stores (7.2).
        let is_fast = load(RCC_CFGR) & USED == USE_PLL << 2;
        store(BRR, if is_fast { FAST } else { SLOW });
        store(CR1, ON);
        store(AFRL, SERIAL_FUNCTION);
        store(PUPDR, load(PUPDR) | SERIAL_PULL);
        store(MODER, load(MODER) | SERIAL_MODE);
        Serial(())
    }

    /// Returns a received byte, if there is one. Damaged and lost bytes are not reported.
    pub fn receive(&mut self) -> Option<u8> {
        let status = load(SR);
        if status & (RECEIVED | OVERRUN) == 0 {
            return None;
        }
        // Reading DR after SR also clears the error flags (30.6.1).
        let byte = load(DR) as u8;
        if status & (RECEIVED | FRAMING_ERROR) == RECEIVED { Some(byte) } else { None }
    }

    /// Sends a byte; waits until there is room. A byte that does not leave in time is overwritten.
    pub fn send(&mut self, byte: u8) {
        wait_for(SR, ROOM, ROOM, TRIES);
        store(DR, u32::from(byte));
    }

    /// Waits until all bytes have been sent, for a bounded time.
    pub fn flush(&mut self) {
        wait_for(SR, SENT, SENT, TRIES);
    }
}

/// Whether PA0 is held high.
pub fn recovery_is_requested(clock: &Clock) -> bool {
    store(RCC_AHB1ENR, AHB1_AFTER_RESET | GPIOA);
    load(RCC_AHB1ENR);
    store(PUPDR, load(PUPDR) | PIN_PULL);
    let held = is_held(clock, || load(IDR) & PIN == 0);
    store(RCC_AHB1RSTR, GPIOA);
    store(RCC_AHB1RSTR, 0);
    store(RCC_AHB1ENR, AHB1_AFTER_RESET);
    held
}

/// Feeds the watchdog that the option bytes may have started (21.3.1); harmless if none runs.
pub fn feed_watchdog() {
    store(IWDG_KR, IWDG_FEED);
}

//! A core that asks its USART until a byte has come, or one has left, as a bootloader does that answers: it would take this
//! machine minutes to find nothing 160 million times a second. It sleeps instead, until the line is looked at again.

use super::bridge::Mend;
use rsemu::dev::stm32::usart::Usart;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Offsets of registers, and bits in them (RM0090, 30.6).
const SR: u64 = 0x00;
const CR1: u64 = 0x0c;
const RECEIVED: u32 = 1 << 5;
const ROOM: u32 = 1 << 7;
const INTERRUPTS: u32 = 1 << 5;

/// Whether the core asks in vain.
#[derive(Debug, Default)]
pub struct Polls {
    /// Whoever has interrupts has other reasons to read the status.
    is_interrupted: AtomicBool,
    in_vain: AtomicBool,
}

impl Polls {
    /// Whether the core has asked in vain since this was called last.
    pub fn take(&self) -> bool {
        self.in_vain.load(Ordering::Relaxed) && self.in_vain.swap(false, Ordering::Relaxed)
    }
}

impl Mend<Usart> for Arc<Polls> {
    fn read(&self, offset: u64, word: u32) {
        let is_in_vain = word & RECEIVED == 0 || word & ROOM == 0;
        if offset == SR && is_in_vain && !self.is_interrupted.load(Ordering::Relaxed) {
            self.in_vain.store(true, Ordering::Relaxed);
        }
    }

    fn written(&self, offset: u64, word: [u8; 4]) {
        if offset == CR1 {
            self.is_interrupted.store(u32::from_le_bytes(word) & INTERRUPTS != 0, Ordering::Relaxed);
        }
    }

    fn ran(&self, _: &Usart) {}
}

//! A core that asks its USART until a byte has come, or one has left, as a bootloader does that answers: it would take this
//! machine minutes to find nothing 160 million times a second. It sleeps instead, until the line is looked at again.

use super::bridge::Fix;
use super::usart::{CR1, CR3, FETCHED, INTERRUPTS, RECEIVED, ROOM, SR, register};
use rsemu::dev::stm32::usart::Usart;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the core asks in vain.
#[derive(Debug, Default)]
pub struct Polls(AtomicBool);

impl Polls {
    /// Whether the core has asked in vain since this was called last.
    pub fn take(&self) -> bool {
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed)
    }
}

impl Fix<Usart> for Arc<Polls> {
    fn read(&self, usart: &Usart, offset: u64, word: u32) {
        let is_in_vain = offset == SR && (word & RECEIVED == 0 || word & ROOM == 0);
        // Whoever has interrupts, or DMA, has other reasons to read the status.
        if is_in_vain && register(usart, CR1) & INTERRUPTS == 0 && register(usart, CR3) & FETCHED == 0 {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn written(&self, _: &Usart, _: u64, _: [u8; 4]) {}

    fn ran(&self, _: &Usart) {}
}

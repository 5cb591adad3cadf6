//! A core that polls its USART until a byte has come or gone, as a bootloader in recovery mode does: to emulate 160
//! million polls a second takes minutes. So the core sleeps until the line is looked at again.

use super::bridge::Fix;
use super::usart::{CR1, CR3, FETCHED, INTERRUPTS, RECEIVED, ROOM, SR, register};
use rsemu::dev::stm32::usart::Usart;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the core polls without result.
#[derive(Debug, Default)]
pub struct Polls(AtomicBool);

impl Polls {
    /// Whether the core has polled without result since the last call.
    pub fn take(&self) -> bool {
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed)
    }
}

impl Fix<Usart> for Arc<Polls> {
    fn read(&self, usart: &Usart, offset: u64, word: u32) {
        let is_in_vain = offset == SR && (word & RECEIVED == 0 || word & ROOM == 0);
        // A driver with interrupts or DMA has other reasons to read the status.
        if is_in_vain && register(usart, CR1) & INTERRUPTS == 0 && register(usart, CR3) & FETCHED == 0 {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn written(&self, _: &Usart, _: u64, _: [u8; 4]) {}

    fn ran(&self, _: &Usart) {}
}

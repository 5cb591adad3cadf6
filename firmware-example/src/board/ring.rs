//! A ring buffer that a DMA channel fills with received bytes, also while the core is halted by a flash operation:
//! nothing is lost then, and the host need not wait.

use super::serial::Receive;
use core::sync::atomic::{Ordering, compiler_fence};

/// A ring buffer that DMA writes, and the position of its reader.
///
/// A full buffer looks like an empty one, so it holds one byte less than its length. If a host sends more than that,
/// the bytes that are read are not those that were sent, and the frames' CRCs fail.
pub struct Ring {
    bytes: *const u8,
    length: usize,
    read: usize,
    /// Returns where DMA writes next, from 0 to the length.
    position: fn() -> usize,
}

impl Ring {
    /// Returns a reader of the bytes that DMA writes here, from the first one on.
    pub fn new(bytes: &'static mut [u8], position: fn() -> usize) -> Self {
        Ring { bytes: bytes.as_ptr(), length: bytes.len(), read: 0, position }
    }
}

impl Receive for Ring {
    fn is_ready(&self) -> bool {
        let position = (self.position)();
        // DMA is at the length for a moment; that position is the start.
        position != self.read && !(position == self.length && self.read == 0)
    }

    fn take(&mut self) -> Option<u8> {
        if !self.is_ready() {
            return None;
        }
        // The bytes must be read after the position.
        compiler_fence(Ordering::Acquire);
        // SAFETY: within the bytes, which are borrowed for `'static`; DMA may write meanwhile, so the read is volatile.
        let byte = unsafe { self.bytes.add(self.read).read_volatile() };
        self.read += 1;
        // No division: a Cortex-M0 has no instruction for it.
        if self.read == self.length {
            self.read = 0;
        }
        Some(byte)
    }
}

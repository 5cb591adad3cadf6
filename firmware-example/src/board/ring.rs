//! What a DMA channel receives, round and round in RAM. It does so while the core stands still for flash as well: nothing is
//! lost then, and the host need not wait.

use super::serial::Receive;
use core::sync::atomic::{Ordering, compiler_fence};

/// Bytes that DMA writes in a circle, and where the reader is in it.
///
/// A full circle looks like an empty one, so it holds one byte less than its length. Where a host sends more than that, what
/// is read is not what was sent: the frames' CRCs will tell.
pub struct Ring {
    bytes: *const u8,
    length: usize,
    read: usize,
    /// Where DMA writes next, from 0 to the length.
    position: fn() -> usize,
}

impl Ring {
    /// Reads what DMA writes into these bytes, from the first one on.
    pub fn new(bytes: &'static mut [u8], position: fn() -> usize) -> Self {
        Ring { bytes: bytes.as_ptr(), length: bytes.len(), read: 0, position }
    }
}

impl Receive for Ring {
    fn is_ready(&self) -> bool {
        let position = (self.position)();
        // The length, which DMA is at for a moment, is the beginning.
        position != self.read && !(position == self.length && self.read == 0)
    }

    fn take(&mut self) -> Option<u8> {
        if !self.is_ready() {
            return None;
        }
        // What follows is read after the position was.
        compiler_fence(Ordering::Acquire);
        // SAFETY: within the bytes, which are borrowed for good; DMA may write meanwhile, so the read is volatile.
        let byte = unsafe { self.bytes.add(self.read).read_volatile() };
        self.read += 1;
        // No division: a Cortex-M0 has no instruction for it.
        if self.read == self.length {
            self.read = 0;
        }
        Some(byte)
    }
}

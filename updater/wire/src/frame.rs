//! Frames: a postcard message and its CRC-32, encoded by COBS to be free of zero bytes, and ended by a zero byte.
//!
//! They can be sent over any byte pipe; after any loss or damage, the next zero byte starts anew. Damaged frames are
//! dropped here: the layer above receives whole messages only.

use cobs::CobsDecoderHeapless;
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::{Deserialize, Serialize};

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
/// Bytes of the checksum after each message.
pub const CRC_LENGTH: usize = 4;

/// Returns the maximum number of bytes that a frame adds to a message: CRC, COBS's first code byte and one for each 254
/// bytes, the end.
pub const fn overhead(message: usize) -> usize {
    CRC_LENGTH + 1 + (message + CRC_LENGTH) / 254 + 1
}

/// Writes a message's frame into `out`, with `scratch` as a buffer for the message. Returns the frame's length, `None`
/// if either is too small.
pub fn encode<M: Serialize>(message: &M, scratch: &mut [u8], out: &mut [u8]) -> Option<usize> {
    let length = postcard::to_slice(message, scratch).ok()?.len();
    let crc = CRC.checksum(scratch.get(..length)?).to_le_bytes();
    scratch.get_mut(length..length + CRC_LENGTH)?.copy_from_slice(&crc);
    let end = cobs::try_encode(scratch.get(..length + CRC_LENGTH)?, out).ok()?;
    *out.get_mut(end)? = 0;
    Some(end + 1)
}

/// Finds frames in a stream of bytes; `N` is the maximum length of a message with its CRC.
#[derive(Debug)]
pub struct Decoder<const N: usize> {
    cobs: CobsDecoderHeapless<N>,
    /// Bytes of the message in the buffer, once it is complete.
    message: Option<usize>,
}

impl<const N: usize> Default for Decoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Decoder<N> {
    /// Returns a decoder that has received nothing.
    pub fn new() -> Self {
        Decoder { cobs: CobsDecoderHeapless::new(), message: None }
    }

    /// Takes the next byte; returns whether it completed an undamaged message, which [`message`](Self::message) then
    /// decodes. The next byte after that starts a new frame.
    pub fn push(&mut self, byte: u8) -> bool {
        self.message = None;
        match self.cobs.feed(byte) {
            Ok(Some(length)) => self.message = self.checked(length),
            Ok(None) => {}
            // Over-long or malformed: drop the buffer; the rest up to the next zero fails its CRC.
            Err(_) => self.cobs.reset(),
        }
        self.message.is_some()
    }

    /// Returns the message that the last byte completed; `None` if there is none, or it is not an `M`.
    pub fn message<'a, M: Deserialize<'a>>(&'a self) -> Option<M> {
        postcard::from_bytes(self.cobs.dest().get(..self.message?)?).ok()
    }

    fn checked(&self, length: usize) -> Option<usize> {
        let (message, crc) = self.cobs.dest().get(..length)?.split_last_chunk::<CRC_LENGTH>()?;
        (CRC.checksum(message) == u32::from_le_bytes(*crc)).then_some(message.len())
    }
}

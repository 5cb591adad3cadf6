//! Frames: a postcard message and its CRC-32, made free of zero bytes by COBS, ended by a zero byte.
//!
//! Any byte pipe carries them; after any loss or damage the next zero byte is a new start. What arrives damaged is
//! dropped here: the layer above only ever sees whole messages.

use cobs::CobsDecoderHeapless;
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::{Deserialize, Serialize};

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
/// Bytes of the checksum behind each message.
pub const CRC_LENGTH: usize = 4;

/// Bytes that a frame may have beyond those of its message: CRC, COBS's first code byte and one each 254, the end.
pub const fn overhead(message: usize) -> usize {
    CRC_LENGTH + 1 + (message + CRC_LENGTH) / 254 + 1
}

/// Puts a message's frame into `out`; `scratch` holds the message meanwhile. Returns the frame's length, `None` where
/// one of them is too small.
pub fn encode<M: Serialize>(message: &M, scratch: &mut [u8], out: &mut [u8]) -> Option<usize> {
    let length = postcard::to_slice(message, scratch).ok()?.len();
    let crc = CRC.checksum(scratch.get(..length)?).to_le_bytes();
    scratch.get_mut(length..length + CRC_LENGTH)?.copy_from_slice(&crc);
    let end = cobs::try_encode(scratch.get(..length + CRC_LENGTH)?, out).ok()?;
    *out.get_mut(end)? = 0;
    Some(end + 1)
}

/// Finds frames in a stream of bytes; `N` bounds a message and its CRC.
#[derive(Debug)]
pub struct Decoder<const N: usize> {
    cobs: CobsDecoderHeapless<N>,
    /// Bytes of the message in the buffer, once one is whole.
    message: Option<usize>,
}

impl<const N: usize> Default for Decoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Decoder<N> {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Decoder { cobs: CobsDecoderHeapless::new(), message: None }
    }

    /// Takes the next byte; whether it completed a whole, undamaged message, which [`message`](Self::message) then
    /// reads. The next byte after that starts over.
    pub fn push(&mut self, byte: u8) -> bool {
        self.message = None;
        match self.cobs.feed(byte) {
            Ok(Some(length)) => self.message = self.checked(length),
            Ok(None) => {}
            // Over-long or malformed: drop what is there; what follows up to the next zero fails its CRC.
            Err(_) => self.cobs.reset(),
        }
        self.message.is_some()
    }

    /// The message that the last byte completed; `None` where there is none, or it is not an `M`.
    pub fn message<'a, M: Deserialize<'a>>(&'a self) -> Option<M> {
        postcard::from_bytes(self.cobs.dest().get(..self.message?)?).ok()
    }

    fn checked(&self, length: usize) -> Option<usize> {
        let (message, crc) = self.cobs.dest().get(..length)?.split_last_chunk::<CRC_LENGTH>()?;
        (CRC.checksum(message) == u32::from_le_bytes(*crc)).then_some(message.len())
    }
}

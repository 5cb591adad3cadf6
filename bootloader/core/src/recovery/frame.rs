//! Frames on the line, received and sent: COBS around a message and its CRC-32, ended by a zero byte. The same frames
//! as those of `lifeboot_wire::frame`, in a tenth of the code; tests compare the two.

use super::line::Line;
use crate::checksum::CRC;
use crc::{Digest, NoTable};

const CRC_LENGTH: usize = 4;

/// Data bytes of the longest run without a zero; after such a run no zero is implied.
const RUN: usize = 254;
/// The code byte before such a run.
const FULL: u8 = 0xff;

/// A frame that is being received; `N` is the maximum length of a message with its CRC.
pub struct Incoming<const N: usize> {
    bytes: [u8; N],
    /// Bytes so far; more than `N` if the frame is too long.
    length: usize,
    /// The code byte of the run, and how many of the run's bytes are still to come.
    code: u8,
    left: u8,
}

impl<const N: usize> Incoming<N> {
    /// Returns an empty frame.
    pub const fn new() -> Self {
        Incoming { bytes: [0; N], length: 0, code: FULL, left: 0 }
    }

    /// Takes the next byte; returns the message if the byte completes an undamaged one. The next byte then starts a new
    /// frame.
    pub fn push(&mut self, byte: u8) -> Option<&[u8]> {
        if byte == 0 {
            let (length, is_whole) = (self.length, self.left == 0);
            (self.length, self.code, self.left) = (0, FULL, 0);
            let (message, crc) = self.bytes.get(..length)?.split_last_chunk::<CRC_LENGTH>()?;
            return (is_whole && CRC.checksum(message) == u32::from_le_bytes(*crc)).then_some(message);
        }
        if self.left == 0 {
            if self.code != FULL {
                self.put(0);
            }
            self.code = byte;
            self.left = byte - 1;
        } else {
            self.left -= 1;
            self.put(byte);
        }
        None
    }

    fn put(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
        }
        // Counts on even without room, up to `N` + 1: a frame of that length is never accepted.
        self.length = (self.length + 1).min(N + 1);
    }
}

/// A frame that is being sent.
pub struct Outgoing<'a, L> {
    line: &'a mut L,
    crc: Digest<'static, u32, NoTable>,
    run: [u8; RUN],
    length: usize,
}

impl<'a, L: Line> Outgoing<'a, L> {
    /// Begins a frame, after whatever is on the line.
    pub fn begin(line: &'a mut L) -> Self {
        line.send(0);
        Outgoing { line, crc: CRC.digest(), run: [0; RUN], length: 0 }
    }

    /// Sends bytes of the message.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.stuff(bytes);
    }

    /// Sends a number as postcard does: seven bits a byte, the lowest first.
    #[inline(never)]
    pub fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.bytes(&[number as u8 | 0x80]);
            number >>= 7;
        }
        self.bytes(&[number as u8]);
    }

    /// Ends the message and the frame.
    pub fn end(mut self) {
        let crc = self.crc.clone().finalize().to_le_bytes();
        self.stuff(&crc);
        self.end_run();
        self.line.send(0);
    }

    #[inline(never)]
    fn stuff(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let (Some(place), 1..) = (self.run.get_mut(self.length), *byte) {
                *place = *byte;
                self.length += 1;
            }
            if *byte == 0 || self.length == RUN {
                self.end_run();
            }
        }
    }

    #[inline(never)]
    fn end_run(&mut self) {
        self.line.send(self.length as u8 + 1);
        self.run.iter().take(self.length).for_each(|byte| self.line.send(*byte));
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes a frame of these bytes, none of which is zero; returns the length of the message.
    fn received<const N: usize>(bytes: &[u8]) -> Option<usize> {
        let mut frame = Incoming::<N>::new();
        for byte in [bytes.len() as u8 + 1].iter().chain(bytes) {
            assert_eq!(frame.push(*byte), None);
        }
        frame.push(0).map(<[u8]>::len)
    }

    #[test]
    fn a_frame_is_as_long_as_its_place_at_most() {
        let mut bytes = [7; 9];
        bytes[4..8].copy_from_slice(&CRC.checksum(&[7; 4]).to_le_bytes());
        assert!(!bytes.contains(&0));
        assert_eq!(received::<8>(&bytes[..8]), Some(4));
        assert_eq!(received::<7>(&bytes[..8]), None);
        // What has no room is not forgotten: the first eight bytes alone would be a message.
        assert_eq!(received::<8>(&bytes), None);
    }
}

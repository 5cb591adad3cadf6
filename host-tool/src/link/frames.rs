//! Finds frames between whatever else is on the line.
//!
//! Firmware that prints text on the same line ends nothing with a zero byte, so the text runs into the next frame. The
//! frame is its tail: each tail is tried, and a CRC that fits tells the right one.

use lifeboot_updater::frame::Decoder;
use serde::Deserialize;

/// Bytes of the largest message that can be understood; answers of this version have a few hundred at most.
const MESSAGE: usize = 4096;
/// Bytes of the longest tail that is tried.
const TAIL: usize = 512;

/// Puts bytes together to frames.
pub(super) struct Frames {
    /// Since the last zero.
    bytes: Vec<u8>,
    decoder: Box<Decoder<MESSAGE>>,
}

impl Frames {
    pub(super) fn new() -> Self {
        Frames { bytes: Vec::new(), decoder: Box::default() }
    }

    /// Forgets the beginning of a frame.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Takes the next byte; whether it completed a frame, which [`message`](Self::message) then reads.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        if byte != 0 {
            // Without any zero this is no line of ours; a megabyte of it must not pile up.
            if self.bytes.len() >= 2 * MESSAGE {
                self.bytes.drain(..MESSAGE);
            }
            self.bytes.push(byte);
            return false;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let tails = bytes.len().saturating_sub(TAIL).max(1)..bytes.len();
        let found = std::iter::once(0).chain(tails).any(|start| {
            bytes[start..].iter().for_each(|byte| {
                self.decoder.push(*byte);
            });
            self.decoder.push(0)
        });
        self.bytes = bytes;
        self.bytes.clear();
        found
    }

    /// The message of the frame that was completed; `None` where it is of a kind that this version does not know.
    pub(super) fn message<'a, M: Deserialize<'a>>(&'a self) -> Option<M> {
        self.decoder.message()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboot_updater::frame;
    use lifeboot_updater::wire::{Answer, Body};
    use proptest::prelude::*;

    fn frame_of(next: u32) -> Vec<u8> {
        let (mut scratch, mut out) = ([0; 64], [0; 64]);
        let answer = Answer { number: 7, body: Body::Written { next } };
        let length = frame::encode(&answer, &mut scratch, &mut out).unwrap();
        out[..length].to_vec()
    }

    fn found(bytes: &[u8]) -> Vec<u32> {
        let mut frames = Frames::new();
        let mut found = Vec::new();
        for byte in bytes {
            if frames.push(*byte)
                && let Some(Answer { body: Body::Written { next }, .. }) = frames.message()
            {
                found.push(next);
            }
        }
        found
    }

    #[test]
    fn text_in_front_of_a_frame_is_no_harm() {
        let bytes =
            [b"boot ok\r\n".as_slice(), &frame_of(1), b"tick\r\n", &frame_of(2), &[0, 0], &frame_of(3)].concat();
        assert_eq!(found(&bytes), [1, 2, 3]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn whatever_stands_between_zeros_the_next_frame_is_found(
            garbage in prop::collection::vec(any::<u8>(), 0..3000), next in any::<u32>(),
        ) {
            let bytes = [garbage.as_slice(), &[0], &frame_of(next)].concat();
            prop_assert_eq!(found(&bytes).last().copied(), Some(next));
        }

        #[test]
        fn a_damaged_frame_is_dropped(next in any::<u32>(), at in 0usize..8, flip in 1u8..) {
            let mut bytes = frame_of(next);
            let end = bytes.len() - 1;
            bytes[at % end] ^= flip;
            prop_assert!(found(&bytes).is_empty());
        }
    }
}

//! Finds frames among the other bytes on the line.
//!
//! Firmware that prints text on the same line does not end it with a zero byte, so the text runs into the next frame.
//! The frame is a tail of these bytes: each tail is tried, and a matching CRC identifies it. The bytes before it are
//! passed on to listeners. Text is passed on even before a zero arrives, since a program without Lifeboot never sends
//! one.

use lifeboot_wire::frame::Decoder;
use serde::Deserialize;

/// Longest message that is accepted; answers of this version have at most a few hundred bytes.
const MESSAGE: usize = 4096;
/// More bytes than a frame of a device has.
const LONGEST: usize = 1024;
/// Longest tail that is tried.
const TAIL: usize = 512;

/// What a byte completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A frame, which [`message`](Frames::message) reads.
    Frame,
    /// Nothing between two zeros: the sender resynchronises, as a device does that has just started.
    Empty,
    /// Bytes that are not a frame, or a damaged frame.
    Other,
}

/// Assembles bytes into frames.
pub(super) struct Frames {
    /// The bytes since the last zero.
    bytes: Vec<u8>,
    /// How many of them were passed on as text.
    handed: usize,
    /// If `Some`, the bytes before the last zero are still in `bytes`, and this many of them are not part of the frame.
    others: Option<usize>,
    decoder: Box<Decoder<MESSAGE>>,
}

impl Frames {
    pub(super) fn new() -> Self {
        Frames { bytes: Vec::new(), handed: 0, others: None, decoder: Box::default() }
    }

    /// Discards the beginning of a frame.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.handed = 0;
        self.others = None;
    }

    /// Adds the next byte. Returns what it completed, if anything.
    pub(super) fn push(&mut self, byte: u8) -> Option<End> {
        if self.others.is_some() {
            self.clear();
        }
        if byte != 0 {
            // Bytes without any zero are not ours; they must not pile up in memory.
            if self.bytes.len() >= 2 * MESSAGE {
                self.bytes.drain(..MESSAGE);
                self.handed = self.handed.saturating_sub(MESSAGE);
            }
            self.bytes.push(byte);
            return None;
        }
        let tails = self.bytes.len().saturating_sub(TAIL).max(1)..self.bytes.len();
        let found = std::iter::once(0).chain(tails).find(|start| {
            self.bytes[*start..].iter().for_each(|byte| {
                self.decoder.push(*byte);
            });
            self.decoder.push(0)
        });
        self.others = Some(found.unwrap_or(self.bytes.len()));
        Some(match found {
            Some(_) => End::Frame,
            None if self.bytes.is_empty() => End::Empty,
            None => End::Other,
        })
    }

    /// Returns the message of the completed frame; `None` if this version does not know its kind.
    pub(super) fn message<'a, M: Deserialize<'a>>(&'a self) -> Option<M> {
        self.decoder.message()
    }

    /// Returns the bytes before the last zero that were not part of a frame, without those already passed on as text.
    pub(super) fn others(&self) -> &[u8] {
        self.others.and_then(|end| self.bytes.get(self.handed..end)).unwrap_or_default()
    }

    /// Returns the bytes since the last zero, if they are text; each byte is returned once. The beginning of a frame is
    /// not text: neither its number nor what follows it reads as text. Whole lines are also returned if a few of their
    /// bytes were damaged, since a program without Lifeboot never sends the zero that would end them.
    pub(super) fn text(&mut self) -> Option<&[u8]> {
        let from = self.handed;
        if self.others.is_some() || from == self.bytes.len() {
            return None;
        }
        let end = if is_text(&self.bytes[from..]) { self.bytes.len() } else { self.lines_end()? };
        self.handed = end;
        self.bytes.get(from..end)
    }

    /// Returns whether more bytes have arrived without a zero than any frame of a device has: they may be text of a
    /// program that never pauses.
    pub(super) fn is_long(&self) -> bool {
        self.others.is_none() && self.bytes.len() - self.handed.min(self.bytes.len()) >= LONGEST
    }

    /// Returns whether a frame has begun to arrive: bytes that are not text and were not ended by a zero yet.
    pub(super) fn is_receiving(&self) -> bool {
        self.others.is_none() && self.bytes.get(self.handed..).is_some_and(|bytes| !bytes.is_empty() && !is_text(bytes))
    }

    /// Returns where the last complete line ends, if what has not been passed on yet up to there is mostly text.
    fn lines_end(&self) -> Option<usize> {
        let unread = self.bytes.get(self.handed..)?;
        let length = unread.iter().rposition(|byte| *byte == b'\n')? + 1;
        let lines = &unread[..length];
        // A line is judged as a whole, with its beginning that was passed on already.
        let before = self.bytes[..self.handed].iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
        let is_frame = self.handed == 0
            && lines.first().is_some_and(|first| !is_text(&[*first]))
            && lines.iter().filter(|byte| **byte == b'\n').count() < 2;
        (!is_frame && is_mostly_text(&self.bytes[before..self.handed + length])).then_some(self.handed + length)
    }
}

/// Returns whether bytes are a line of text in which at most one byte of eight was damaged.
pub fn is_mostly_text(bytes: &[u8]) -> bool {
    let bad: usize = bytes
        .utf8_chunks()
        .map(|chunk| chunk.invalid().len() + chunk.valid().chars().filter(|letter| !is_letter(*letter)).count())
        .sum();
    bad * 8 <= bytes.len()
}

/// Returns whether bytes are text; the last character may be incomplete.
pub fn is_text(bytes: &[u8]) -> bool {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        Err(_) => return false,
    };
    text.chars().all(is_letter)
}

fn is_letter(letter: char) -> bool {
    // An escape character starts a colour sequence.
    !letter.is_control() || matches!(letter, '\n' | '\r' | '\t' | '\x1b' | '\x08')
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboot_wire::{Answer, Body, frame};
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
            if frames.push(*byte) == Some(End::Frame)
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

    #[test]
    fn what_is_no_frame_is_handed_on_once() {
        let mut frames = Frames::new();
        let push = |frames: &mut Frames, bytes: &[u8]| bytes.iter().filter_map(|byte| frames.push(*byte)).last();
        assert_eq!(push(&mut frames, b"panicked at "), None);
        assert_eq!(frames.text(), Some(b"panicked at ".as_slice()));
        assert_eq!(frames.text(), None);
        assert_eq!(push(&mut frames, &[b"main.rs\r\n".as_slice(), &frame_of(1)].concat()), Some(End::Frame));
        assert_eq!(frames.others(), b"main.rs\r\n");
        let frame = frame_of(2);
        let (most, zero) = frame.split_at(frame.len() - 1);
        assert_eq!(push(&mut frames, most), None);
        assert_eq!(frames.text(), None, "half a frame is no text");
        assert_eq!((push(&mut frames, zero), frames.others()), (Some(End::Frame), [].as_slice()));
        assert_eq!((push(&mut frames, &[0]), frames.others()), (Some(End::Empty), [].as_slice()));
        assert_eq!((push(&mut frames, b"no frame\0"), frames.others()), (Some(End::Other), b"no frame".as_slice()));
    }

    #[test]
    fn a_bad_byte_in_a_line_of_text_does_not_hold_it_back() {
        let mut frames = Frames::new();
        let push = |frames: &mut Frames, bytes: &[u8]| assert!(bytes.iter().all(|byte| frames.push(*byte).is_none()));
        push(&mut frames, b"temper\xffature 21\nand so on");
        assert_eq!(frames.text(), Some(b"temper\xffature 21\n".as_slice()));
        assert_eq!(frames.text(), Some(b"and so on".as_slice()));
        push(&mut frames, b"\xfe and on");
        assert_eq!(frames.text(), None, "the line goes on");
        push(&mut frames, b"\n");
        assert_eq!(frames.text(), Some(b"\xfe and on\n".as_slice()));
        // Another zero ends all that, and a frame is found as before.
        assert_eq!(frame_of(9).iter().filter_map(|byte| frames.push(*byte)).last(), Some(End::Frame));
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

//! Splits a program's log into defmt's frames, which each end with a zero byte, and detects where the program started.
//!
//! A program that starts logs a zero byte first (`defmt::Encoder::start_frame`), so an empty frame is a start. If the
//! previous run ended inside a frame, that zero ends the frame instead, which then cannot be decoded.

/// What a piece of a log contained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The program has started.
    Start,
    /// A frame, without its zero byte.
    Frame(Vec<u8>),
}

/// Splits the bytes of a log, piece by piece.
#[derive(Default)]
pub(super) struct Stream {
    /// The bytes since the last zero.
    bytes: Vec<u8>,
    /// Whether the beginning of the next frame is missing.
    torn: bool,
    /// Whether a zero byte was received yet.
    begun: bool,
}

/// Longest frame; the rest of a longer one is dropped.
const LONGEST: usize = 64 * 1024;

impl Stream {
    /// Adds a piece. `makes_sense` returns whether a frame can be decoded, if that decides whether a program has
    /// started.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        resynchronised: bool,
        makes_sense: impl Fn(&[u8]) -> bool,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        for (at, byte) in piece.iter().enumerate() {
            if *byte != 0 {
                if self.bytes.len() < LONGEST {
                    self.bytes.push(*byte);
                }
                continue;
            }
            let frame = std::mem::take(&mut self.bytes);
            let torn = std::mem::take(&mut self.torn);
            let first = !std::mem::replace(&mut self.begun, true);
            // If the line resynchronised with this piece, the previous frame may have been cut off.
            let cut = resynchronised && at == 0 && !frame.is_empty() && !makes_sense(&frame);
            if frame.is_empty() || cut {
                // The very first frame is also empty if its beginning was sent before this connection.
                if !first {
                    found.push(Found::Start);
                }
            } else if !torn {
                found.push(Found::Frame(frame));
            }
        }
        found
    }

    /// Marks a loss of bytes: what follows up to the next zero is not a frame.
    pub(super) fn tear(&mut self) {
        self.torn = !self.bytes.is_empty();
        self.bytes.clear();
    }

    /// Starts over for another connection, perhaps to another program, perhaps in the middle of a frame.
    pub(super) fn restart(&mut self) {
        *self = Stream::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Found::{Frame, Start};

    fn frame(text: &[u8]) -> Found {
        Frame(text.to_vec())
    }

    #[test]
    fn frames_are_put_together_from_pieces() {
        let mut stream = Stream::default();
        assert_eq!(stream.push(b"on", false, |_| true), []);
        assert_eq!(stream.push(b"e\0tw", false, |_| true), [frame(b"one")]);
        assert_eq!(stream.push(b"o\0", false, |_| true), [frame(b"two")]);
    }

    #[test]
    fn an_empty_frame_is_a_start_unless_it_is_the_first_thing_that_was_heard() {
        let mut stream = Stream::default();
        assert_eq!(stream.push(b"\0one\0", true, |_| true), [frame(b"one")]);
        assert_eq!(stream.push(b"\0one\0", true, |_| true), [Start, frame(b"one")]);
    }

    #[test]
    fn a_start_ends_a_frame_that_a_reset_cut_off() {
        let mut stream = Stream::default();
        stream.push(b"one\0tw", false, |_| true);
        assert_eq!(stream.push(b"\0one\0", true, |_| false), [Start, frame(b"one")]);
        // The line resynchronised, as for a panic's message, and the frame continues.
        stream.push(b"two", false, |_| true);
        assert_eq!(stream.push(b"\0three\0", true, |_| true), [frame(b"two"), frame(b"three")]);
    }

    #[test]
    fn what_lost_bytes_have_torn_is_dropped() {
        let mut stream = Stream::default();
        stream.push(b"one\0tw", false, |_| true);
        stream.tear();
        assert_eq!(stream.push(b"ree\0four\0", false, |_| true), [frame(b"four")]);
        stream.tear();
        assert_eq!(stream.push(b"five\0", false, |_| true), [frame(b"five")]);
    }
}

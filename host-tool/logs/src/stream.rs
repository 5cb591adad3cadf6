//! Cuts a program's log into defmt's frames, which end with a zero each, and finds where the program began.
//!
//! A program that starts logs a zero first (`defmt::Encoder::start_frame`), so an empty frame is a start. Where the start
//! before ended inside of a frame, that zero ends the frame instead, which then makes no sense.

/// What a piece of log brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The program has started.
    Start,
    /// A frame, without its zero.
    Frame(Vec<u8>),
}

/// The bytes of a log, piece by piece.
#[derive(Default)]
pub(super) struct Stream {
    /// Since the last zero.
    bytes: Vec<u8>,
    /// The beginning of the next frame is missing.
    torn: bool,
    /// Whether anything has come at all.
    begun: bool,
}

/// Bytes of a frame at most; what is longer is none.
const LONGEST: usize = 64 * 1024;

impl Stream {
    /// The next piece. `makes_sense` says whether a frame does, if that decides whether a program has started.
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
            // A line that resynchronised with this piece may have cut off the frame before.
            let cut = resynchronised && at == 0 && !frame.is_empty() && !makes_sense(&frame);
            if frame.is_empty() || cut {
                // The first frame of all is empty also where its beginning was sent before anybody listened.
                if !first {
                    found.push(Found::Start);
                }
            } else if !torn {
                found.push(Found::Frame(frame));
            }
        }
        found
    }

    /// Bytes were lost here: what follows up to the next zero is no frame.
    pub(super) fn tear(&mut self) {
        self.torn = !self.bytes.is_empty();
        self.bytes.clear();
    }

    /// Another connection, perhaps to another program, perhaps in the middle of a frame.
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
        // The line resynchronised, as for a panic's message, and the frame goes on.
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

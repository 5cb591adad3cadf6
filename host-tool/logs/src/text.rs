//! Lines of text between the frames.

use lifeboot_client::link::{is_mostly_text, is_text};
use std::time::Duration;

/// How long to wait for the rest of a line.
const LINE_TIMEOUT: Duration = Duration::from_secs(1);

/// Fewest bytes of a line that is recognised among other bytes.
const SHORTEST: usize = 8;

/// Collects text, and holds the line that has not ended yet.
#[derive(Default)]
pub(super) struct Text {
    line: Vec<u8>,
    /// When the line's first byte and its last byte arrived.
    times: Option<(Duration, Duration)>,
}

/// A piece of the bytes between frames.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A complete line, and when its first byte arrived.
    Line(Duration, String),
    /// This many bytes that are not text.
    Noise(usize),
}

impl Text {
    /// Adds bytes that are not a frame.
    pub(super) fn push(&mut self, now: Duration, bytes: &[u8]) -> Vec<Piece> {
        if is_text(bytes) || self.would_be_text(bytes) {
            return self.push_text(now, bytes);
        }
        let mut pieces = Vec::new();
        // Each line is judged by itself: a bad byte in one of them spoils neither it nor the others.
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.is_line(line) {
                pieces.extend(self.push_text(now, line));
                continue;
            }
            pieces.extend(self.flush());
            match pieces.last_mut() {
                Some(Piece::Noise(length)) => *length += line.len(),
                _ => pieces.push(Piece::Noise(line.len())),
            }
        }
        pieces
    }

    fn push_text(&mut self, now: Duration, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for byte in bytes {
            let (first, _) = self.times.unwrap_or((now, now));
            self.times = Some((first, now));
            match byte {
                b'\n' => pieces.extend(self.end()),
                byte => self.line.push(*byte),
            }
        }
        pieces
    }

    /// Returns whether these bytes are a line of text, or continue one. A few letters among noise are noise.
    fn is_line(&self, bytes: &[u8]) -> bool {
        let line = [&self.line, bytes].concat();
        line.len() >= SHORTEST && is_mostly_text(&line)
    }

    /// Returns an incomplete line once its rest has not arrived in time.
    pub(super) fn tick(&mut self, now: Duration) -> Option<Piece> {
        let (_, last) = self.times?;
        if now.saturating_sub(last) < LINE_TIMEOUT { None } else { self.flush() }
    }

    /// Returns the current line, even if it is incomplete.
    pub(super) fn flush(&mut self) -> Option<Piece> {
        if self.line.is_empty() { None } else { self.end() }
    }

    fn end(&mut self) -> Option<Piece> {
        let (first, _) = self.times.take()?;
        let line = std::mem::take(&mut self.line);
        Some(Piece::Line(first, String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()))
    }

    /// A character's bytes may arrive in two pieces.
    fn would_be_text(&self, bytes: &[u8]) -> bool {
        !self.line.is_empty() && is_text(&[&self.line, bytes].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn line(seconds: u64, text: &str) -> Piece {
        Piece::Line(at(seconds), text.to_owned())
    }

    #[test]
    fn lines_are_put_together_and_the_rest_is_not_waited_for_for_ever() {
        let mut text = Text::default();
        assert_eq!(text.push(at(1), b"boot"), []);
        assert_eq!(text.push(at(1), b" ok\r\n\npanicked \xc3"), [line(1, "boot ok"), line(1, "")]);
        assert_eq!(text.push(at(1), b"\xa4"), []);
        assert_eq!(text.tick(at(1)), None);
        assert_eq!(text.tick(at(2)), Some(line(1, "panicked ä")));
        assert_eq!(text.tick(at(9)), None);
    }

    #[test]
    fn a_bad_byte_in_a_line_is_replaced_and_spoils_no_other() {
        let mut text = Text::default();
        let bytes = b"sensor ready\ntemper\xffature 21\nstate \x01 ok\n\xff\xfe\x80\x81\x03\x04\n";
        assert_eq!(
            text.push(at(1), bytes),
            [line(1, "sensor ready"), line(1, "temper\u{fffd}ature 21"), line(1, "state \u{1} ok"), Piece::Noise(7)]
        );
        assert_eq!(text.push(at(2), b"hello wor"), []);
        assert_eq!(text.push(at(2), b"\xffld\n"), [line(2, "hello wor\u{fffd}ld")]);
    }

    #[test]
    fn what_is_no_text_is_noise() {
        let mut text = Text::default();
        assert_eq!(text.push(at(1), b"half"), []);
        assert_eq!(text.push(at(2), &[0xff, 3, 0x80]), [line(1, "half"), Piece::Noise(3)]);
    }
}

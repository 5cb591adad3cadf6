//! Lines of text between the frames.

use lifeboot_client::link::is_text;
use std::time::Duration;

/// How long the rest of a line is waited for.
const LINE_TIMEOUT: Duration = Duration::from_secs(1);

/// Text that has come, and the line that is not ended yet.
#[derive(Default)]
pub(super) struct Text {
    line: Vec<u8>,
    /// When the first byte of it came, and the last.
    times: Option<(Duration, Duration)>,
}

/// What bytes between frames are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole line, and when its first byte came.
    Line(Duration, String),
    /// So many bytes that are no text.
    Noise(usize),
}

impl Text {
    /// Takes bytes that are no frame.
    pub(super) fn push(&mut self, now: Duration, bytes: &[u8]) -> Vec<Piece> {
        if !is_text(bytes) && !self.would_be_text(bytes) {
            let mut pieces: Vec<Piece> = self.flush().into_iter().collect();
            pieces.push(Piece::Noise(bytes.len()));
            return pieces;
        }
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

    /// The rest of a line that does not come.
    pub(super) fn tick(&mut self, now: Duration) -> Option<Piece> {
        let (_, last) = self.times?;
        if now - last < LINE_TIMEOUT { None } else { self.flush() }
    }

    /// What there is of a line, ended or not.
    pub(super) fn flush(&mut self) -> Option<Piece> {
        if self.line.is_empty() { None } else { self.end() }
    }

    fn end(&mut self) -> Option<Piece> {
        let (first, _) = self.times.take()?;
        let line = std::mem::take(&mut self.line);
        Some(Piece::Line(first, String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()))
    }

    /// A letter's bytes may come in two pieces.
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
    fn what_is_no_text_is_noise() {
        let mut text = Text::default();
        assert_eq!(text.push(at(1), b"half"), []);
        assert_eq!(text.push(at(2), &[0xff, 3, 0x80]), [line(1, "half"), Piece::Noise(3)]);
    }
}

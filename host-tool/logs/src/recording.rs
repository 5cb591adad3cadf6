//! Records what is received in a file, and replays it.
//!
//! A recording is text, one JSON object a line. The first one identifies the file and the number of this format:
//! `{"lifeboot_recording":1}`. Each other one has `at_us`, microseconds since the monitor began, and one of:
//!
//! | member | what |
//! | --- | --- |
//! | `bytes` | bytes that came from the device, in hexadecimal digits |
//! | `lost` | the connection was lost, and why |
//! | `connected` | `true`: it was made again |
//!
//! An incomplete line at the end of the file, as after a crash, is ignored.

use crate::error::MonitorError;
use lifeboot_artifact::hex;
use lifeboot_client::pipe::{Pipe, PipeError};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

/// The number of the format.
const FORMAT: u32 = 1;

/// How long a replay continues after its last entry.
const AFTER: Duration = Duration::from_millis(1500);

#[derive(Serialize, Deserialize)]
struct Head {
    lifeboot_recording: u32,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    at_us: u64,
    #[serde(flatten)]
    event: Event,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Bytes(String),
    Lost(String),
    Connected(bool),
}

/// A pipe that records everything received.
pub struct Recorded<P> {
    pipe: P,
    file: Option<Box<dyn Write + Send>>,
    began: Duration,
    received_at: Duration,
    failed: Option<io::Error>,
}

impl<P: Pipe> Recorded<P> {
    /// Records what is received from `pipe`; without a file, nothing is recorded.
    pub fn new(pipe: P, file: Option<Box<dyn Write + Send>>) -> Self {
        let mut recorded = Recorded { began: pipe.now(), received_at: Duration::ZERO, pipe, file, failed: None };
        recorded.write(&Head { lifeboot_recording: FORMAT });
        recorded
    }

    /// Returns the pipe.
    pub fn pipe(&mut self) -> &mut P {
        &mut self.pipe
    }

    /// Ends the recording, and reports whether everything was written.
    ///
    /// # Errors
    /// [`MonitorError::Write`]
    pub fn finish(&mut self) -> Result<(), MonitorError> {
        match self.failed.take() {
            Some(source) => Err(MonitorError::Write { source }),
            None => Ok(()),
        }
    }

    fn write(&mut self, value: &impl Serialize) {
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_string(value)
            .map_err(io::Error::from)
            // Flushed at once, because a recording is needed most if something goes wrong.
            .and_then(|line| file.write_all((line + "\n").as_bytes()).and_then(|()| file.flush()));
        if let Err(error) = written {
            self.failed = Some(error);
            self.file = None;
        }
    }

    fn note(&mut self, event: Event) {
        let at_us = self.now().as_micros() as u64;
        // Rounded to what the recording will say.
        self.received_at = Duration::from_micros(at_us);
        self.write(&Entry { at_us, event });
    }
}

impl<P: Pipe> Pipe for Recorded<P> {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        let read = self.pipe.read(buffer, wait);
        match &read {
            Ok(0) => {}
            Ok(length) => self.note(Event::Bytes(hex(&buffer[..*length]))),
            Err(error) => self.note(Event::Lost(error.to_string())),
        }
        read
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError> {
        let written = self.pipe.write(bytes);
        if let Err(error) = &written {
            self.note(Event::Lost(error.to_string()));
        }
        written
    }

    fn reconnect(&mut self) -> Result<(), PipeError> {
        self.pipe.reconnect()?;
        self.note(Event::Connected(true));
        Ok(())
    }

    fn now(&self) -> Duration {
        self.pipe.now().saturating_sub(self.began)
    }

    fn received_at(&self) -> Duration {
        self.received_at
    }

    fn pause(&mut self, time: Duration) {
        self.pipe.pause(time);
    }
}

/// A recording as a pipe. Its clock is the recording's, so waiting takes no real time. What is written to it is
/// dropped.
pub struct Replay {
    entries: VecDeque<Entry>,
    /// Number of bytes of the first entry that were read already.
    taken: usize,
    now: Duration,
    /// When the last entry that was read was received.
    received_at: Duration,
    /// When the last entry was received.
    end: Duration,
}

impl Replay {
    /// Parses a recording; `name` names it for people.
    ///
    /// # Errors
    /// [`MonitorError::Recording`]
    pub fn read(name: &str, text: &str) -> Result<Replay, MonitorError> {
        let wrong = |line: usize, why: &dyn std::fmt::Display| MonitorError::Recording {
            name: name.to_owned(),
            line,
            why: why.to_string(),
        };
        let mut lines = text.split_inclusive('\n').enumerate().map(|(index, line)| (index + 1, line));
        let (_, head) = lines.next().ok_or_else(|| wrong(1, &"it is empty"))?;
        let head: Head = serde_json::from_str(head).map_err(|error| wrong(1, &error))?;
        if head.lifeboot_recording != FORMAT {
            return Err(wrong(1, &format!("format {}, and this knows {FORMAT}", head.lifeboot_recording)));
        }
        let mut entries = VecDeque::new();
        for (number, line) in lines {
            match serde_json::from_str::<Entry>(line) {
                Ok(Entry { event: Event::Bytes(digits), .. }) if unhex(&digits).is_none() => {
                    return Err(wrong(number, &"these are no hexadecimal digits of bytes"));
                }
                Ok(entry) => entries.push_back(entry),
                Err(_) if !line.ends_with('\n') => {}
                Err(error) => return Err(wrong(number, &error)),
            }
        }
        let end = entries.back().map_or(Duration::ZERO, |entry: &Entry| Duration::from_micros(entry.at_us));
        Ok(Replay { entries, taken: 0, now: Duration::ZERO, received_at: Duration::ZERO, end })
    }

    /// Returns whether everything was played, and enough time has passed to show an incomplete line.
    pub fn is_over(&self) -> bool {
        self.entries.is_empty() && self.now >= self.end.saturating_add(AFTER)
    }

    /// Advances the clock to the next entry, but not beyond `until`. Returns whether the entry is due.
    fn wait(&mut self, until: Duration) -> bool {
        let due = self.entries.front().map(|entry| Duration::from_micros(entry.at_us)).filter(|due| *due <= until);
        self.now = self.now.max(due.unwrap_or(until));
        self.received_at = due.unwrap_or(self.received_at);
        due.is_some()
    }

    fn lost(reason: &str) -> PipeError {
        PipeError::Recorded { reason: reason.to_owned() }
    }
}

impl Pipe for Replay {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        if !self.wait(self.now.saturating_add(wait)) {
            return Ok(0);
        }
        match self.entries.front().map(|entry| &entry.event) {
            Some(Event::Bytes(digits)) => {
                let bytes = unhex(digits).unwrap_or_default();
                let rest = bytes.get(self.taken..).unwrap_or_default();
                let length = rest.len().min(buffer.len());
                buffer[..length].copy_from_slice(&rest[..length]);
                self.taken += length;
                if self.taken == bytes.len() {
                    self.taken = 0;
                    self.entries.pop_front();
                }
                Ok(length)
            }
            Some(Event::Lost(reason)) => {
                let error = Self::lost(reason);
                self.entries.pop_front();
                Err(error)
            }
            Some(Event::Connected(_)) | None => {
                self.entries.pop_front();
                Ok(0)
            }
        }
    }

    fn write(&mut self, _: &[u8]) -> Result<(), PipeError> {
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), PipeError> {
        match self.entries.front() {
            Some(Entry { event: Event::Connected(_), at_us }) if Duration::from_micros(*at_us) > self.now => {
                Err(Self::lost("not yet"))
            }
            Some(Entry { event: Event::Connected(_), .. }) => {
                self.entries.pop_front();
                Ok(())
            }
            // The recording ended before the connection was back, or was written by another program.
            _ => Ok(()),
        }
    }

    fn received_at(&self) -> Duration {
        self.received_at
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn pause(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

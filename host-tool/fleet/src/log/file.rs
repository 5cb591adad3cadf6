//! The file of a log: its lines, what is cut off, and what is damage.

use super::error::LogError;
use super::line::Chain;
use crate::rollout::Stamped;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const FORMAT: &str = "lifeboot-rollout";
const VERSION: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
}

/// A log that this process alone writes.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    chain: Chain,
    is_broken: bool,
    /// Closed, it is no longer locked.
    _lock: File,
}

/// What a file holds.
pub struct Content {
    /// The events of its whole lines.
    pub events: Vec<Stamped>,
    /// The bytes of its whole lines, the header included.
    pub length: u64,
    pub chain: Chain,
}

impl Log {
    /// Begins a log, in a file that has no whole line.
    pub(super) fn create(path: &Path, lock: File) -> Result<Log, LogError> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path);
        let file = file.map_err(LogError::io("create", path))?;
        let chain = Chain::default();
        let mut log = Log { path: path.to_owned(), file, chain, is_broken: false, _lock: lock };
        log.write(&json(&Header { format: FORMAT.to_owned(), version: VERSION }))?;
        Ok(log)
    }

    /// Goes on with a log, after what it holds. What was torn behind that is cut off.
    pub(super) fn go_on(path: &Path, content: &Content, lock: File) -> Result<Log, LogError> {
        let mut file = OpenOptions::new().write(true).open(path).map_err(LogError::io("open", path))?;
        let cut = file.set_len(content.length).and_then(|()| file.sync_data());
        cut.and_then(|()| file.seek(SeekFrom::End(0))).map_err(LogError::io("cut off the torn end of", path))?;
        Ok(Log { path: path.to_owned(), file, chain: content.chain, is_broken: false, _lock: lock })
    }

    /// Adds an event. Once this has returned, the event survives a crash of the machine.
    ///
    /// # Errors
    /// [`LogError`] if the disk does not take it. Then the log takes nothing more: whether the event is in it shows when it is
    /// opened again. Nothing that the event says may be begun.
    pub fn append(&mut self, event: &Stamped) -> Result<(), LogError> {
        self.write(&json(event))
    }

    fn write(&mut self, json: &str) -> Result<(), LogError> {
        if self.is_broken {
            return Err(LogError::Broken(self.path.clone()));
        }
        let (line, chain) = self.chain.line(json);
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        self.is_broken = written.is_err();
        self.chain = chain;
        written.map_err(LogError::io("write", &self.path))
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("events have no keys but texts, and no custom serializers that fail")
}

/// Reads what a file holds.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Content, LogError> {
    let mut content = Content { events: Vec::new(), length: 0, chain: Chain::default() };
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').zip(1..).peekable();
    while let Some((line, number)) = lines.next() {
        let Some(text) = line.strip_suffix(b"\n") else { break };
        match event(path, text, number, content.chain) {
            Ok((event, chain)) => {
                content.events.extend(event);
                content.length += line.len() as u64;
                content.chain = chain;
            }
            // The end of the file got to the disk, and what is before it did not.
            Err(_) if lines.peek().is_none() && line.contains(&0) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(content)
}

/// Returns the event of a line; `None` for the header.
fn event(path: &Path, text: &[u8], line: usize, chain: Chain) -> Result<(Option<Stamped>, Chain), LogError> {
    let damaged = |what: String| LogError::Damaged { path: path.to_owned(), line, what };
    let text = str::from_utf8(text).map_err(|_| damaged("it is no text".to_owned()))?;
    let (json, chain) = chain.read(text).map_err(damaged)?;
    if line > 1 {
        let event = serde_json::from_str(&json).map_err(|error| damaged(format!("it is no known event: {error}")))?;
        return Ok((Some(event), chain));
    }
    match serde_json::from_str::<Header>(&json) {
        Ok(Header { format, version: VERSION }) if format == FORMAT => Ok((None, chain)),
        Ok(Header { format, version }) => {
            Err(LogError::Format { path: path.to_owned(), found: format!("{format} {version}") })
        }
        Err(error) => Err(damaged(format!("it names no format: {error}"))),
    }
}

//! What a monitor shows: one record for each message, line of text and event.

use lifeboot_client::link::{self, LinkEvent, Waiting};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// A record of something that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it was received, on the link's clock: the time since the port was first opened.
    pub at: Duration,
    /// What was received.
    pub item: Item,
}

/// What was received.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Item {
    /// A message of a program's log.
    Log(Log),
    /// A line of plain text.
    Text {
        /// The line, without its line feed.
        text: String,
    },
    /// Log messages that could not be decoded.
    Unread {
        /// The program that sent them.
        source: Source,
        /// Number of messages.
        messages: usize,
        /// Number of their bytes.
        bytes: usize,
        /// The reason, if it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// Bytes that are neither text nor frames.
    Noise {
        /// Number of bytes.
        bytes: usize,
    },
    /// The connection was made.
    Connected,
    /// The connection is lost.
    Lost {
        /// The reason.
        reason: String,
    },
    /// A wait has taken longer than a second.
    Waiting {
        /// What is waited for, and for how long.
        what: String,
    },
    /// What the device runs, when the monitor starts.
    Running {
        /// Version, slot and state.
        firmware: String,
    },
    /// The device has started.
    Restarted {
        /// Version, slot and state of what it runs now.
        firmware: String,
    },
    /// The device runs another build than the given ELF files.
    OtherBuild {
        /// Version, slot and state of the running firmware.
        firmware: String,
        /// The first half of the running image's digest.
        digest: String,
        /// The ELF files, each with the first half of its digest.
        files: Vec<String>,
    },
    /// The device does not report what it runs.
    Silent,
    /// An update has ended.
    Outcome {
        /// Description of the outcome.
        outcome: String,
    },
}

/// The program that logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The bootloader.
    Bootloader,
    /// The firmware in a slot.
    Firmware,
}

/// Why messages could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No ELF file was given.
    NoFile,
    /// None of the given ELF files is the running program's.
    OtherBuild,
}

/// A message of a program's log.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Log {
    /// The program that logged it.
    pub source: Source,
    /// The program's own time; `null` if it has none.
    pub time: Option<String>,
    /// The message's level; `null` if it was printed without one.
    pub level: Option<Level>,
    /// The message.
    pub message: String,
    /// Where the message comes from, if the ELF file says so.
    #[serde(flatten)]
    pub place: Option<Place>,
}

/// A place in a program's source.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Place {
    /// The file, relative to the current folder if it lies inside.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// The module.
    pub module: String,
}

/// The severity of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are defmt's")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl Item {
    /// Returns an event of the connection as an item; `None` for what was received over the connection.
    pub fn of(event: &LinkEvent<'_>) -> Option<Item> {
        let at_most = |time: &Duration| match *time {
            Duration::MAX => "as long as it takes".to_owned(),
            time => format!("{} seconds at most", time.as_secs()),
        };
        Some(match event {
            LinkEvent::Lost(error) => Item::Lost { reason: error.to_string() },
            LinkEvent::Connected => Item::Connected,
            LinkEvent::Waiting(Waiting::Answer) => Item::Waiting { what: "the device to answer".to_owned() },
            LinkEvent::Waiting(Waiting::Port(time)) => {
                Item::Waiting { what: format!("the port to come back, {}", at_most(time)) }
            }
            LinkEvent::Waiting(Waiting::OtherHost(time)) => {
                Item::Waiting { what: format!("another host to fall silent, {}", at_most(time)) }
            }
            LinkEvent::Log(..) | LinkEvent::Status(_) | LinkEvent::Resynchronised | LinkEvent::Other(_) => return None,
        })
    }
}

impl Source {
    /// Returns the source's name.
    pub fn name(self) -> &'static str {
        match self {
            Source::Bootloader => "bootloader",
            Source::Firmware => "firmware",
        }
    }
}

impl From<link::Source> for Source {
    fn from(source: link::Source) -> Self {
        match source {
            link::Source::Bootloader => Source::Bootloader,
            link::Source::Firmware => Source::Firmware,
        }
    }
}

impl Level {
    /// Returns the level with this name.
    pub fn named(name: &str) -> Option<Level> {
        [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error]
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(name))
    }

    /// Returns the level's name.
    pub fn name(self) -> &'static str {
        match self {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        }
    }
}

impl Serialize for Record {
    /// Serialises an object: the time in seconds, the kind of record, and the fields of that kind.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            at: f64,
            #[serde(flatten)]
            item: &'a Item,
        }
        let at = self.at.as_micros() as f64 / 1e6;
        Flat { at, item: &self.item }.serialize(serializer)
    }
}

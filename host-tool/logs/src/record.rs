//! What a monitor shows: one record for each message, line of text, and event.

use lifeboot_client::link::{self, LinkEvent, Waiting};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// Something that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When, on the clock of the link's pipe: since the port was opened first.
    pub at: Duration,
    /// What.
    pub item: Item,
}

/// What was received.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Item {
    /// A message of a program's log.
    Log(Log),
    /// A line of text that came as such.
    Text {
        /// Without its end.
        text: String,
    },
    /// Log messages that could not be read.
    Unread {
        /// Whose.
        source: Source,
        /// How many.
        messages: usize,
        /// Bytes of them.
        bytes: usize,
        /// Why, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// Bytes that are neither text nor frames.
    Noise {
        /// How many.
        bytes: usize,
    },
    /// Connected.
    Connected,
    /// The connection is lost.
    Lost {
        /// Why.
        reason: String,
    },
    /// Something has been waited for, for a second.
    Waiting {
        /// For what, and for how long.
        what: String,
    },
    /// What the device runs, at the beginning.
    Running {
        /// Version, slot and state.
        firmware: String,
    },
    /// The device has started.
    Restarted {
        /// Version, slot and state of what it runs now.
        firmware: String,
    },
    /// What it runs is another build than the ELF files given.
    OtherBuild {
        /// Version, slot and state of what it runs.
        firmware: String,
        /// The first half of its digest.
        digest: String,
        /// The ELF files, each with the first half of its own.
        files: Vec<String>,
    },
    /// The device does not say what it runs.
    Silent,
    /// An update has ended.
    Outcome {
        /// How.
        outcome: String,
    },
}

/// Who logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The bootloader.
    Bootloader,
    /// The firmware in a slot.
    Firmware,
}

/// Why messages could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No ELF file was given.
    NoFile,
    /// None of those that were given is the program's.
    OtherBuild,
}

/// A message of a program's log.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Log {
    /// Whose.
    pub source: Source,
    /// The program's own time, where it has one.
    pub time: Option<String>,
    /// Its level; none for what is printed without.
    pub level: Option<Level>,
    /// The message.
    pub message: String,
    /// Where it comes from, where the ELF file says so.
    #[serde(flatten)]
    pub place: Option<Place>,
}

/// A place in a program's source.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Place {
    /// The file, from the current folder where it is below that.
    pub file: String,
    /// The line, from 1 on.
    pub line: u64,
    /// The module.
    pub module: String,
}

/// How grave a message is.
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
    /// What happens to a link's connection, as an item; `None` for what is said over it.
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
    /// Its name.
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
    /// The level of this name.
    pub fn named(name: &str) -> Option<Level> {
        [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error]
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(name))
    }

    /// Its name.
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
    /// An object: the time in seconds, what kind of record it is, and what belongs to that.
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

//! Reports on what a monitor has shown.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// `lifeboot monitor`: what was shown, and why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Monitored {
    /// Messages of programs.
    pub messages: u64,
    /// Lines of text that came as such.
    pub lines: u64,
    /// Messages that could not be read.
    pub unread: u64,
    /// Why it ended.
    pub ended: MonitorEnd,
}

/// Why a monitor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorEnd {
    /// Its time was over.
    Time,
    /// The text that it was to end with was shown.
    Text,
    /// The recording was over.
    Recording,
    /// Ctrl-C.
    Interrupt,
    /// The reader of what it showed closed the pipe.
    Closed,
}

impl Display for Monitored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Monitored { messages, lines, unread, ended } = self;
        let why = match ended {
            MonitorEnd::Time => "the time is over",
            MonitorEnd::Text => "the text was shown",
            MonitorEnd::Recording => "the recording is over",
            MonitorEnd::Interrupt => "interrupted",
            MonitorEnd::Closed => "nobody reads any more",
        };
        write!(f, "{why}: {messages} messages and {lines} lines of text shown, {unread} messages not readable")
    }
}

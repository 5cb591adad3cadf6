//! Reports on what a monitor showed.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// `lifeboot monitor`: what was shown, and why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Monitored {
    /// Number of log messages.
    pub messages: u64,
    /// Number of lines of plain text.
    pub lines: u64,
    /// Number of messages that could not be decoded.
    pub unread: u64,
    /// Why it ended.
    pub ended: MonitorEnd,
}

/// Why a monitor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorEnd {
    /// Its time had elapsed.
    Time,
    /// The text that it waited for was shown.
    Text,
    /// The recording ended.
    Recording,
    /// Ctrl-C was pressed.
    Interrupt,
    /// The reader of its output closed the pipe.
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

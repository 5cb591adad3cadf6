//! A record as a line of text.

use crate::record::{Item, Level, Log, Place, Reason, Record, Source};
use anstyle::{AnsiColor, Style};
use lifeboot_client::text::escaped;
use serde::{Serialize, Serializer};
use std::fmt::{self, Display};
use std::time::Duration;

/// What precedes each further line of a message: as many columns as the time and the level take.
const INDENT: &str = "\n                 ";

/// Style of everything but the message.
const DIMMED: Style = Style::new().dimmed();

/// A record as a coloured line without a line feed; or as JSON.
///
/// The time is the program's own if it has one; otherwise it is this host's, in seconds since the monitor began, with a
/// leading plus.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The record to show.
    pub record: &'a Record,
    /// Whether to show the source of a message.
    pub source: bool,
}

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = host(self.record.at);
        match &self.record.item {
            Item::Log(log) => self.log(f, at, log),
            Item::Text { text } => write!(f, "{at:>10}       {text}"),
            item => write!(f, "{DIMMED}{at:>10} ---   {item}{DIMMED:#}"),
        }
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.record.serialize(serializer)
    }
}

impl Line<'_> {
    fn log(&self, f: &mut fmt::Formatter<'_>, at: String, log: &Log) -> fmt::Result {
        let Log { source, time, level, message, place } = log;
        let style = style(*level);
        write!(f, "{:>10} {style}{:<5}{style:#} ", time.as_ref().unwrap_or(&at), level.map_or("", Level::name))?;
        if self.source {
            write!(f, "{:<10} ", source.name())?;
        }
        // The rest of a message of several lines cannot be taken for another message.
        f.write_str(&message.replace('\n', INDENT))?;
        match place {
            Some(Place { file, line, .. }) => write!(f, "  {DIMMED}{file}:{line}{DIMMED:#}"),
            None => Ok(()),
        }
    }
}

fn host(at: Duration) -> String {
    format!("+{:.3}", at.as_secs_f64())
}

fn style(level: Option<Level>) -> Style {
    match level {
        Some(Level::Trace) => DIMMED,
        Some(Level::Debug) => AnsiColor::Blue.on_default(),
        Some(Level::Info) => AnsiColor::Green.on_default(),
        Some(Level::Warn) => AnsiColor::Yellow.on_default(),
        Some(Level::Error) => AnsiColor::Red.on_default().bold(),
        None => Style::new(),
    }
}

/// Describes an event; a message or a line of text is shown unchanged.
impl Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Log(log) => f.write_str(&log.message),
            Item::Text { text } => f.write_str(text),
            Item::Unread { source, messages, bytes, reason } => {
                f.write_str(&unread(*source, *messages, *bytes, *reason))
            }
            Item::Noise { bytes } => {
                write!(f, "{bytes} bytes that are neither a frame nor text: noise, or another baud rate")
            }
            Item::Connected => f.write_str("connected again"),
            Item::Lost { reason } => f.write_str(&escaped(reason)),
            Item::Waiting { what } => write!(f, "waiting for {what}"),
            Item::Running { firmware } => write!(f, "the device runs {firmware}"),
            Item::Restarted { firmware } => write!(f, "the device has started: {firmware}"),
            Item::OtherBuild { firmware, digest, files } => write!(
                f,
                "the device runs {firmware}, digest {digest}, and that is another build than {}; its messages cannot be \
                 read without its own ELF file",
                files.join(" and ")
            ),
            Item::Silent => {
                f.write_str("the device does not say what it runs: messages are shown as the ELF file has them")
            }
            Item::Outcome { outcome } => write!(f, "the last update: {outcome}"),
        }
    }
}

fn unread(source: Source, messages: usize, bytes: usize, reason: Option<Reason>) -> String {
    let count = if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") };
    let why = match reason {
        Some(Reason::NoFile) => match source {
            Source::Bootloader => "without its ELF file (--bootloader) nobody can read them",
            Source::Firmware => "without its ELF file (--elf) nobody can read them",
        },
        Some(Reason::OtherBuild) => "they belong to another build than the ELF file",
        None => "they are damaged, or belong to another build than the ELF file",
    };
    format!("{count} of the {}, {bytes} bytes: {why}", source.name())
}

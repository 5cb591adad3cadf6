//! Shows what a device logs: messages that it encodes with defmt, read by the ELF file of what runs, and plain text.
//!
//! | module | does |
//! | --- | --- |
//! | `monitor` | listens to a link |
//! | `program` | a program's messages, and whether it is the program that runs |
//! | `stream` | cuts a log into frames, and sees where a program starts |
//! | `text` | lines of text between the frames |
//! | `record` | what is shown: one record for each message, line and event |
//! | `line` | a record as a line for people |
//! | `recording` | keeps what was received, and plays it again |
//!
//! A monitor ([`Shared`]) listens to a [`Link`](lifeboot_client::link::Link), also while a push goes on over it. Messages
//! are read with the ELF file whose digest is that of the running slot, as reported by the device, and with no other:
//! numbers of one build are nonsense in another. So after a start of the device messages wait until it has said what runs.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod error;
mod line;
mod monitor;
mod program;
mod reader;
mod record;
mod recording;
mod stream;
mod text;

pub use error::MonitorError;
pub use line::Line;
pub use monitor::{Monitor, Shared, Sink};
pub use program::Program;
pub use record::{Item, Level, Log, Place, Reason, Record, Source};
pub use recording::{Recorded, Replay};

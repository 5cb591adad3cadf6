//! Shows what a device logs: messages that it encodes with defmt, decoded with the ELF file of the running firmware,
//! and plain text.
//!
//! | module | does |
//! | --- | --- |
//! | `monitor` | listens to a link, and makes records |
//! | `program` | a program's messages, and whether it is the running program |
//! | `stream` | splits a log into frames, and detects where a program starts |
//! | `text` | lines of text between the frames |
//! | `record` | what is shown: one record for each message, line and event |
//! | `line` | a record as a line of text |
//! | `recording` | records what was received, and replays it |
//!
//! A monitor ([`Shared`]) listens to a [`Link`](lifeboot_client::link::Link), even during a push over it. Messages are
//! decoded only with the ELF file whose digest matches the running slot's, as reported by the device: message numbers
//! of another build would give wrong texts. So after a start of the device, messages wait until it has reported what it
//! runs.

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

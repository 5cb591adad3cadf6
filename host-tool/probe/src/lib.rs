//! Flashes a board through a debug probe, with [probe-rs](https://probe.rs). The command includes this crate only with
//! its cargo feature `probe`, because it is more code than the rest of the tool.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod error;
mod flasher;

pub use error::ProbeError;
pub use flasher::{Connection, Flasher, Listener, Phase};

//! Why nothing can be shown.

use miette::Diagnostic;
use std::io;
use thiserror::Error;

/// Why nothing can be shown.
#[derive(Debug, Error, Diagnostic)]
pub enum MonitorError {
    /// The ELF file's messages cannot be read.
    #[error("the log messages in {name} cannot be read: {why}")]
    #[diagnostic(help(
        "give the ELF file as cargo built it, not stripped; and a lifeboot that knows the firmware's version of defmt"
    ))]
    Elf {
        /// The file.
        name: String,
        /// The reader's words.
        why: String,
    },
    /// The firmware's log has no frames.
    #[error("the firmware in {name} logs in defmt's raw encoding, where a lost byte spoils all that follows")]
    #[diagnostic(help("build it without defmt's feature encoding-raw"))]
    Encoding {
        /// The file.
        name: String,
    },
    /// Not a recording.
    #[error("{name} is not a recording that this lifeboot can show: line {line}: {why}")]
    #[diagnostic(help("give a file that lifeboot monitor --record has written"))]
    Recording {
        /// The file.
        name: String,
        /// Which line of it, from 1 on.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// The recording could not be written.
    #[error("the recording could not be written to the end")]
    #[diagnostic(help("look for room on the disk; what was written before is whole"))]
    Write {
        /// Why.
        source: io::Error,
    },
}

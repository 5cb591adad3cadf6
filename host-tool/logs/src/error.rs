//! Why a log cannot be shown.

use miette::Diagnostic;
use std::io;
use thiserror::Error;

/// Why a log cannot be shown.
#[derive(Debug, Error, Diagnostic)]
pub enum MonitorError {
    /// The messages of the ELF file cannot be read.
    #[error("the log messages in {name} cannot be read: {why}")]
    #[diagnostic(help(
        "give the ELF file as cargo built it, not stripped; and a lifeboot that knows the firmware's version of defmt"
    ))]
    Elf {
        /// The file.
        name: String,
        /// The decoder's message.
        why: String,
    },
    /// The firmware's log is encoded without frames.
    #[error("the firmware in {name} logs in defmt's raw encoding, where a lost byte spoils all that follows")]
    #[diagnostic(help("build it without defmt's feature encoding-raw"))]
    Encoding {
        /// The file.
        name: String,
    },
    /// The file is not a recording.
    #[error("{name} is not a recording that this lifeboot can show: line {line}: {why}")]
    #[diagnostic(help("give a file that lifeboot monitor --record has written"))]
    Recording {
        /// The file.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong in that line.
        why: String,
    },
    /// The recording could not be written.
    #[error("the recording could not be written to the end")]
    #[diagnostic(help("look for room on the disk; what was written before is whole"))]
    Write {
        /// The reason.
        source: io::Error,
    },
}

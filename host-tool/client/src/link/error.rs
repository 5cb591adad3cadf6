//! Why a conversation failed.

use crate::pipe::PipeError;
use lifeboot_artifact::boards::MapError;
use miette::Diagnostic;
use thiserror::Error;

/// Why a conversation failed.
#[derive(Debug, Error, Diagnostic)]
pub enum LinkError {
    /// The connection was lost, and could not be made again.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Pipe(#[from] PipeError),
    /// The device does not answer.
    #[error("the device does not answer")]
    #[diagnostic(help(
        "check the port and --baud, that the firmware polls its lifeboot session, and that it is not held by a debugger"
    ))]
    Silent,
    /// Whole answers were received that this version does not know.
    #[error("the device answers, but with something that this version cannot read: an answer of kind {kind}")]
    #[diagnostic(help("use the lifeboot that belongs to the device's firmware, or a newer one"))]
    Unreadable {
        /// The number of the answer's kind, as received.
        kind: u32,
    },
    /// Text was received, but no answer.
    #[error("something answers at this port, but it is not Lifeboot: \"{text}\"")]
    #[diagnostic(help(
        "check the port; if it is the right one, check that its firmware polls a lifeboot session on this line"
    ))]
    Stranger {
        /// The longest line of the text.
        text: String,
    },
    /// The device answers, but nothing else gets through.
    #[error("the line loses too much: nothing has got through for a minute")]
    #[diagnostic(help("check the cable, its length and its ground, and try a lower baud rate; a push resumes"))]
    Noisy,
    /// The answer does not belong to the request.
    #[error("the device's answer does not fit the question")]
    #[diagnostic(help("use the lifeboot that belongs to the device's firmware, or a newer one"))]
    Unexpected,
    /// The device's flash map cannot be used.
    #[error("the device reports a flash map that cannot be used")]
    #[diagnostic(help("use the lifeboot that belongs to the device's bootloader, or a newer one"))]
    Map(#[from] MapError),
    /// The request does not fit a frame.
    #[error("the request is longer than any frame")]
    #[diagnostic(help("the device says that it takes more than it can: its firmware is at fault"))]
    TooLong,
    /// The wait was stopped: see [`Link::with_stop`](super::Link::with_stop).
    #[error("stopped")]
    #[diagnostic(help("lifeboot status shows the state of the device"))]
    Stopped,
}

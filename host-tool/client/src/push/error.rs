//! Why a push failed.

use crate::link::LinkError;
use crate::refusal::Refused;
use miette::Diagnostic;
use thiserror::Error;

/// Why a push failed.
#[derive(Debug, Error, Diagnostic)]
pub enum PushError {
    /// The conversation failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Link(#[from] LinkError),
    /// The device does not take the image.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refused(#[from] Refused),
    /// The transfer broke off again and again.
    #[error("the update broke off {times} times: the device restarts, or another host interferes")]
    #[diagnostic(help("check the device's supply and that nobody else updates it, then push again: it resumes"))]
    Interrupted {
        /// How often.
        times: u32,
    },
    /// The device went back to what it ran before.
    #[error("the device rolled back: {reason}")]
    #[diagnostic(help("now runs {running}. Correct the new firmware, and push it again"))]
    RolledBack {
        /// Why.
        reason: String,
        /// What runs.
        running: String,
    },
    /// The trial has gone, without a word why.
    #[error("the device runs {running}, and the trial of the new image has been called off")]
    #[diagnostic(help("another host may have begun an update: see lifeboot status, then push again"))]
    CalledOff {
        /// What runs.
        running: String,
    },
    /// The time is over.
    #[error("the new firmware was not confirmed within {seconds} seconds; last seen: {last}")]
    #[diagnostic(help(
        "if it never confirms, the device goes back by itself: lifeboot status tells; --timeout waits longer"
    ))]
    Unconfirmed {
        /// How long was waited.
        seconds: u64,
        /// The last that was seen of the device.
        last: String,
    },
}

//! Why a push failed.

use crate::link::LinkError;
use crate::refusal::Refused;
use lifeboot_wire::Outcome;
use miette::Diagnostic;
use thiserror::Error;

/// Why a push failed.
#[derive(Debug, Error, Diagnostic)]
pub enum PushError {
    /// The conversation failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Link(#[from] LinkError),
    /// The device does not accept the image.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refused(#[from] Refused),
    /// The transfer was interrupted again and again.
    #[error("the update broke off {times} times: the device restarts, or another host interferes")]
    #[diagnostic(help("check the device's supply and that nobody else updates it, then push again: it resumes"))]
    Interrupted {
        /// How often it was interrupted.
        times: u32,
    },
    /// The device rolled back to the firmware that it ran before.
    #[error("the device rolled back: {reason}")]
    #[diagnostic(help("now runs {running}. Correct the new firmware, and push it again"))]
    RolledBack {
        /// The reason of the rollback.
        reason: String,
        /// The firmware that runs.
        running: String,
        /// How the update ended, as the device reports it.
        outcome: Outcome,
    },
    /// The device stages no images, and nothing was sent.
    #[error("the device stages no images: {reason}")]
    #[diagnostic(help("leave out --stage: the image is then tried at once, or with --no-wait at the next reset"))]
    CannotStage {
        /// Why it does not.
        reason: &'static str,
    },
    /// The device changed while this host waited for another one; nothing was sent.
    #[error("while this waited for the device, it changed: {change}; nothing was sent")]
    #[diagnostic(help(
        "another host, or the firmware itself, was at work: see lifeboot status; to push all the same, repeat the command"
    ))]
    Changed {
        /// Description of the change.
        change: String,
    },
    /// The push was stopped: see [`Link::with_stop`](crate::link::Link::with_stop).
    #[error("stopped; {state}")]
    #[diagnostic(help("{next}"))]
    Stopped {
        /// What the device does next.
        state: String,
        /// How to go on.
        next: &'static str,
    },
    /// The image runs already, but another one waits for the next reset.
    #[error("{running} runs already, but {pending} is pending: the next reset starts it")]
    #[diagnostic(help("to keep what runs: lifeboot cancel; to try the other one: lifeboot reset"))]
    OtherPending {
        /// The firmware that runs.
        running: String,
        /// The image that waits.
        pending: String,
    },
    /// The trial is over, and the device reports no reason.
    #[error("the device runs {running}, and the trial of the new image has been called off")]
    #[diagnostic(help("another host may have begun an update: see lifeboot status, then push again"))]
    CalledOff {
        /// The firmware that runs.
        running: String,
    },
    /// The image was not confirmed in time.
    #[error("the new firmware was not confirmed within {seconds} seconds; last seen: {last}")]
    #[diagnostic(help(
        "if it never confirms, the device goes back by itself: lifeboot status tells; --timeout waits longer"
    ))]
    Unconfirmed {
        /// How long the host waited, in seconds.
        seconds: u64,
        /// The last state seen of the device.
        last: String,
    },
}

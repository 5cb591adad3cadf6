//! What happens in a rollout: the entries of its log, and all that a state is made of.

use crate::definition::{Definition, DefinitionError};
use crate::device::{Act, DeviceId, Ending};
use crate::time::Time;
use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An event, and when it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// When, by the driver's clock.
    pub at: Time,
    /// What.
    pub event: Event,
}

/// What happened. Append-only: a log that was written must stay readable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The rollout was started. The first event, and only that.
    Started {
        /// What it is to do.
        definition: Box<Definition>,
    },
    /// Another driver goes on, after the one before it has ended in any way: the ends of its acts are not known.
    TakenOver,
    /// The host's local time is so many minutes ahead of UTC from now on. A driver of a rollout with a window in local time
    /// must report it after it started or took over, and at each change.
    LocalOffset {
        /// The minutes.
        minutes: i16,
    },
    /// A device ran the image, confirmed, before anything was begun with it. A driver may look, and spare it the act: only so is
    /// it known that the image did not come from this rollout, and that an abort must not roll it back.
    Already {
        /// The device.
        device: DeviceId,
    },
    /// An act was begun. Written before the act.
    Begun {
        /// With which device.
        device: DeviceId,
        /// Which act.
        act: Act,
        /// Counted from 1, until the device has come to an end that is known.
        attempt: u32,
    },
    /// An act ended.
    Ended {
        /// With which device.
        device: DeviceId,
        /// Which act.
        act: Act,
        /// How.
        ending: Ending,
    },
    /// A person paused the rollout: nothing new begins, what is in flight ends.
    Paused {
        /// Why, in the person's words; may be empty.
        reason: String,
    },
    /// A person resumed the rollout.
    Resumed {
        /// Whether the person takes the risk of going on after too many failures. They are counted from 0 again.
        accept_failures: bool,
    },
    /// A person approved a wave.
    Approved {
        /// Its number, counted from 0.
        wave: usize,
    },
    /// A person ended the rollout: nothing new is updated, what is in flight ends.
    Aborted {
        /// Whether the devices that this rollout has updated are rolled back.
        rollback: bool,
    },
    /// A person sent those that failed, and those that were absent, back to waiting.
    Retried,
}

/// Why an event cannot follow on those before it.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum EventError {
    /// The first event is no start.
    #[error("the rollout has not been started")]
    #[diagnostic(help("start it: lifeboot rollout start"))]
    NotStarted,
    /// A start that is not the first event.
    #[error("the rollout was started before")]
    #[diagnostic(help("to go on with it, take it over; for another rollout choose another name"))]
    StartedBefore,
    /// What is to be done cannot be done.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Definition(#[from] DefinitionError),
    /// No device of the rollout.
    #[error("{0} is no device of this rollout")]
    #[diagnostic(help("list its devices: lifeboot rollout status"))]
    UnknownDevice(DeviceId),
    /// The act cannot begin now.
    #[error("{act:?} cannot begin with {device} now: {why}")]
    #[diagnostic(help("begin only what the rollout's decision names, at the time of the decision"))]
    NotDue {
        /// The device.
        device: DeviceId,
        /// The act.
        act: Act,
        /// Why not.
        why: String,
    },
    /// The act was not begun.
    #[error("{act:?} ended with {device}, but it is not in flight")]
    #[diagnostic(help("an end is reported once, after its begin; two drivers must never drive the same rollout"))]
    NotInFlight {
        /// The device.
        device: DeviceId,
        /// The act.
        act: Act,
    },
    /// No act of this kind ends so.
    #[error("{act:?} with {device} cannot end as {ending}")]
    #[diagnostic(help("this is an error in the program that drives the rollout: please report it"))]
    NoSuchEnding {
        /// The device.
        device: DeviceId,
        /// The act.
        act: Act,
        /// The end.
        ending: &'static str,
    },
    /// Something was done with the device before.
    #[error("{0} cannot have run the image already: it is not untouched")]
    #[diagnostic(help("begin the act that the rollout's decision names; the device then says what it runs"))]
    NotUntouched(DeviceId),
    /// It is paused.
    #[error("the rollout is paused already")]
    #[diagnostic(help("to go on: lifeboot rollout resume"))]
    PausedBefore,
    /// It is not paused.
    #[error("the rollout is not paused")]
    #[diagnostic(help("see what it waits for: lifeboot rollout status"))]
    NotPaused,
    /// Too many devices failed, and nobody takes the risk.
    #[error("the rollout has stopped because {failed} of {finished} devices of the wave {wave:?} failed")]
    #[diagnostic(help(
        "find out why; to try those again: lifeboot rollout retry --failed; to go on and risk more devices, accept the \
         failures when resuming"
    ))]
    FailuresNotAccepted {
        /// The wave.
        wave: String,
        /// How many failed.
        failed: u32,
        /// How many finished.
        finished: u32,
    },
    /// No device has confirmed the image, and nobody takes the risk.
    #[error("the rollout has stopped before the wave {wave:?}: no device has confirmed the image yet")]
    #[diagnostic(help(
        "once the devices before it are there: lifeboot rollout retry --failed; to go on with an image that none has tried: \
         lifeboot rollout resume --accept-failures"
    ))]
    NobodyConfirmed {
        /// The wave.
        wave: String,
    },
    /// There is no such wave.
    #[error("the rollout has no wave {0}")]
    #[diagnostic(help("waves are counted from 0"))]
    UnknownWave(usize),
    /// The wave asks for no approval, or has it.
    #[error("the wave {0:?} needs no approval")]
    #[diagnostic(help("see what the rollout waits for: lifeboot rollout status"))]
    NoApprovalNeeded(String),
    /// It was aborted.
    #[error("the rollout was aborted")]
    #[diagnostic(help("start another one; what the devices run: lifeboot rollout status"))]
    Aborted,
    /// It has ended.
    #[error("the rollout has ended")]
    #[diagnostic(help("to undo it: lifeboot rollout abort --rollback"))]
    HasEnded,
    /// No device failed.
    #[error("no device of the rollout has failed")]
    #[diagnostic(help("see how it stands: lifeboot rollout status"))]
    NothingFailed,
}

//! What a rollout knows of a device.

use crate::device::{Act, DeviceId, Ending};
use crate::time::Time;
use serde::Serialize;
use std::time::Duration;

/// The first wait before an act is tried again; each further one is twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest wait before an act is tried again, and between two questions for a device that is absent.
pub const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// What has become of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeviceState {
    /// Nothing was done with it, or nothing that lasts.
    Waiting,
    /// An act that changes it is in flight, or was and its end is not known yet.
    Updating {
        /// The act.
        act: Act,
    },
    /// The image is on it, verified and not pending.
    Staged,
    /// The image runs and is confirmed, as the device said when it was last asked.
    Confirmed,
    /// The image was started and is rejected, or does not run any more.
    RolledBack {
        /// The reason.
        reason: String,
        /// The cause of the reset that ended it.
        cause: Option<String>,
        /// The address at which the firmware crashed.
        pc: Option<u32>,
    },
    /// It does not accept the image.
    Refused {
        /// The reason.
        reason: String,
    },
    /// It does not answer since the image was started, or may have been.
    Silent {
        /// What was seen last.
        last: String,
    },
    /// It is not there, and nothing was done with it.
    Absent {
        /// What was tried.
        reason: String,
    },
    /// The rollout was aborted before the image was started on it.
    Cancelled,
    /// The rollout was aborted, and it runs what it ran before.
    Restored,
}

impl DeviceState {
    /// Returns whether it is an end at which the device does not run the image although it should.
    pub fn is_failure(&self) -> bool {
        use DeviceState::{Absent, Refused, RolledBack, Silent};
        matches!(self, RolledBack { .. } | Refused { .. } | Silent { .. } | Absent { .. })
    }

    /// Returns its name, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            DeviceState::Waiting => "waiting",
            DeviceState::Updating { .. } => "updating",
            DeviceState::Staged => "staged",
            DeviceState::Confirmed => "confirmed",
            DeviceState::RolledBack { .. } => "rolled_back",
            DeviceState::Refused { .. } => "refused",
            DeviceState::Silent { .. } => "silent",
            DeviceState::Absent { .. } => "absent",
            DeviceState::Cancelled => "cancelled",
            DeviceState::Restored => "restored",
        }
    }
}

/// An act whose end is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Work {
    pub act: Act,
    /// When it may be tried again, if the line failed or its driver did; `None` while it is in flight.
    pub retry_at: Option<Time>,
}

/// How long it has been unknown what became of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub since: Time,
    /// Attempts that have ended without an answer.
    pub attempts: u32,
}

/// A device of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub(super) id: DeviceId,
    pub(super) wave: usize,
    pub(super) settled: DeviceState,
    pub(super) since: Time,
    pub(super) work: Option<Work>,
    pub(super) unknown: Option<Unknown>,
    /// How it had failed, if it waits because it is retried.
    pub(super) before_retry: Option<DeviceState>,
    /// When it is asked for again, if it was absent and is waited for.
    pub(super) away_until: Option<Time>,
    /// Acts begun since the last end that is known.
    pub(super) attempts: u32,
    /// Whether an act of this rollout may have brought the image to run.
    pub(super) is_ours: bool,
    /// Whether it was asked after the soak.
    pub(super) is_checked: bool,
    /// Whether a rollback was tried, and what came of it if the image still runs.
    pub(super) rollback: Option<String>,
    /// The count of its wave in which it has finished, and in which it has failed.
    pub(super) finished_in: Option<u32>,
    pub(super) failed_in: Option<u32>,
}

impl Device {
    pub(super) fn new(id: DeviceId, wave: usize, at: Time) -> Device {
        Device {
            id,
            wave,
            settled: DeviceState::Waiting,
            since: at,
            work: None,
            unknown: None,
            before_retry: None,
            away_until: None,
            attempts: 0,
            is_ours: false,
            is_checked: false,
            rollback: None,
            finished_in: None,
            failed_in: None,
        }
    }

    /// Returns which device it is.
    pub fn id(&self) -> &DeviceId {
        &self.id
    }

    /// Returns the number of its wave, counted from 0.
    pub fn wave(&self) -> usize {
        self.wave
    }

    /// Returns what has become of it.
    pub fn state(&self) -> DeviceState {
        match self.work {
            Some(Work { act, .. }) if act != Act::Check => DeviceState::Updating { act },
            _ => self.settled.clone(),
        }
    }

    /// Returns since when it is so.
    pub fn since(&self) -> Time {
        self.since
    }

    /// Returns the act that is in flight with it.
    pub fn in_flight(&self) -> Option<Act> {
        self.work.filter(|work| work.retry_at.is_none()).map(|work| work.act)
    }

    /// Returns how many acts were begun since the last end that is known.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns why it still runs the image after a rollback was tried.
    pub fn failed_rollback(&self) -> Option<&str> {
        self.rollback.as_deref().filter(|_| self.settled == DeviceState::Confirmed)
    }

    /// Returns whether the image may have been started on it, and it did not answer since.
    pub(super) fn may_be_silent(&self) -> bool {
        self.unknown.is_some() || self.was_silent()
    }

    /// Returns whether it was silent before it was retried.
    pub(super) fn was_silent(&self) -> bool {
        matches!(self.before_retry, Some(DeviceState::Silent { .. }))
    }

    /// Notes that an attempt ended without an answer, and returns when the next may begin.
    pub(super) fn note_unknown(&mut self, at: Time) -> (Unknown, Time) {
        let Unknown { since, attempts } = self.unknown.unwrap_or(Unknown { since: at, attempts: 0 });
        let unknown = Unknown { since, attempts: attempts.saturating_add(1) };
        self.unknown = Some(unknown);
        let wait = FIRST_RETRY * 2u32.pow(attempts.min(10));
        (unknown, at.plus(wait.min(LONGEST_RETRY)))
    }
}

/// Returns the name of an ending, as in JSON.
pub(super) fn ending_name(ending: &Ending) -> &'static str {
    match ending {
        Ending::Confirmed => "confirmed",
        Ending::Staged => "staged",
        Ending::Restored => "restored",
        Ending::RolledBack { .. } => "rolled-back",
        Ending::Refused { .. } => "refused",
        Ending::Silent { .. } => "silent",
        Ending::Absent { .. } => "absent",
        Ending::Interrupted { .. } => "interrupted",
    }
}

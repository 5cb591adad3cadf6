//! What happens in a rollout, an event a line.

use super::act_name;
use lifeboot_fleet::device::Ending;
use lifeboot_fleet::rollout::{Event, Stamped, State};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// What happens in a rollout.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RolloutEvent {
    /// The rollout was started.
    Started {
        /// When, in milliseconds since 1970 (UTC).
        at: u64,
        /// Its name.
        rollout: String,
        /// The image's version.
        version: String,
        /// How many devices it has.
        devices: usize,
    },
    /// Another process goes on with it.
    TakenOver {
        /// When.
        at: u64,
    },
    /// A device ran the image already.
    Already {
        /// When.
        at: u64,
        /// The device.
        device: String,
    },
    /// Something is begun with a device.
    Begun {
        /// When.
        at: u64,
        /// The device.
        device: String,
        /// What: `update`, `stage`, `activate`, `check` or `rollback`.
        act: String,
        /// The attempt, counted from 1.
        attempt: u32,
    },
    /// What was begun with a device has ended.
    Ended {
        /// When.
        at: u64,
        /// The device.
        device: String,
        /// What had been begun.
        act: String,
        /// How it ended: `confirmed`, `staged`, `restored`, `rolled_back`, `refused`, `silent`, `absent` or `interrupted`.
        ending: String,
        /// Why, where there is a reason.
        reason: Option<String>,
        /// The cause of the reset that ended the image's trial.
        cause: Option<String>,
        /// The address at which the image crashed.
        pc: Option<u32>,
    },
    /// So much was sent to a device.
    Progress {
        /// The device.
        device: String,
        /// Bytes that are in place.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A person has paused the rollout.
    Paused {
        /// When.
        at: u64,
    },
    /// A person goes on with it.
    Resumed {
        /// When.
        at: u64,
    },
    /// A person has approved a wave.
    Approved {
        /// When.
        at: u64,
        /// The wave.
        wave: String,
    },
    /// A person has ended it.
    Aborted {
        /// When.
        at: u64,
        /// Whether devices are rolled back.
        rollback: bool,
    },
    /// A person has sent failed devices back to waiting.
    Retried {
        /// When.
        at: u64,
    },
}

impl RolloutEvent {
    /// Makes the report on an event, after which the rollout is in this state; `None` for what only the driver needs.
    pub fn new(event: &Stamped, state: &State) -> Option<RolloutEvent> {
        let at = event.at.0;
        Some(match &event.event {
            Event::Started { definition } => RolloutEvent::Started {
                at,
                rollout: definition.rollout.to_string(),
                version: definition.images.first().map(|image| image.version.clone()).unwrap_or_default(),
                devices: definition.devices(),
            },
            Event::TakenOver => RolloutEvent::TakenOver { at },
            Event::LocalOffset { .. } => return None,
            Event::Already { device } => RolloutEvent::Already { at, device: device.to_string() },
            Event::Begun { device, act, attempt } => RolloutEvent::Begun {
                at,
                device: device.to_string(),
                act: act_name(*act).to_owned(),
                attempt: *attempt,
            },
            Event::Ended { device, act, ending } => {
                let (name, reason, cause, pc) = described(ending);
                RolloutEvent::Ended {
                    at,
                    device: device.to_string(),
                    act: act_name(*act).to_owned(),
                    ending: name.to_owned(),
                    reason,
                    cause,
                    pc,
                }
            }
            Event::Paused { .. } => RolloutEvent::Paused { at },
            Event::Resumed { .. } => RolloutEvent::Resumed { at },
            Event::Approved { wave } => {
                let wave = state.definition().waves.get(*wave).map(|wave| wave.name.clone()).unwrap_or_default();
                RolloutEvent::Approved { at, wave }
            }
            Event::Aborted { rollback } => RolloutEvent::Aborted { at, rollback: *rollback },
            Event::Retried => RolloutEvent::Retried { at },
        })
    }
}

/// Returns an ending's name, its reason, the cause of the reset and the address of the crash.
fn described(ending: &Ending) -> (&'static str, Option<String>, Option<String>, Option<u32>) {
    let reason = |text: &String| Some(text.clone());
    match ending {
        Ending::Confirmed => ("confirmed", None, None, None),
        Ending::Staged => ("staged", None, None, None),
        Ending::Restored => ("restored", None, None, None),
        Ending::RolledBack { reason: why, cause, pc } => ("rolled_back", reason(why), cause.clone(), *pc),
        Ending::Refused { reason: why } => ("refused", reason(why), None, None),
        Ending::Silent { last } => ("silent", reason(last), None, None),
        Ending::Absent { reason: why } => ("absent", reason(why), None, None),
        Ending::Interrupted { reason: why } => ("interrupted", reason(why), None, None),
    }
}

impl Display for RolloutEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RolloutEvent::Started { rollout, version, devices, .. } => {
                write!(f, "rollout {rollout}: {version} to {devices} devices")
            }
            RolloutEvent::TakenOver { .. } => f.write_str("going on with what the log says"),
            RolloutEvent::Already { device, .. } => write!(f, "{device}: runs it already, confirmed"),
            RolloutEvent::Begun { device, act, attempt: 1, .. } => write!(f, "{device}: {act}"),
            RolloutEvent::Begun { device, act, attempt, .. } => write!(f, "{device}: {act}, attempt {attempt}"),
            RolloutEvent::Ended { device, act, ending, reason, .. } => {
                let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                write!(f, "{device}: {act}: {}{reason}", ending.replace('_', " "))
            }
            RolloutEvent::Progress { device, done, total } => write!(f, "{device}: {done} of {total} bytes"),
            RolloutEvent::Paused { .. } => f.write_str("paused: nothing new begins, what is at work ends"),
            RolloutEvent::Resumed { .. } => f.write_str("resumed"),
            RolloutEvent::Approved { wave, .. } => write!(f, "wave {wave} is approved"),
            RolloutEvent::Aborted { rollback: false, .. } => f.write_str("aborted: nothing new is updated"),
            RolloutEvent::Aborted { rollback: true, .. } => f.write_str("aborted: what was updated is rolled back"),
            RolloutEvent::Retried { .. } => f.write_str("devices that failed are tried again"),
        }
    }
}

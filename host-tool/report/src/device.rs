//! Reports on a device: `status`, `confirm`, `rollback`, `reset`.

mod of_status;
mod text;

use crate::reset::Reset;
use crate::slot_name::SlotName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display};

/// `lifeboot status`: the state of a device.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Device {
    /// The board.
    pub board: String,
    /// The newest format that its bootloader knows.
    pub bootloader_format: u16,
    /// Whether its bootloader holds a demo's throw-away key.
    pub demo_key: bool,
    /// The slot that runs; in recovery mode, the confirmed one.
    pub running: SlotName,
    /// Why the bootloader is in recovery mode; `null` if firmware runs.
    pub recovery: Option<RecoveryReason>,
    /// The slot that is started by default.
    pub confirmed: SlotName,
    /// The slot on trial, and its starts that are left.
    pub trial: Option<TrialLeft>,
    /// What the slots hold.
    pub slots: Slots,
    /// The lowest epoch that is started.
    pub epoch_floor: u32,
    /// Which of the bootloader's keys are revoked, counted from 1.
    pub revoked_keys: Vec<u8>,
    /// How the last update ended; `null` if there was none yet.
    pub last_outcome: Option<LastOutcome>,
    /// What was rejected before that, the newest first, and is refused as well; `null` if that was not requested, or
    /// the device does not report it.
    pub quarantine: Option<Vec<Rejected>>,
    /// How the firmware that runs came to be started; `null` if it does not report it.
    pub last_boot: Option<LastBoot>,
    /// How long the application stalls at a time during a push, at most, in milliseconds, as measured of the board's
    /// example firmware; `null` if that was not measured, or no firmware runs.
    pub max_stall_ms: Option<u32>,
}

/// Why a bootloader is in recovery mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryReason {
    /// No slot could be started.
    NothingStarts,
    /// It was requested.
    Requested,
}

/// What both slots hold.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Slots {
    /// What slot A holds.
    pub a: Content,
    /// What slot B holds.
    pub b: Content,
}

/// What a slot holds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "content", rename_all = "snake_case")]
pub enum Content {
    /// Nothing.
    Empty,
    /// Part of an image: a push resumes.
    Unfinished,
    /// An image.
    Image {
        /// Its version.
        version: String,
        /// Its security counter.
        epoch: u32,
        /// The first half of its digest, 32 hexadecimal digits.
        digest: String,
    },
}

/// What a trial has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct TrialLeft {
    /// The slot on trial.
    pub slot: SlotName,
    /// Starts left after a crash, a hang or a reset.
    pub attempts: u8,
    /// Starts left after a loss of power.
    pub power_attempts: u8,
}

/// How an update ended.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct LastOutcome {
    /// How.
    pub ending: Ending,
    /// The slot that it was about.
    pub slot: SlotName,
    /// The image's version.
    pub version: String,
    /// The first half of the image's digest, 32 hexadecimal digits.
    pub digest: String,
    /// What ended its last start.
    pub last_reset: Reset,
    /// Where it crashed then; `null` if it did not, or has not reported it.
    pub fault: Option<Fault>,
    /// Why, in words.
    pub reason: String,
    /// All of it in words.
    pub text: String,
}

/// Where and how firmware crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Fault {
    /// The address of the instruction, in the slot where it ran.
    pub pc: u32,
    /// The core's fault status (CFSR); 0 if it has none.
    pub status: u32,
}

/// An image that was rejected before the last outcome.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Rejected {
    /// How.
    pub ending: Ending,
    /// The start of the image's digest, 20 hexadecimal digits.
    pub digest: String,
    /// What ended its last start.
    pub last_reset: Reset,
    /// Why, in words.
    pub reason: String,
}

/// How firmware came to be started.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct LastBoot {
    /// Why the device was reset.
    pub reset: Reset,
    /// As what it was started.
    pub start: Start,
    /// How long the bootloader took to read its state and to verify what it started.
    pub verification_milliseconds: u32,
    /// All of it in words.
    pub text: String,
}

/// As what firmware can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// As the confirmed firmware.
    Confirmed,
    /// On trial.
    Trial,
    /// On trial, since the confirmed firmware did not verify.
    FellBack,
}

/// How an update can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The image was confirmed.
    Confirmed,
    /// Rejected: it did not verify when it was to be started.
    Invalid,
    /// Rejected: it did not confirm in any of its starts.
    NotConfirmed,
    /// Rejected: the firmware or a host requested a rollback.
    Requested,
    /// It was started because the confirmed slot could not be.
    FellBack,
}

impl Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Start::Confirmed => "started as the confirmed firmware",
            Start::Trial => "started on trial",
            Start::FellBack => "started on trial instead of the confirmed firmware, which did not verify",
        })
    }
}

impl Ending {
    /// Whether the device went back from the image, and refuses it from then on.
    pub fn is_rejection(self) -> bool {
        matches!(self, Ending::Invalid | Ending::NotConfirmed | Ending::Requested)
    }
}

/// `lifeboot confirm`, `rollback`, `reset`: what runs now; to a program, all of [`Device`].
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Running {
    /// The state of the device.
    #[serde(flatten)]
    pub device: Device,
    /// What runs, in words.
    pub text: String,
}

impl Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "running: {}", self.text)
    }
}

#[cfg(test)]
mod tests;

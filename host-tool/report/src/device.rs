//! Reports on a device: `status`, `confirm`, `cancel`, `rollback`, `reset`.

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
    /// The board's name.
    pub board: String,
    /// The digest of the device's flash map, 8 hexadecimal digits.
    pub map_digest: String,
    /// The device id, in hexadecimal digits; `null` if it was not requested, or the device has none.
    pub device_id: Option<String>,
    /// The newest format that the bootloader knows.
    pub bootloader_format: u16,
    /// Whether the bootloader holds a demo's throw-away key.
    pub demo_key: bool,
    /// The slot that runs; in recovery mode, the confirmed slot.
    pub running: SlotName,
    /// Why the bootloader is in recovery mode; `null` if firmware runs.
    pub recovery: Option<RecoveryReason>,
    /// The slot that is started by default; `null` if no firmware is confirmed: what a host wrote in recovery mode in the place
    /// of broken confirmed firmware has not confirmed.
    pub confirmed: Option<SlotName>,
    /// The slot on trial, and the starts that it has left; `null` if there is no trial.
    pub trial: Option<TrialLeft>,
    /// The image that the next reset starts on trial; `null` if there is none.
    pub pending: Option<Pending>,
    /// The image that is staged: no reset starts it before it is activated; `null` if there is none.
    pub staged: Option<Staged>,
    /// What the slots hold.
    pub slots: Slots,
    /// The lowest epoch that the device starts.
    pub epoch_floor: u32,
    /// Which of the bootloader's keys are revoked, counted from 1.
    pub revoked_keys: Vec<u8>,
    /// How the last update ended; `null` if there was none yet.
    pub last_outcome: Option<LastOutcome>,
    /// What was rejected before the last outcome, newest first, and is refused as well; `null` if it was not requested,
    /// or the device does not report it.
    pub quarantine: Option<Vec<Rejected>>,
    /// How the running firmware was started; `null` if it does not report it.
    pub last_boot: Option<LastBoot>,
    /// Longest time in milliseconds for which the application stalls during a push, by the device's flash map and the chip's data
    /// sheet, if its flash driver waits for the flash; `null` if the map was not requested, its chip's flash is not known, or no
    /// firmware runs.
    pub max_stall_ms: Option<u32>,
    /// Whether the flash of the boot journal is failing: the device goes on starting its confirmed firmware, but updates may
    /// fail. `null` in recovery mode, in which it is not known.
    pub journal_failing: Option<bool>,
}

/// Why a bootloader is in recovery mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryReason {
    /// No slot could be started.
    NothingStarts,
    /// Recovery mode was requested.
    Requested,
    /// The confirmed firmware crashes again and again.
    Crashes,
    /// The confirmed slot cannot be started, and the firmware in the other slot was rejected or crashes again and again.
    LastFirmware,
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
        /// The firmware's version.
        version: String,
        /// The epoch, which is the security counter.
        epoch: u32,
        /// The first half of the image's digest, 32 hexadecimal digits.
        digest: String,
    },
}

/// The starts that a trial has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct TrialLeft {
    /// The slot on trial.
    pub slot: SlotName,
    /// Starts left after a crash, a hang or a reset.
    pub attempts: u8,
    /// Starts left after a loss of power.
    pub power_attempts: u8,
}

/// An image that waits for the next reset.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Pending {
    /// The slot that holds it.
    pub slot: SlotName,
    /// The image's version.
    pub version: String,
}

/// An image that waits until it is activated.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Staged {
    /// The slot that holds it.
    pub slot: SlotName,
    /// The image's version.
    pub version: String,
    /// The first half of the image's digest, 32 hexadecimal digits.
    pub digest: String,
}

/// How an update ended.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct LastOutcome {
    /// The kind of ending.
    pub ending: Ending,
    /// The slot of the update.
    pub slot: SlotName,
    /// The image's version.
    pub version: String,
    /// The first half of the image's digest, 32 hexadecimal digits.
    pub digest: String,
    /// What ended the image's last start.
    pub last_reset: Reset,
    /// Where the firmware crashed then; `null` if it did not crash, or did not report it.
    pub fault: Option<Fault>,
    /// Description of the reason.
    pub reason: String,
    /// Description of the whole outcome.
    pub text: String,
}

/// Where and how firmware crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Fault {
    /// The address of the instruction, in the slot that the firmware ran in.
    pub pc: u32,
    /// The core's fault status (CFSR); 0 if the core has none.
    pub status: u32,
}

/// An image that was rejected before the last outcome.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Rejected {
    /// The kind of ending.
    pub ending: Ending,
    /// The start of the image's digest, 20 hexadecimal digits.
    pub digest: String,
    /// What ended the image's last start.
    pub last_reset: Reset,
    /// Description of the reason.
    pub reason: String,
}

/// How firmware was started.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct LastBoot {
    /// Why the device was reset.
    pub reset: Reset,
    /// In which state the firmware was started.
    pub start: Start,
    /// How long the bootloader took to read its state and to verify the firmware that it started.
    pub verification_milliseconds: u32,
    /// Description of the whole start.
    pub text: String,
}

/// In which state firmware can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// As the confirmed firmware.
    Confirmed,
    /// On trial.
    Trial,
    /// Under the watchdog, because no confirmed firmware can be started.
    FellBack,
}

/// How an update can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The image was confirmed.
    Confirmed,
    /// The image was rejected: it failed verification when it was to be started.
    Invalid,
    /// The image was rejected: it did not confirm in any of its starts.
    NotConfirmed,
    /// The image was rejected: the firmware or a host requested a rollback.
    Requested,
    /// The image was started because the confirmed slot could not be started.
    FellBack,
    /// The image was no longer wanted, or was replaced, before it had confirmed. It is not rejected.
    Cancelled,
    /// The image was written and verified, and is not tried before it is activated.
    Staged,
}

impl Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Start::Confirmed => "started as the confirmed firmware",
            Start::Trial => "started on trial",
            Start::FellBack => "started under the watchdog, because no confirmed firmware can be started",
        })
    }
}

impl Ending {
    /// Returns whether the device rolled back from the image, and refuses it from then on.
    pub fn is_rejection(self) -> bool {
        matches!(self, Ending::Invalid | Ending::NotConfirmed | Ending::Requested)
    }
}

/// `lifeboot confirm`, `rollback`, `reset`: what runs now. A program gets all of [`Device`].
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Running {
    /// The state of the device.
    #[serde(flatten)]
    pub device: Device,
    /// Description of what runs.
    pub text: String,
}

impl Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "running: {}", self.text)?;
        self.device.pending.as_ref().map_or(Ok(()), |pending| write!(f, "\npending: {pending}"))
    }
}

impl Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pending { slot, version } = self;
        write!(f, "{version} in slot {slot}; the next reset starts it, and lifeboot cancel calls it off")
    }
}

impl Display for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Staged { slot, version, .. } = self;
        write!(f, "{version} in slot {slot}; no reset starts it, lifeboot activate does")
    }
}

/// `lifeboot cancel`: what was cancelled, and what runs. A program gets all of [`Device`].
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Cancelled {
    /// The state of the device.
    #[serde(flatten)]
    pub device: Device,
    /// Description of what runs.
    pub text: String,
}

impl Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outcome) = &self.device.last_outcome {
            writeln!(f, "{}", outcome.text)?;
        }
        write!(f, "running: {}", self.text)
    }
}

#[cfg(test)]
mod tests;

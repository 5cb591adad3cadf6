//! What a device says of its state: what runs, what lies in the slots, how it came to that.

use super::REJECTED_DIGEST;
use serde::{Deserialize, Serialize};

/// The state of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// [`WIRE`](super::WIRE) of the device.
    pub wire: u8,
    /// The board's name, padded with zeros.
    pub board: [u8; 16],
    /// The newest format that the bootloader knows.
    pub bootloader: u16,
    /// Whether the bootloader holds a demo's throw-away key.
    pub demo_key: bool,
    /// The slot that answers.
    pub running: Slot,
    /// The slot that is started by default.
    pub confirmed: Slot,
    /// The slot on trial.
    pub trial: Option<Trial>,
    /// What slots A and B hold.
    pub slots: [SlotContent; 2],
    /// The lowest epoch that may run.
    pub epoch_floor: u32,
    /// A bit for each revoked key.
    pub revoked: u8,
    /// How the last update ended.
    pub outcome: Option<Outcome>,
    /// Bytes that may be in flight to the device, frames and all.
    pub window: u32,
    /// Bytes that one [`Command::Write`](super::Command::Write) may carry at most.
    pub chunk: u32,
    /// Bytes that one erase clears in a slot.
    pub unit: u32,
    /// How the firmware that runs came to be started, where it knows.
    pub boot: Option<Boot>,
    /// Why the bootloader answers, if it does: then no firmware runs. Told by [`Body::Recovery`](super::Body::Recovery), never
    /// by firmware.
    pub recovery: Option<Recovery>,
}

/// Why the bootloader answers in place of firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recovery {
    /// No slot could be started. Either may be written.
    NothingStarts,
    /// It was asked to, by a pin or by the firmware before a reset. The confirmed slot is not written.
    Requested,
}

/// How firmware came to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// Why the device was reset.
    pub cause: ResetCause,
    /// As what it was started.
    pub start: Start,
    /// How long the bootloader took to read its state and to verify what it started, in milliseconds.
    pub verification: u32,
}

/// As what firmware was started: see [`Start`](lifeboot_core::handover::Start).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is what the type it mirrors says")]
pub enum Start {
    Confirmed,
    Trial,
    FellBack,
}

/// A slot's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// The slot that firmware is linked for.
    A,
    /// The other one.
    B,
}

/// A firmware version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Incompatible changes.
    pub major: u16,
    /// Compatible additions.
    pub minor: u16,
    /// Corrections.
    pub patch: u32,
    /// Builds of one version.
    pub build: u32,
}

/// A slot on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The slot.
    pub slot: Slot,
    /// Starts left after a crash or a request.
    pub attempts: u8,
    /// Starts left after a loss of power.
    pub power_attempts: u8,
}

/// What lies in a slot, by its header alone; nothing here was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlotContent {
    /// Erased, as far as one can see from its first bytes.
    Empty,
    /// No header, but not empty either: a transfer that can be resumed.
    Unfinished,
    /// An image.
    Image {
        /// Its version.
        version: Version,
        /// Its epoch.
        epoch: u32,
        /// The first half of its digest.
        digest: [u8; 16],
    },
}

/// How an update ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How.
    pub ending: OutcomeEnding,
    /// In which slot.
    pub slot: Slot,
    /// The cause of the reset before it.
    pub cause: ResetCause,
    /// The image's version.
    pub version: Version,
    /// The first half of its digest.
    pub digest: [u8; 16],
    /// The crash, where that was the cause of the reset and the firmware has told of it.
    pub fault: Option<Fault>,
}

/// Where and how firmware crashed, by its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The address of the instruction, in the slot where it ran.
    pub pc: u32,
    /// The fault status, CFSR of Armv7-M; 0 on Armv6-M, which has none.
    pub status: u32,
}

/// An image in quarantine: rejected before the last outcome, and refused unless forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// How it ended.
    pub ending: OutcomeEnding,
    /// The cause of the reset before it ended.
    pub cause: ResetCause,
    /// The start of its digest.
    pub digest: [u8; REJECTED_DIGEST],
}

/// How an update ended: see [`Ending`](lifeboot_core::record::Ending).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is what the type it mirrors says")]
pub enum OutcomeEnding {
    Confirmed,
    FellBack,
    Invalid,
    NotConfirmed,
    Requested,
}

/// Why a device was reset: see [`Cause`](lifeboot_core::record::Cause).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is what the type it mirrors says")]
pub enum ResetCause {
    Unknown,
    PowerOn,
    BrownOut,
    Pin,
    Watchdog,
    Fault,
    Request,
}

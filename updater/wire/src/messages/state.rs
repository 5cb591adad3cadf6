//! What a device reports about its state: what runs, what the slots hold, and how it came to that.

use serde::{Deserialize, Serialize};

/// Bytes of a digest that are kept of an image in quarantine.
pub const REJECTED_DIGEST: usize = 10;

/// The state of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// [`WIRE`](super::WIRE) of the device.
    pub wire: u8,
    /// The board's name, padded with zeros.
    pub board: [u8; 16],
    /// The newest format that the bootloader supports.
    pub bootloader: u16,
    /// Whether the bootloader holds a demo's throw-away key.
    pub demo_key: bool,
    /// The slot that runs.
    pub running: Slot,
    /// The slot that is started by default. `None` if no firmware is confirmed: the confirmed firmware is broken or was, and
    /// what a host wrote in its place in recovery mode has not confirmed.
    pub confirmed: Option<Slot>,
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
    /// Maximum number of bytes in flight to the device, whole frames included.
    pub window: u32,
    /// Maximum number of bytes in one [`Command::Write`](super::Command::Write).
    pub chunk: u32,
    /// The digest of the device's flash map, which an image for it must have: see
    /// [`Board::map_digest`](lifeboot_core::layout::Board::map_digest).
    pub map: u32,
    /// How the running firmware was started, if it knows.
    pub boot: Option<Boot>,
    /// Why the device is in recovery mode, if it is: then no firmware runs. Reported by
    /// [`Body::Recovery`](super::Body::Recovery), never by firmware.
    pub recovery: Option<Recovery>,
    /// Whether the boot journal takes records no more, or not in each of its erase units: the confirmed firmware goes on
    /// starting, but updates may fail. `None` in recovery mode, in which it is not known.
    pub journal_failing: Option<bool>,
}

/// Why a device is in recovery mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recovery {
    /// No slot could be started. Either may be written.
    NothingStarts,
    /// A pin requested it, or the firmware did before a reset. The confirmed slot is never written; where nothing is confirmed,
    /// the slot that is started first.
    Requested,
    /// The confirmed firmware crashes again and again; where none is confirmed, what is left in its slot was rejected or does.
    /// That slot is never written.
    Crashes,
    /// The confirmed slot cannot be started, and the firmware in the other slot was rejected or crashes again and again.
    /// The other slot is never written, since it holds the last firmware that can be started.
    LastFirmware,
}

/// How firmware was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// Why the device was reset.
    pub cause: ResetCause,
    /// The role in which the firmware was started.
    pub start: Start,
    /// How long the bootloader took to read its state and to verify what it started, in milliseconds.
    pub verification: u32,
}

/// The role in which firmware was started: see [`Start`](lifeboot_core::handover::Start).
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
    /// The other slot.
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
    /// The build of this version.
    pub build: u32,
}

/// A slot on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The slot.
    pub slot: Slot,
    /// Attempts left after a crash or a request.
    pub attempts: u8,
    /// Attempts left after a loss of power.
    pub power_attempts: u8,
}

/// The content of a slot, as read from its header; nothing here was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlotContent {
    /// Erased, judged by its first bytes.
    Empty,
    /// No header, but not empty: a transfer that can be resumed.
    Unfinished,
    /// An image.
    Image {
        /// The image's version.
        version: Version,
        /// The image's epoch.
        epoch: u32,
        /// The first half of the image's digest.
        digest: [u8; 16],
    },
}

/// How an update ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub ending: OutcomeEnding,
    /// The slot of the image.
    pub slot: Slot,
    /// The cause of the reset before the update ended.
    pub cause: ResetCause,
    /// The image's version.
    pub version: Version,
    /// The first half of the image's digest.
    pub digest: [u8; 16],
    /// The crash, if that was the cause of the reset and the firmware reported it.
    pub fault: Option<Fault>,
}

/// Where and how firmware crashed, as reported by the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The address of the instruction, in the slot that the firmware ran from.
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
    /// The start of the image's digest.
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
    Cancelled,
    Staged,
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

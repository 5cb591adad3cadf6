//! Reports on a device: `status`, `confirm`, `rollback`, `reset`.

use super::{SlotName, line};
use crate::device::{ending, reason, running};
use crate::image_file::hex;
use crate::refusal::board_name;
use lifeboot_core::Version;
use lifeboot_updater::wire::{self, OutcomeEnding, ResetCause, SlotContent};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// `lifeboot status`: the state of a device.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Device {
    /// The board.
    pub board: String,
    /// The newest format that its bootloader knows.
    pub bootloader_format: u16,
    /// Whether its bootloader holds a demo's throw-away key.
    pub demo_key: bool,
    /// The slot that runs.
    pub running: SlotName,
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
    /// How the last update ended; `null` where there was none yet.
    pub last_outcome: Option<LastOutcome>,
}

/// What both slots hold.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Slots {
    /// What slot A holds.
    pub a: Content,
    /// What slot B holds.
    pub b: Content,
}

/// What a slot holds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct TrialLeft {
    /// The slot on trial.
    pub slot: SlotName,
    /// Starts left after a crash, a hang or a reset.
    pub attempts: u8,
    /// Starts left after a loss of power.
    pub power_attempts: u8,
}

/// How an update ended.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct LastOutcome {
    /// How.
    pub ending: Ending,
    /// The slot that it was about.
    pub slot: SlotName,
    /// The image's version.
    pub version: String,
    /// The first half of the image's digest, 32 hexadecimal digits.
    pub digest: String,
    /// What ended its last start: `unknown`, `power_on`, `brown_out`, `pin`, `watchdog`, `fault` or `request`.
    pub last_reset: String,
    /// Why, in words.
    pub reason: String,
    /// All of it in words.
    pub text: String,
}

/// How an update can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The image was confirmed.
    Confirmed,
    /// Rejected: it did not verify when it was to be started.
    Invalid,
    /// Rejected: it did not confirm in any of its starts.
    NotConfirmed,
    /// Rejected: the firmware or a host asked to go back.
    Requested,
    /// It was started because the confirmed slot could not be.
    FellBack,
}

impl From<&wire::Status> for Device {
    fn from(status: &wire::Status) -> Self {
        let [a, b] = status.slots.map(Content::from);
        Device {
            board: board_name(&status.board),
            bootloader_format: status.bootloader,
            demo_key: status.demo_key,
            running: status.running.into(),
            confirmed: status.confirmed.into(),
            trial: status.trial.map(TrialLeft::from),
            slots: Slots { a, b },
            epoch_floor: status.epoch_floor,
            revoked_keys: (0..8).filter(|key| status.revoked & 1 << key != 0).map(|key| key + 1).collect(),
            last_outcome: status.outcome.as_ref().map(LastOutcome::from),
        }
    }
}

impl From<SlotContent> for Content {
    fn from(content: SlotContent) -> Self {
        match content {
            SlotContent::Empty => Content::Empty,
            SlotContent::Unfinished => Content::Unfinished,
            SlotContent::Image { version, epoch, digest } => {
                Content::Image { version: Version::from(version).to_string(), epoch, digest: hex(&digest) }
            }
        }
    }
}

impl From<wire::Trial> for TrialLeft {
    fn from(wire::Trial { slot, attempts, power_attempts }: wire::Trial) -> Self {
        TrialLeft { slot: slot.into(), attempts, power_attempts }
    }
}

impl From<&wire::Outcome> for LastOutcome {
    fn from(outcome: &wire::Outcome) -> Self {
        let last_reset = match outcome.cause {
            ResetCause::Unknown => "unknown",
            ResetCause::PowerOn => "power_on",
            ResetCause::BrownOut => "brown_out",
            ResetCause::Pin => "pin",
            ResetCause::Watchdog => "watchdog",
            ResetCause::Fault => "fault",
            ResetCause::Request => "request",
        };
        LastOutcome {
            ending: match outcome.ending {
                OutcomeEnding::Confirmed => Ending::Confirmed,
                OutcomeEnding::Invalid => Ending::Invalid,
                OutcomeEnding::NotConfirmed => Ending::NotConfirmed,
                OutcomeEnding::Requested => Ending::Requested,
                OutcomeEnding::FellBack => Ending::FellBack,
            },
            slot: outcome.slot.into(),
            version: Version::from(outcome.version).to_string(),
            digest: hex(&outcome.digest),
            last_reset: last_reset.to_owned(),
            reason: reason(outcome),
            text: ending(outcome),
        }
    }
}

impl Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, true, "board", format_args!("{}, bootloader format {}", self.board, self.bootloader_format))?;
        line(f, false, "slot A", self.slot_line(SlotName::A, &self.slots.a))?;
        line(f, false, "slot B", self.slot_line(SlotName::B, &self.slots.b))?;
        line(f, false, "trial", self.trial.map_or("none".to_owned(), |trial| trial.to_string()))?;
        line(f, false, "epoch", format_args!("{} and up are started", self.epoch_floor))?;
        if !self.revoked_keys.is_empty() {
            let keys: Vec<String> = self.revoked_keys.iter().map(u8::to_string).collect();
            line(f, false, "revoked", format_args!("key {} of the bootloader's", keys.join(", ")))?;
        }
        line(f, false, "last update", self.last_outcome.as_ref().map_or("none yet", |outcome| &outcome.text))?;
        if self.demo_key {
            line(f, false, "warning", "this bootloader was built with a demo key: it protects nothing")?;
        }
        Ok(())
    }
}

impl Device {
    fn slot_line(&self, slot: SlotName, content: &Content) -> String {
        let mut words = match content {
            Content::Empty => vec!["empty".to_owned()],
            Content::Unfinished => vec!["an unfinished update, which a push resumes".to_owned()],
            Content::Image { version, epoch, digest } => vec![format!("{version}, epoch {epoch}, digest {digest}")],
        };
        let standing = [
            (self.running == slot, "running"),
            (self.confirmed == slot, "confirmed"),
            (self.trial.is_some_and(|trial| trial.slot == slot), "on trial"),
        ];
        words.extend(standing.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word.to_owned()));
        words.join(", ")
    }
}

impl Display for TrialLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TrialLeft { slot, attempts, power_attempts } = self;
        write!(f, "slot {slot}: {attempts} starts left after a crash, {power_attempts} after a loss of power")
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

impl From<&wire::Status> for Running {
    fn from(status: &wire::Status) -> Self {
        Running { device: status.into(), text: running(status) }
    }
}

impl Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "running: {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboot_updater::wire::{Outcome, Slot, Status, Trial};

    fn status() -> Status {
        let version = wire::Version { major: 1, minor: 2, patch: 3, build: 0 };
        let newer = wire::Version { minor: 3, patch: 0, ..version };
        let mut board = [0; 16];
        board[..8].copy_from_slice(b"microbit");
        Status {
            wire: 1,
            board,
            bootloader: 1,
            demo_key: true,
            running: Slot::B,
            confirmed: Slot::A,
            trial: Some(Trial { slot: Slot::B, attempts: 2, power_attempts: 10 }),
            slots: [
                SlotContent::Image { version, epoch: 4, digest: [0xab; 16] },
                SlotContent::Image { version: newer, epoch: 5, digest: [0xcd; 16] },
            ],
            epoch_floor: 4,
            revoked: 0b101,
            outcome: Some(Outcome {
                ending: OutcomeEnding::NotConfirmed,
                slot: Slot::B,
                cause: ResetCause::Watchdog,
                version,
                digest: [1; 16],
            }),
            window: 1024,
            chunk: 544,
            unit: 1024,
        }
    }

    #[test]
    fn a_device_is_described() {
        assert_eq!(
            Device::from(&status()).to_string(),
            "\
board        microbit, bootloader format 1
slot A       1.2.3, epoch 4, digest abababababababababababababababab, confirmed
slot B       1.3.0, epoch 5, digest cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd, running, on trial
trial        slot B: 2 starts left after a crash, 10 after a loss of power
epoch        4 and up are started
revoked      key 1, 3 of the bootloader's
last update  1.2.3 in slot B was rejected: it did not confirm in any of its starts; the last start ended by the watchdog: it hung
warning      this bootloader was built with a demo key: it protects nothing"
        );
        assert_eq!(running(&status()), "1.3.0 in slot B, on trial");
    }
}

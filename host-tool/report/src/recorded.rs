//! A device's state, read back from the output of `lifeboot status --json`, so that an image can be judged without the
//! device, as in CI.

use crate::device::{Content, Device, Ending, Fault, LastOutcome, RecoveryReason, Rejected};
use lifeboot_artifact::version;
use lifeboot_wire::{self as wire, OutcomeEnding, SlotContent};
use thiserror::Error;

/// Why a text is not a device's state.
#[derive(Debug, Error)]
#[error("not the state of a device: {0}")]
pub struct RecordedError(String);

impl Device {
    /// Parses the output of `lifeboot status --json`.
    ///
    /// # Errors
    /// [`RecordedError`] if the text is something else.
    pub fn from_json(text: &str) -> Result<Device, RecordedError> {
        serde_json::from_str(text).map_err(|error| RecordedError(error.to_string()))
    }

    /// Returns the state as the device reported it, without the fields that only a transfer needs.
    ///
    /// # Errors
    /// [`RecordedError`] if a name, version or digest is malformed.
    pub fn to_status(&self) -> Result<wire::Status, RecordedError> {
        let mut board = [0; 16];
        let name = board.get_mut(..self.board.len()).ok_or_else(|| wrong("board", &self.board))?;
        name.copy_from_slice(self.board.as_bytes());
        let revoked =
            self.revoked_keys.iter().filter(|key| (1..=8).contains(*key)).fold(0, |all, key| all | 1 << (key - 1));
        let map = u32::from_str_radix(&self.map_digest, 16).map_err(|_| wrong("map digest", &self.map_digest))?;
        Ok(wire::Status {
            wire: wire::WIRE,
            board,
            bootloader: self.bootloader_format,
            demo_key: self.demo_key,
            running: self.running.into(),
            confirmed: self.confirmed.map(Into::into),
            trial: self.trial.map(|trial| wire::Trial {
                slot: trial.slot.into(),
                attempts: trial.attempts,
                power_attempts: trial.power_attempts,
            }),
            slots: [content(&self.slots.a)?, content(&self.slots.b)?],
            epoch_floor: self.epoch_floor,
            revoked,
            outcome: self.last_outcome.as_ref().map(outcome).transpose()?,
            window: 0,
            chunk: 0,
            map,
            boot: self.last_boot.as_ref().map(|boot| wire::Boot {
                cause: boot.reset.into(),
                start: boot.start.into(),
                verification: boot.verification_milliseconds,
            }),
            recovery: self.recovery.map(|reason| match reason {
                RecoveryReason::NothingStarts => wire::Recovery::NothingStarts,
                RecoveryReason::Requested => wire::Recovery::Requested,
                RecoveryReason::Crashes => wire::Recovery::Crashes,
                RecoveryReason::LastFirmware => wire::Recovery::LastFirmware,
            }),
            journal_failing: self.journal_failing,
        })
    }

    /// Returns the device's quarantine; `None` if the device did not report it.
    ///
    /// # Errors
    /// [`RecordedError`] if a digest is malformed.
    pub fn to_quarantine(&self) -> Result<Option<Vec<wire::Rejection>>, RecordedError> {
        self.quarantine.as_ref().map(|all| all.iter().map(rejection).collect()).transpose()
    }
}

fn content(content: &Content) -> Result<SlotContent, RecordedError> {
    Ok(match content {
        Content::Empty => SlotContent::Empty,
        Content::Unfinished => SlotContent::Unfinished,
        Content::Image { version, epoch, digest } => {
            SlotContent::Image { version: number(version)?, epoch: *epoch, digest: digits(digest)? }
        }
    })
}

fn outcome(outcome: &LastOutcome) -> Result<wire::Outcome, RecordedError> {
    Ok(wire::Outcome {
        ending: outcome.ending.into(),
        slot: outcome.slot.into(),
        cause: outcome.last_reset.into(),
        version: number(&outcome.version)?,
        digest: digits(&outcome.digest)?,
        fault: outcome.fault.map(|Fault { pc, status }| wire::Fault { pc, status }),
    })
}

fn rejection(rejected: &Rejected) -> Result<wire::Rejection, RecordedError> {
    let Rejected { ending, digest, last_reset, .. } = rejected;
    Ok(wire::Rejection { ending: (*ending).into(), cause: (*last_reset).into(), digest: digits(digest)? })
}

impl From<Ending> for OutcomeEnding {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Confirmed => OutcomeEnding::Confirmed,
            Ending::Invalid => OutcomeEnding::Invalid,
            Ending::NotConfirmed => OutcomeEnding::NotConfirmed,
            Ending::Requested => OutcomeEnding::Requested,
            Ending::FellBack => OutcomeEnding::FellBack,
            Ending::Cancelled => OutcomeEnding::Cancelled,
            Ending::Staged => OutcomeEnding::Staged,
        }
    }
}

fn number(text: &str) -> Result<wire::Version, RecordedError> {
    version::parse(text).map(wire::Version::from).map_err(|_| wrong("version", text))
}

fn digits<const N: usize>(text: &str) -> Result<[u8; N], RecordedError> {
    let wrong = || wrong("digest", text);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.ok_or_else(wrong)?.try_into().map_err(|_| wrong())
}

fn wrong(field: &str, value: &str) -> RecordedError {
    RecordedError(format!("{field} is {value:?}"))
}

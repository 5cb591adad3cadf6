//! Reports on a device, made from its state on the wire.

use super::{
    Cancelled, Content, Device, Ending, Fault, LastBoot, LastOutcome, Pending, RecoveryReason, Rejected, Running,
    Slots, Staged, Start, TrialLeft,
};
use crate::reset::Reset;
use lifeboot_artifact::hex;
use lifeboot_client::describe::{board_name, earlier_reason, ending, reason, running};
use lifeboot_client::link::Identity;
use lifeboot_client::max_stall::max_stall_ms;
use lifeboot_client::state::{pending, staged};
use lifeboot_core::{Board, Version};
use lifeboot_wire::{self as wire, OutcomeEnding, SlotContent};

impl From<&wire::Status> for Device {
    fn from(status: &wire::Status) -> Self {
        let [a, b] = status.slots.map(Content::from);
        Device {
            board: board_name(&status.board),
            map_digest: format!("{:08x}", status.map),
            device_id: None,
            bootloader_format: status.bootloader,
            demo_key: status.demo_key,
            running: status.running.into(),
            recovery: status.recovery.map(|reason| match reason {
                wire::Recovery::NothingStarts => RecoveryReason::NothingStarts,
                wire::Recovery::Requested => RecoveryReason::Requested,
                wire::Recovery::Crashes if status.confirmed.is_some() => RecoveryReason::Crashes,
                wire::Recovery::Crashes | wire::Recovery::LastFirmware => RecoveryReason::LastFirmware,
            }),
            confirmed: status.confirmed.map(Into::into),
            trial: status.trial.map(TrialLeft::from),
            pending: pending(status).map(|(slot, version)| Pending { slot: slot.into(), version: version.to_string() }),
            staged: staged(status).map(|outcome| Staged {
                slot: outcome.slot.into(),
                version: Version::from(outcome.version).to_string(),
                digest: hex(&outcome.digest),
            }),
            slots: Slots { a, b },
            epoch_floor: status.epoch_floor,
            revoked_keys: (0..8).filter(|key| status.revoked & 1 << key != 0).map(|key| key + 1).collect(),
            last_outcome: status.outcome.as_ref().map(LastOutcome::from),
            quarantine: None,
            last_boot: status.boot.map(LastBoot::from),
            max_stall_ms: None,
            journal_failing: status.journal_failing,
        }
    }
}

impl Device {
    /// Adds what the device says that it is.
    pub fn with_identity(self, identity: Option<&Identity>) -> Self {
        let device = identity.map(|identity| hex(&identity.device)).filter(|id| !id.is_empty());
        Device { device_id: device, ..self }
    }

    /// Adds what follows from the device's flash map.
    pub fn with_board(self, board: Option<&Board>) -> Self {
        // In recovery mode no application runs.
        let board = board.filter(|_| self.recovery.is_none());
        Device { max_stall_ms: board.and_then(max_stall_ms), ..self }
    }

    /// Adds the device's report on its quarantine.
    pub fn with_quarantine(self, quarantine: Option<&[wire::Rejection]>) -> Self {
        Device { quarantine: quarantine.map(|all| all.iter().map(Rejected::from).collect()), ..self }
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

impl From<wire::Boot> for LastBoot {
    fn from(wire::Boot { cause, start, verification }: wire::Boot) -> Self {
        let (reset, start) = (Reset::from(cause), Start::from(start));
        let text = format!("{start}, after {reset}; verified in {verification} ms");
        LastBoot { reset, start, verification_milliseconds: verification, text }
    }
}

impl From<wire::Start> for Start {
    fn from(start: wire::Start) -> Self {
        match start {
            wire::Start::Confirmed => Start::Confirmed,
            wire::Start::Trial => Start::Trial,
            wire::Start::FellBack => Start::FellBack,
        }
    }
}

impl From<Start> for wire::Start {
    fn from(start: Start) -> Self {
        match start {
            Start::Confirmed => wire::Start::Confirmed,
            Start::Trial => wire::Start::Trial,
            Start::FellBack => wire::Start::FellBack,
        }
    }
}

impl From<&wire::Outcome> for LastOutcome {
    fn from(outcome: &wire::Outcome) -> Self {
        LastOutcome {
            ending: outcome.ending.into(),
            slot: outcome.slot.into(),
            version: Version::from(outcome.version).to_string(),
            digest: hex(&outcome.digest),
            last_reset: outcome.cause.into(),
            fault: outcome.fault.map(|wire::Fault { pc, status }| Fault { pc, status }),
            reason: reason(outcome),
            text: ending(outcome),
        }
    }
}

impl From<OutcomeEnding> for Ending {
    fn from(ending: OutcomeEnding) -> Self {
        match ending {
            OutcomeEnding::Confirmed => Ending::Confirmed,
            OutcomeEnding::Invalid => Ending::Invalid,
            OutcomeEnding::NotConfirmed => Ending::NotConfirmed,
            OutcomeEnding::Requested => Ending::Requested,
            OutcomeEnding::FellBack => Ending::FellBack,
            OutcomeEnding::Cancelled => Ending::Cancelled,
            OutcomeEnding::Staged => Ending::Staged,
        }
    }
}

impl From<&wire::Rejection> for Rejected {
    fn from(rejection: &wire::Rejection) -> Self {
        Rejected {
            ending: rejection.ending.into(),
            digest: hex(&rejection.digest),
            last_reset: rejection.cause.into(),
            reason: earlier_reason(rejection),
        }
    }
}

impl From<&wire::Status> for Running {
    fn from(status: &wire::Status) -> Self {
        Running { device: status.into(), text: running(status) }
    }
}

impl From<&wire::Status> for Cancelled {
    fn from(status: &wire::Status) -> Self {
        Cancelled { device: status.into(), text: running(status) }
    }
}

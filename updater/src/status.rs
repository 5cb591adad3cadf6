//! What the device says of itself, in the words of the wire.

use crate::transfer::{is_erased, read_header};
use crate::updater::Updater;
use crate::wire::{self, OutcomeEnding, Refusal, ResetCause};
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::handover::{Boot, Start};
use lifeboot_core::image::{Header, Invalid};
use lifeboot_core::info::{Info, key_id};
use lifeboot_core::journal::Failed;
use lifeboot_core::layout::{BLOCK, Slot};
use lifeboot_core::record::{Cause, Ending, Fault, Outcome, Record, Rejection, Trial};

impl<F: NorFlash> Updater<F> {
    /// The state of the device. `window` and `chunk` are what the session can take: see [`wire::Status`].
    pub fn status(&mut self, window: u32, chunk: u32) -> wire::Status {
        let info = Info::read(&mut self.flash, self.board);
        let slots = Slot::BOTH.map(|slot| self.content(slot));
        let Record { confirmed, trial, epoch_floor, revoked, outcomes } = *self.journal.record();
        wire::Status {
            wire: wire::WIRE,
            board: self.board.name_bytes(),
            bootloader: info.as_ref().map_or(0, |info| info.format()),
            demo_key: info.is_some_and(|info| info.demo_key()),
            running: self.running.into(),
            confirmed: confirmed.into(),
            trial: trial.map(Into::into),
            slots,
            epoch_floor,
            revoked,
            outcome: outcomes.last().map(Into::into),
            window,
            chunk,
            unit: self.board.slot_unit,
            boot: self.boot.map(Into::into),
            recovery: None,
        }
    }

    /// The keys of the bootloader's table, and what became of them.
    ///
    /// # Errors
    /// [`Refusal::NoBootloader`] where it does not say which it holds.
    pub fn keys(&mut self) -> Result<wire::Keys, Refusal> {
        let info = self.info()?;
        let ids = core::array::from_fn(|index| info.keys().get(index).map(key_id));
        let signed = Slot::BOTH.map(|slot| {
            let header = Header::parse(&read_header(&mut self.flash, self.board.slot(slot).start).ok()?).ok()?;
            Some(wire::Signed { key: header.key_id, revokes: header.revoked_keys(&info) })
        });
        Ok(wire::Keys { ids, revoked: self.journal.record().revoked, signed })
    }

    /// What was rejected before the last outcome, the newest first. [`begin`](Self::begin) refuses that, and the image that
    /// was rejected last, unless it is forced.
    pub fn quarantine(&self) -> [Option<wire::Rejection>; wire::QUARANTINED] {
        let mut rejections = self.journal.record().outcomes.quarantine().map(Into::into);
        core::array::from_fn(|_| rejections.next())
    }

    fn content(&mut self, slot: Slot) -> wire::SlotContent {
        let Ok(bytes) = read_header(&mut self.flash, self.board.slot(slot).start) else {
            return wire::SlotContent::Unfinished;
        };
        if let Ok(Header { version, epoch, digest, .. }) = Header::parse(&bytes) {
            let digest = digest.first_chunk().copied().unwrap_or_default();
            return wire::SlotContent::Image { version: version.into(), epoch, digest };
        }
        let mut payload = [0; BLOCK as usize];
        let start = self.board.slot(slot).start + self.board.header_length;
        let empty = is_erased(&bytes) && self.flash.read(start, &mut payload).is_ok() && is_erased(&payload);
        if empty { wire::SlotContent::Empty } else { wire::SlotContent::Unfinished }
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::NoImage => Refusal::NoImage,
            Invalid::Format => Refusal::Format,
            Invalid::UnknownKey => Refusal::UnknownKey,
            Invalid::RevokedKey => Refusal::RevokedKey,
            Invalid::Signature => Refusal::Signature,
            Invalid::Board => Refusal::Board,
            Invalid::Bounds => Refusal::Bounds,
            Invalid::OtherSlot => Refusal::OtherSlot,
            Invalid::Bootloader => Refusal::Bootloader,
            Invalid::Epoch => Refusal::Epoch,
            Invalid::Table => Refusal::Table,
            Invalid::Digest => Refusal::Digest,
            Invalid::Entry => Refusal::Entry,
            Invalid::Stack => Refusal::Stack,
            Invalid::OwnKey => Refusal::OwnKey,
            Invalid::Flash => Refusal::Flash,
        }
    }
}

impl From<Boot> for wire::Boot {
    fn from(Boot { cause, start, verification }: Boot) -> Self {
        wire::Boot { cause: cause.into(), start: start.into(), verification }
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

impl From<Slot> for wire::Slot {
    fn from(slot: Slot) -> Self {
        match slot {
            Slot::A => wire::Slot::A,
            Slot::B => wire::Slot::B,
        }
    }
}

impl From<wire::Slot> for Slot {
    fn from(slot: wire::Slot) -> Self {
        match slot {
            wire::Slot::A => Slot::A,
            wire::Slot::B => Slot::B,
        }
    }
}

impl From<lifeboot_core::Version> for wire::Version {
    fn from(version: lifeboot_core::Version) -> Self {
        let lifeboot_core::Version { major, minor, patch, build } = version;
        wire::Version { major, minor, patch, build }
    }
}

impl From<wire::Version> for lifeboot_core::Version {
    fn from(version: wire::Version) -> Self {
        let wire::Version { major, minor, patch, build } = version;
        lifeboot_core::Version { major, minor, patch, build }
    }
}

impl From<Ending> for OutcomeEnding {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Confirmed => OutcomeEnding::Confirmed,
            Ending::FellBack => OutcomeEnding::FellBack,
            Ending::Invalid => OutcomeEnding::Invalid,
            Ending::NotConfirmed => OutcomeEnding::NotConfirmed,
            Ending::Requested => OutcomeEnding::Requested,
        }
    }
}

impl From<Cause> for ResetCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Unknown => ResetCause::Unknown,
            Cause::PowerOn => ResetCause::PowerOn,
            Cause::BrownOut => ResetCause::BrownOut,
            Cause::Pin => ResetCause::Pin,
            Cause::Watchdog => ResetCause::Watchdog,
            Cause::Fault => ResetCause::Fault,
            Cause::Request => ResetCause::Request,
        }
    }
}

impl From<Failed> for Refusal {
    fn from(_: Failed) -> Self {
        Refusal::Flash
    }
}

impl From<Trial> for wire::Trial {
    fn from(trial: Trial) -> Self {
        let Trial { slot, attempts, power_attempts } = trial;
        wire::Trial { slot: slot.into(), attempts, power_attempts }
    }
}

impl From<Outcome> for wire::Outcome {
    fn from(outcome: Outcome) -> Self {
        let Outcome { ending, slot, cause, fault, version, digest } = outcome;
        wire::Outcome {
            ending: ending.into(),
            slot: slot.into(),
            cause: cause.into(),
            version: version.into(),
            digest,
            fault: fault.map(Into::into),
        }
    }
}

impl From<Fault> for wire::Fault {
    fn from(Fault { pc, status }: Fault) -> Self {
        wire::Fault { pc, status }
    }
}

impl From<Rejection> for wire::Rejection {
    fn from(Rejection { ending, cause, digest }: Rejection) -> Self {
        wire::Rejection { ending: ending.into(), cause: cause.into(), digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bootloader answers with the number of what is wrong.
    #[test]
    fn what_is_wrong_with_an_image_has_the_number_of_its_refusal() {
        let invalid = [
            Invalid::NoImage,
            Invalid::Format,
            Invalid::UnknownKey,
            Invalid::RevokedKey,
            Invalid::Signature,
            Invalid::Board,
            Invalid::Bounds,
            Invalid::OtherSlot,
            Invalid::Bootloader,
            Invalid::Epoch,
            Invalid::Table,
            Invalid::Digest,
            Invalid::Entry,
            Invalid::Stack,
            Invalid::Flash,
        ];
        for invalid in invalid {
            let mut bytes = [0; 1];
            assert_eq!(postcard::to_slice(&Refusal::from(invalid), &mut bytes).unwrap(), [invalid as u8]);
        }
    }
}

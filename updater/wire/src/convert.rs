//! Conversions between the trusted base's types and those of the messages.
//!
//! Spelled out variant by variant: the numbers in flash and those on the line are independent, and neither may change
//! with the other.

use crate::{OutcomeEnding, Refusal, ResetCause};
use lifeboot_core::handover::{Boot, Start};
use lifeboot_core::image::Invalid;
use lifeboot_core::journal::Failed;
use lifeboot_core::layout::Slot;
use lifeboot_core::record::{Cause, Ending, Fault, Outcome, Rejection, Trial};

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
            Invalid::Schema => Refusal::Schema,
            Invalid::OwnKey => Refusal::OwnKey,
            Invalid::EpochStep => Refusal::EpochStep,
            Invalid::Map => Refusal::Map,
            Invalid::Flash => Refusal::Flash,
        }
    }
}

impl From<Boot> for crate::Boot {
    fn from(Boot { cause, start, verification }: Boot) -> Self {
        crate::Boot { cause: cause.into(), start: start.into(), verification }
    }
}

impl From<Start> for crate::Start {
    fn from(start: Start) -> Self {
        match start {
            Start::Confirmed => crate::Start::Confirmed,
            Start::Trial => crate::Start::Trial,
            Start::FellBack => crate::Start::FellBack,
        }
    }
}

impl From<Slot> for crate::Slot {
    fn from(slot: Slot) -> Self {
        match slot {
            Slot::A => crate::Slot::A,
            Slot::B => crate::Slot::B,
        }
    }
}

impl From<crate::Slot> for Slot {
    fn from(slot: crate::Slot) -> Self {
        match slot {
            crate::Slot::A => Slot::A,
            crate::Slot::B => Slot::B,
        }
    }
}

impl From<lifeboot_core::Version> for crate::Version {
    fn from(version: lifeboot_core::Version) -> Self {
        let lifeboot_core::Version { major, minor, patch, build } = version;
        crate::Version { major, minor, patch, build }
    }
}

impl From<crate::Version> for lifeboot_core::Version {
    fn from(version: crate::Version) -> Self {
        let crate::Version { major, minor, patch, build } = version;
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
            Ending::Cancelled => OutcomeEnding::Cancelled,
            Ending::Staged => OutcomeEnding::Staged,
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

impl From<Trial> for crate::Trial {
    fn from(trial: Trial) -> Self {
        let Trial { slot, attempts, power_attempts } = trial;
        crate::Trial { slot: slot.into(), attempts, power_attempts }
    }
}

impl From<Outcome> for crate::Outcome {
    fn from(outcome: Outcome) -> Self {
        let Outcome { ending, slot, cause, fault, version, digest } = outcome;
        crate::Outcome {
            ending: ending.into(),
            slot: slot.into(),
            cause: cause.into(),
            version: version.into(),
            digest,
            fault: fault.map(Into::into),
        }
    }
}

impl From<Fault> for crate::Fault {
    fn from(Fault { pc, status }: Fault) -> Self {
        crate::Fault { pc, status }
    }
}

impl From<Rejection> for crate::Rejection {
    fn from(Rejection { ending, cause, digest }: Rejection) -> Self {
        crate::Rejection { ending: ending.into(), cause: cause.into(), digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bootloader in recovery mode sends the number of [`Invalid`] as that of the refusal.
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
            Invalid::Schema,
            Invalid::OwnKey,
            Invalid::EpochStep,
        ];
        for invalid in invalid {
            let mut bytes = [0; 1];
            assert_eq!(postcard::to_slice(&Refusal::from(invalid), &mut bytes).unwrap(), [invalid as u8]);
        }
    }
}

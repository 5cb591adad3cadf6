//! What a device's state says, of itself and of an image.

use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Version;
use lifeboot_wire::{self as wire, Outcome, OutcomeEnding, Recovery, Slot, SlotContent, Status, Trial};

/// Whether what runs still has to confirm.
pub fn is_on_trial(status: &Status) -> bool {
    status.confirmed != status.running || status.trial.is_some_and(|trial| trial.slot == status.running)
}

/// What the slot that runs holds; nothing where no firmware runs.
pub fn running_content(status: &Status) -> SlotContent {
    if status.recovery.is_some() { SlotContent::Empty } else { content(status, status.running) }
}

/// The slot that an image would be written to: the one that does not run. Where nothing starts at all, an image that is
/// bound to the other one can go there, too.
pub(crate) fn target(status: &Status, image: &ImageFile) -> Slot {
    let linked_for = Slot::from(image.linked_for());
    let is_free = status.recovery == Some(Recovery::NothingStarts);
    if image.is_bound() && is_free { linked_for } else { other(status.running) }
}

/// What a slot of a device holds.
pub fn content(status: &Status, slot: Slot) -> SlotContent {
    let [a, b] = status.slots;
    match slot {
        Slot::A => a,
        Slot::B => b,
    }
}

/// The slot that this is not.
pub(crate) fn other(slot: Slot) -> Slot {
    lifeboot_core::Slot::from(slot).other().into()
}

/// What a device does with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageState {
    /// It runs it, confirmed.
    Confirmed,
    /// It runs it, on trial; with the starts left, where it says so.
    Trial(Option<Trial>),
    /// It has it in the other slot, to be tried at the next reset.
    Marked,
    /// It went back from it.
    Rejected(Outcome),
    /// It runs something else, and is not about to change that.
    Absent,
}

impl ImageState {
    pub(crate) fn of(status: &Status, image: &ImageFile) -> ImageState {
        let holds = |slot: Slot| is_image(&content(status, slot), image);
        let target = target(status, image);
        if status.recovery.is_none() && holds(status.running) {
            return if is_on_trial(status) { ImageState::Trial(status.trial) } else { ImageState::Confirmed };
        }
        match (status.trial, status.outcome) {
            (Some(trial), _) if trial.slot == target && holds(target) => ImageState::Marked,
            (None, Some(outcome))
                if is_rejection(outcome.ending) && image.header().digest.starts_with(&outcome.digest) =>
            {
                ImageState::Rejected(outcome)
            }
            _ => ImageState::Absent,
        }
    }
}

/// Whether an update that ended so was taken back.
pub fn is_rejection(ending: OutcomeEnding) -> bool {
    match ending {
        OutcomeEnding::Confirmed | OutcomeEnding::FellBack => false,
        OutcomeEnding::Invalid | OutcomeEnding::NotConfirmed | OutcomeEnding::Requested => true,
    }
}

/// Whether a slot's header is this image's, as far as a status shows it.
pub(crate) fn is_image(content: &SlotContent, image: &ImageFile) -> bool {
    let header = image.header();
    match content {
        SlotContent::Image { version, epoch, digest } => {
            header.version == (*version).into() && header.epoch == *epoch && header.digest.starts_with(digest)
        }
        SlotContent::Empty | SlotContent::Unfinished => false,
    }
}

/// The version of the next push: `base` with a build number above that of all that the device knows of.
pub fn next_version(base: Version, status: &Status) -> Version {
    let slots = status.slots.iter().filter_map(|slot| match slot {
        SlotContent::Image { version, .. } => Some(*version),
        SlotContent::Empty | SlotContent::Unfinished => None,
    });
    let known = slots.chain(status.outcome.map(|outcome| outcome.version));
    let of_base =
        |version: &wire::Version| (version.major, version.minor, version.patch) == (base.major, base.minor, base.patch);
    let highest = known.filter(of_base).map(|version| version.build).max();
    Version { build: highest.map_or(base.build, |highest| highest.saturating_add(1).max(base.build)), ..base }
}

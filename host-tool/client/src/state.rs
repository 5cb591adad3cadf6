//! What a device's state says about the device and about an image.

use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Version;
use lifeboot_wire::{self as wire, Outcome, OutcomeEnding, Recovery, Slot, SlotContent, Status, Trial};

/// Returns whether the running firmware still has to confirm.
pub fn is_on_trial(status: &Status) -> bool {
    status.confirmed != Some(status.running) || status.trial.is_some_and(|trial| trial.slot == status.running)
}

/// Returns the image that the next reset starts on trial: its slot and its version.
pub fn pending(status: &Status) -> Option<(Slot, Version)> {
    let trial = status.trial.filter(|trial| trial.slot != status.running)?;
    match content(status, trial.slot) {
        SlotContent::Image { version, .. } => Some((trial.slot, version.into())),
        SlotContent::Empty | SlotContent::Unfinished => None,
    }
}

/// Returns the content of the running slot; `Empty` if no firmware runs.
pub fn running_content(status: &Status) -> SlotContent {
    if status.recovery.is_some() { SlotContent::Empty } else { content(status, status.running) }
}

/// Returns the slot that an image would be written to: the one that is not running. If no slot can be started, an image
/// that is bound to a slot may be written to that slot.
pub(crate) fn target(status: &Status, image: &ImageFile) -> Slot {
    let linked_for = Slot::from(image.linked_for());
    let is_free = status.recovery == Some(Recovery::NothingStarts);
    if image.is_bound() && is_free { linked_for } else { other(status.running) }
}

/// Returns the content of a slot.
pub fn content(status: &Status, slot: Slot) -> SlotContent {
    let [a, b] = status.slots;
    match slot {
        Slot::A => a,
        Slot::B => b,
    }
}

/// Returns the other slot.
pub(crate) fn other(slot: Slot) -> Slot {
    lifeboot_core::Slot::from(slot).other().into()
}

/// The state of an image on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// The image runs, confirmed.
    Confirmed,
    /// The image runs on trial; with the starts left, if the device reports them.
    Trial(Option<Trial>),
    /// The image is in the other slot, and will be tried at the next reset.
    Marked,
    /// The device rolled back from the image.
    Rejected(Outcome),
    /// The device runs something else, and no trial of the image is pending.
    Absent,
}

impl ImageState {
    /// Returns the state of an image on the device that reports this.
    pub fn of(status: &Status, image: &ImageFile) -> ImageState {
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

/// Returns whether an update with this ending was rolled back.
pub fn is_rejection(ending: OutcomeEnding) -> bool {
    match ending {
        OutcomeEnding::Confirmed | OutcomeEnding::FellBack | OutcomeEnding::Cancelled => false,
        OutcomeEnding::Invalid | OutcomeEnding::NotConfirmed | OutcomeEnding::Requested => true,
    }
}

/// Returns whether a slot's header is this image's, as far as a status shows it.
pub(crate) fn is_image(content: &SlotContent, image: &ImageFile) -> bool {
    let header = image.header();
    match content {
        SlotContent::Image { version, epoch, digest } => {
            header.version == (*version).into() && header.epoch == *epoch && header.digest.starts_with(digest)
        }
        SlotContent::Empty | SlotContent::Unfinished => false,
    }
}

/// Returns the version of the next push: `base` with a build number above that of every version that the device knows.
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

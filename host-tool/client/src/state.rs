//! What a device's state says about the device and about an image.

use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Version;
use lifeboot_core::image::Header;
use lifeboot_wire::{self as wire, IMAGE_NAME, Outcome, OutcomeEnding, Recovery, Slot, SlotContent, Status, Trial};

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
pub(crate) fn target(status: &Status, image: &WantedImage) -> Slot {
    let is_free = status.recovery == Some(Recovery::NothingStarts);
    image.bound_to.filter(|_| is_free).unwrap_or_else(|| other(status.running))
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

/// Which image is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedImage {
    /// The start of its digest.
    pub digest: [u8; IMAGE_NAME],
    /// Its header, if there is more to go by than its digest.
    pub header: Option<Header>,
    /// The slot that it is bound to, if it runs in one slot only.
    bound_to: Option<Slot>,
}

impl WantedImage {
    /// Returns the image with this digest.
    pub const fn named(digest: [u8; IMAGE_NAME]) -> Self {
        WantedImage { digest, header: None, bound_to: None }
    }
}

impl From<&ImageFile> for WantedImage {
    fn from(image: &ImageFile) -> Self {
        let digest = image.header().digest.first_chunk().copied().unwrap_or_default();
        let bound_to = image.is_bound().then(|| image.linked_for().into());
        WantedImage { digest, header: Some(*image.header()), bound_to }
    }
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
    /// The image is staged in the other slot.
    Staged,
    /// The device rolled back from the image.
    Rejected(Outcome),
    /// The device runs something else, and no trial of the image is pending.
    Absent,
}

impl ImageState {
    /// Returns the state of an image on the device that reports this.
    pub fn of(status: &Status, image: &WantedImage) -> ImageState {
        let holds = |slot: Slot| is_image(&content(status, slot), image);
        let target = target(status, image);
        if status.recovery.is_none() && holds(status.running) {
            return if is_on_trial(status) { ImageState::Trial(status.trial) } else { ImageState::Confirmed };
        }
        match (status.trial, status.outcome) {
            (Some(trial), _) if trial.slot == target && holds(target) => ImageState::Marked,
            (None, Some(outcome)) if is_rejection(outcome.ending) && image.digest == outcome.digest => {
                ImageState::Rejected(outcome)
            }
            // A bootloader in recovery mode activates nothing.
            (None, Some(outcome))
                if is_staged(status, &outcome) && status.recovery.is_none() && holds(outcome.slot) =>
            {
                ImageState::Staged
            }
            _ => ImageState::Absent,
        }
    }
}

/// Returns whether an update with this ending was rolled back.
pub fn is_rejection(ending: OutcomeEnding) -> bool {
    match ending {
        OutcomeEnding::Confirmed | OutcomeEnding::FellBack | OutcomeEnding::Cancelled | OutcomeEnding::Staged => false,
        OutcomeEnding::Invalid | OutcomeEnding::NotConfirmed | OutcomeEnding::Requested => true,
    }
}

/// Returns the outcome of the image that is staged, if one is. No reset starts it.
pub fn staged(status: &Status) -> Option<Outcome> {
    status.outcome.filter(|outcome| status.trial.is_none() && is_staged(status, outcome))
}

/// Returns whether this outcome says that an image was staged, and the other slot still holds it.
fn is_staged(status: &Status, outcome: &Outcome) -> bool {
    outcome.ending == OutcomeEnding::Staged
        && outcome.slot == other(status.running)
        && matches!(content(status, outcome.slot), SlotContent::Image { digest, .. } if digest == outcome.digest)
}

/// Returns whether a slot's header is this image's, as far as a status shows it.
pub(crate) fn is_image(content: &SlotContent, image: &WantedImage) -> bool {
    match content {
        SlotContent::Image { version, epoch, digest } => {
            let is_release = |header: Header| header.version == (*version).into() && header.epoch == *epoch;
            image.digest == *digest && image.header.is_none_or(is_release)
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

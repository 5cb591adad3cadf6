//! The progress that a push reports. The library itself prints nothing.

use super::confirm_effects::ConfirmEffect;
use super::patches::PatchUse;
use lifeboot_wire::{Recovery, Trial};

/// A step of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Requests the device's state.
    Asking,
    /// The bootloader is in recovery mode, for this reason: the push continues with the bootloader.
    Recovery(Recovery),
    /// Offers the image; the device checks its signature.
    Beginning,
    /// Compares what the slot already holds.
    Comparing,
    /// Sends what the slot does not hold.
    Sending,
    /// The device reads the slot back and verifies it.
    Verifying,
    /// Activates the staged image; the device verifies it again.
    Activating,
    /// Begins again, for this reason; only time is lost.
    StartingOver(Interruption),
    /// Restarts the device.
    Restarting,
    /// The new firmware runs and must confirm; with the starts left, if the device reports them.
    Trial(Option<Trial>),
}

/// Why a push begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The device was restarted, or another host began an update.
    TransferEnded,
    /// The slot does not match its reported digests: everything is sent.
    NotAsSurveyed,
    /// The patch did not produce the image: the image is sent.
    PatchFailed,
    /// What was staged is not whole any more: it is sent again.
    NotAsStaged,
}

/// Receives the progress of a push.
pub trait Progress {
    /// The push has reached this step.
    fn step(&mut self, step: Step);

    /// Confirming this image will have an irreversible effect. Nothing was sent yet.
    fn confirm_effect(&mut self, confirm_effect: &ConfirmEffect) {
        let _ = confirm_effect;
    }

    /// The image has patches, and this was decided about them.
    fn patch(&mut self, used: &PatchUse) {
        let _ = used;
    }

    /// `done` of `total` bytes of the image are in the slot, or of the patch are on the device.
    fn bytes(&mut self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// This many of the bytes in the next call of [`bytes`](Self::bytes) were in the slot already.
    fn skipped(&mut self, bytes: u64) {
        let _ = bytes;
    }
}

/// Ignores all progress.
impl Progress for () {
    fn step(&mut self, _: Step) {}
}

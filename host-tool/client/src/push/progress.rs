//! What a push reports while it goes on. The library itself prints nothing.

use super::confirm_effects::ConfirmEffect;
use super::patches::PatchUse;
use lifeboot_wire::{Recovery, Trial};

/// Where a push is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Asks for the device's state.
    Asking,
    /// The bootloader is in recovery mode, for this reason: the push goes to it.
    Recovery(Recovery),
    /// Offers the image; the device checks its signature.
    Beginning,
    /// Finds out what the slot already holds.
    Comparing,
    /// Sends what it does not hold.
    Sending,
    /// The device reads back and verifies.
    Verifying,
    /// Begins anew; nothing is lost by that but time.
    StartingOver(Interruption),
    /// Restarts the device.
    Restarting,
    /// The new firmware runs and has to confirm; with the starts left, where the device says so.
    Trial(Option<Trial>),
}

/// Why a push begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The device was restarted, or another host began.
    TransferEnded,
    /// The slot does not hold what its digests promised: now everything is sent.
    NotAsSurveyed,
    /// The patch did not make the image: now that is sent.
    PatchFailed,
}

/// Listens to a push.
pub trait Progress {
    /// The push has come to this step.
    fn step(&mut self, step: Step);

    /// The confirm of this image will end something irreversibly. Nothing was sent yet.
    fn confirm_effect(&mut self, confirm_effect: &ConfirmEffect) {
        let _ = confirm_effect;
    }

    /// The image has patches, and this becomes of them.
    fn patch(&mut self, used: &PatchUse) {
        let _ = used;
    }

    /// So many bytes of the image, of so many, are in the slot; or so many of a patch are there.
    fn bytes(&mut self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// So many bytes of those that [`bytes`](Self::bytes) counts next were there already.
    fn skipped(&mut self, bytes: u64) {
        let _ = bytes;
    }
}

/// Nobody listens.
impl Progress for () {
    fn step(&mut self, _: Step) {}
}

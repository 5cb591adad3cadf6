//! The result of a successful push.

use super::patches::PatchUse;

/// A successful push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Bytes of the image, or of a patch to it, that were sent, including those sent again.
    pub sent: u64,
    /// Bytes of the image that the slot already held.
    pub skipped: u64,
    /// Frames that carried these bytes.
    pub frames: u64,
    /// Bytes that were sent again.
    pub retransmitted: u64,
    /// What happened with the image's patches; `None` if it has none, or if nothing had to be sent.
    pub patch: Option<PatchUse>,
    /// How the push ended.
    pub outcome: PushOutcome,
}

/// How a successful push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    /// The image runs and is confirmed.
    Confirmed,
    /// The image already ran and was confirmed: nothing was done.
    AlreadyConfirmed,
    /// The image is in the slot, verified; the next reset starts it on trial.
    Marked,
    /// The image already runs on trial, and the push was not to wait.
    OnTrial,
    /// The image is in the slot, verified; no reset starts it before it is activated.
    Staged,
}

//! What came of a push that went well.

use super::patches::PatchUse;

/// A push that went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Bytes of the image, or of a patch to it, that were sent, with those that were sent again.
    pub sent: u64,
    /// Bytes of the image that the slot already held.
    pub skipped: u64,
    /// Frames that carried them.
    pub frames: u64,
    /// Bytes that were sent again.
    pub retransmitted: u64,
    /// What became of the image's patches; `None` if it has none, or nothing had to be sent.
    pub patch: Option<PatchUse>,
    /// What came of it.
    pub outcome: PushOutcome,
}

/// What came of a push that went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    /// The image runs, and has confirmed.
    Confirmed,
    /// The image ran already, confirmed: nothing was done.
    AlreadyConfirmed,
    /// The image is in the slot, verified; the next reset starts it on trial.
    Marked,
    /// The image runs on trial already, and nobody was to wait for it.
    OnTrial,
}

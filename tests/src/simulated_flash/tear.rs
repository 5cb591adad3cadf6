//! How an operation is cut short, and its effect then.

/// Bytes of a word.
pub const WORD: usize = 4;

/// How a loss of power meets a flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before it: nothing is changed.
    Before,
    /// In the middle. A write has stored its first `words`, and of the next one cleared the bits that are not in
    /// `mask`. An erase has set the first `words` of its unit, and in all the others the bits that are in `mask`.
    Inside {
        /// Words that are done; all if there are fewer.
        words: usize,
        /// Which bits of what was under way are set.
        mask: u32,
    },
    /// In the middle, as finely as flash tears.
    Torn(Tear),
    /// At its very end: everything reads as it was meant to, but the bits that were changed last may read differently
    /// later. Of a write that is the last word that it changes; of an erase, [`UNSTEADY_LENGTH`] bytes of its unit, ECC
    /// or not. The worst case for code that trusts a single read.
    Marginal,
}

/// What is left of an operation that power was lost in.
///
/// A write has stored its first bytes, and of the word that they end in or before has cleared the bits that are not in
/// `kept`. An erase has set the first bytes of its unit, and in all the others the bits that are in `kept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tear {
    /// Bytes that are done; all if there are fewer.
    pub bytes: usize,
    /// Which bits of what was under way are set.
    pub kept: u32,
    /// Which bits of what was under way read differently from one read to the next: in the word that a write stopped
    /// in, those that it was to clear; in the [`UNSTEADY_LENGTH`] bytes where an erase stopped, any. With ECC,
    /// words that are not as they were written or erased are unreadable instead.
    pub unsteady: u32,
}

impl Cut {
    /// The effect of this cut; `None` if the operation has not begun.
    pub(super) fn tear(self) -> Option<Tear> {
        match self {
            Cut::Before => None,
            Cut::Inside { words, mask } => Some(Tear { bytes: words.saturating_mul(WORD), kept: mask, unsteady: 0 }),
            Cut::Torn(tear) => Some(tear),
            Cut::Marginal => Some(Tear::NONE),
        }
    }
}

impl Tear {
    /// An operation that was not cut short.
    pub(super) const NONE: Tear = Tear { bytes: usize::MAX, kept: 0, unsteady: 0 };
}

/// Bytes that a torn erase leaves unsteady.
pub const UNSTEADY_LENGTH: usize = 512;

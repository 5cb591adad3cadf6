//! The operation that an updater has under way, and what a step of it can be. It is carried on by `step.rs`.

use crate::transfer::Transfer;
use lifeboot_core::image::{HeaderBytes, HeaderCheck};
use lifeboot_core::layout::Slot;
use lifeboot_core::record::Outcome;
use lifeboot_core::verify::Check;

/// What [`Updater::step`](crate::Updater::step) did: nothing, a part of the operation, or its last part, with one variant for
/// each end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: there is no operation, or it waits for bytes.
    Idle,
    /// A part of the operation; call again.
    Busy,
    /// The header that was passed to [`begin`](crate::Updater::begin) is accepted. The transfer waits for bytes at
    /// [`next`](crate::Updater::next).
    Receiving,
    /// What [`finish`](crate::Updater::finish), [`request_activate`](crate::Updater::request_activate) or
    /// [`request_rollback`](crate::Updater::request_rollback) started is durable: the image in the target slot is pending, and the
    /// next boot tries it.
    Pending,
    /// The rollback that [`request_rollback`](crate::Updater::request_rollback) started is durable: the trial has ended, and
    /// the next boot starts the confirmed slot.
    RolledBack,
    /// The confirm that [`request_confirm`](crate::Updater::request_confirm) started is durable.
    Confirmed,
    /// What [`request_cancel`](crate::Updater::request_cancel) started is durable: the next boot starts the confirmed
    /// slot, and the image that was pending is not rejected.
    Cancelled,
    /// What [`stage`](crate::Updater::stage) started is durable: the image is whole in the target slot, verified, and not
    /// pending.
    Staged,
}

impl Step {
    /// Whether an operation has ended, so that its result is durable or it waits for bytes.
    pub const fn is_end(self) -> bool {
        !matches!(self, Step::Idle | Step::Busy)
    }
}

/// The operation in progress.
#[expect(clippy::large_enum_variant, reason = "without an allocator there is no other place")]
pub(crate) enum Operation {
    Idle,
    /// The signature of a header is being checked, for this check_for.
    Checking(HeaderCheck, CheckFor),
    Receiving {
        transfer: Transfer,
        /// Whether the journal is settled and says nothing of the slot, so that it may be written.
        is_settled: bool,
        input: InputMode,
    },
    /// The payload is being verified; then comes this change.
    Verifying(HeaderBytes, Check, Change),
    /// The payload is verified; the header is to be written, unless it is already there. Then comes this change.
    Sealing(HeaderBytes, Change),
    /// The boot state is to be changed.
    Recording(Change),
}

/// How the transfer's bytes arrive, with the state that each mode needs. The modes exclude each other, so they share
/// RAM.
#[cfg_attr(
    not(feature = "delta"),
    expect(clippy::large_enum_variant, reason = "without an allocator there is no other place")
)]
pub(crate) enum InputMode {
    /// As they are.
    Plain,
    /// As they are, and the part that is already written is verified meanwhile.
    VerifiedAhead(Check),
    /// As a patch, which this state expands.
    #[cfg(feature = "delta")]
    Patch(crate::patching::Patching),
}

/// Why a header is checked.
#[derive(Clone, Copy)]
pub(crate) enum CheckFor {
    /// To receive its image. An image that was rejected before is accepted only with `force`.
    Transfer { force: bool },
    /// To put the image in the target slot on trial.
    Rollback,
    /// As well, at the request of a caller that named it. An image that was rejected before is accepted only with `force`.
    Activation { force: bool },
}

/// A change of the boot state that takes more than one step. It is applied to the state at the time of writing, not to
/// that at the time of the request: a confirm may have come in between.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    MarkTrial(Slot),
    /// The image in this slot is staged.
    MarkStaged(Slot),
    /// By a rollback or by a cancel: the outcome says which.
    EndTrial(Outcome),
}

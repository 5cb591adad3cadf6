//! Why a transfer stopped early.

use super::progress::Interruption;
use crate::link::LinkError;
use lifeboot_wire::Refusal;

/// Why a transfer stopped early.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Refusal),
    /// The device refused the patch, or what the patch produced.
    Patch(Refusal),
    Interrupted(Interruption),
    Link(LinkError),
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        Stop::Link(error)
    }
}

/// Returns whether other bytes in the slot, or other bytes sent, may succeed.
pub(super) fn depends_on_content(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Flash
            | Refusal::NotErased
            | Refusal::Digest
            | Refusal::Table
            | Refusal::Entry
            | Refusal::Stack
            | Refusal::Incomplete
    )
}

//! Why a transfer does not come to its end.

use super::progress::Interruption;
use crate::link::LinkError;
use lifeboot_wire::Refusal;

/// Why a transfer did not come to its end.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Refusal),
    /// What a patch made was refused, or the patch itself.
    Patch(Refusal),
    Interrupted(Interruption),
    Link(LinkError),
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        Stop::Link(error)
    }
}

/// Whether other bytes in the slot, or other ones sent, may fare better.
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

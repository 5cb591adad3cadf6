//! Accepted mutants of updater.

use super::entry::{Accepted, accept};

const CONVERSATION: &str = "updater/src/conversation.rs";
const GEOMETRY: &str = "updater/src/geometry.rs";

/// All of them.
pub const ACCEPTED: &[Accepted] = &[
    accept(
        CONVERSATION,
        "replace < with <= in Conversation::write",
        "Ok(0 < taken && taken <= rest.len())",
        "Called once more, it takes nothing and is answered: a turn more, and the same answer.",
    ),
    accept(
        GEOMETRY,
        "replace > with >= in fits",
        "let divides = |size: usize, whole: u32| size >= 0 && (whole as usize).is_multiple_of(size);",
        "A unit of 0 divides only regions of length 0, and a board has none.",
    ),
];

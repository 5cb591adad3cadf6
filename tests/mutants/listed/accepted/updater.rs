//! Accepted mutants of updater.

use super::entry::{Accepted, DISJOINT, accept};

const CONVERSATION: &str = "updater/src/conversation.rs";
const GEOMETRY: &str = "updater/src/geometry.rs";
const PATCHING: &str = "updater/src/patching.rs";
const PATCHING_OLD: &str = "updater/src/patching/old.rs";
const WIRE_PATCH_PATCHER: &str = "updater/wire/src/patch/patcher.rs";

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
    // Both places that read so.
    accept(
        PATCHING,
        "replace < with <= in Patching::feed",
        "if self.fed <= self.made {",
        "Where all was fed, the transfer is fed no bytes, or called once more: turns, and the same bytes.",
    ),
    accept(
        PATCHING_OLD,
        "replace + with - in Old::bring_back",
        "let past = if first == 0 { 0 } else { first - ENTRY_LENGTH as u32 };",
        "It spoils the first bytes of those before the window, which are read for entries that cross into it alone.",
    ),
    accept(
        PATCHING_OLD,
        "replace - with + in Old::read",
        "let whole = read.len().min((end + first) as usize);",
        "No entry lies behind the payload's end, so nothing is converted there; nor is it returned.",
    ),
    accept(
        WIRE_PATCH_PATCHER,
        "replace | with ^ in number",
        "bytes[count] = rest as u8 & 0x7f ^ if last { 0 } else { 0x80 };",
        DISJOINT,
    ),
    accept(WIRE_PATCH_PATCHER, "replace | with ^ in number", "let mut rest = length << 2 ^ kind as u32;", DISJOINT),
];

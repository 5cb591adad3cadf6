//! Bugs of the verifier.

use crate::bug::{Bug, IMAGE, SCALAR, SIGNATURE, STEPS, VERIFY, bug};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "the epoch of an image is not checked",
        IMAGE,
        "if header.epoch < self.record.epoch_floor {",
        "if header.epoch < self.record.epoch_floor && header.epoch > 1000 {",
        Suite::Verifier,
    ),
    bug(
        "the signature is not checked",
        IMAGE,
        "if point != *first_half(signature) {",
        "if point != *first_half(signature) && point == [1; 32] {",
        Suite::Verifier,
    ),
    bug(
        "the lengths of an image are not bounded",
        IMAGE,
        ".is_none_or(|length| length > board.slot(slot).length)",
        ".is_none_or(|length| length > u32::MAX / 2 + board.slot(slot).length)",
        Suite::Verifier,
    ),
    bug(
        "a second signature can be made of the first",
        SCALAR,
        ".lt(ORDER.into_iter().rev())",
        ".lt([0x2000_0000; 8].into_iter())",
        Suite::Verifier,
    ),
    bug(
        "the key's point is not held against the key",
        SIGNATURE,
        "used.first_chunk::<31>() == key_copy.first_chunk::<31>()",
        "used.first_chunk::<31>().is_some() == key_copy.first_chunk::<31>().is_some()",
        Suite::Verifier,
    ),
    bug(
        "a key may be written in any way",
        STEPS,
        "if !is_canonical(key) {",
        "if !is_canonical(key) && false {",
        Suite::Verifier,
    ),
    bug(
        "the check in steps does not compare",
        STEPS,
        "return Some(sum.encode() == *r);",
        "return Some(sum.encode() != [0; 32] && *r != [0xff; 32]);",
        Suite::Verifier,
    ),
    bug(
        "what the check in steps says is not heard",
        IMAGE,
        "Some(false) => Err(Invalid::Signature),",
        "Some(false) => self.admit(trust).map(Some),",
        Suite::Verifier,
    ),
    bug(
        "the digest is not compared",
        VERIFY,
        "if !self.checked.store_computed_digest(digest) {",
        "if !self.checked.store_computed_digest(digest) && digest == [0; 32] {",
        Suite::Verifier,
    ),
    bug(
        "the entry point is not checked",
        VERIFY,
        "if !inside || entry & 1 == 0 {",
        "if !inside && entry & 1 == 0 {",
        Suite::Verifier,
    ),
    bug(
        "a table may point past the payload",
        VERIFY,
        "if at_end && !rebaser.is_done() || done == 0 {",
        "if done == 0 {",
        Suite::Verifier,
    ),
];

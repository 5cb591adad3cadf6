//! Patches: a new image as changes to the running one.
//!
//! A patch turns *old bytes* into *new bytes*, both in the order of a transfer: first the relocation table, then the
//! payload in canonical form. The old bytes are those of the running image, the new ones those that
//! [`Write`](crate::Command::Write) would carry. A patch is applied as it arrives, in bounded memory, and decides only
//! which bytes are written: the signed header is checked before, and everything is read back and verified after.
//!
//! Patches are compressed by heatshrink (an LZSS, <https://github.com/atomicobject/heatshrink>; window of 2^[`WINDOW`]
//! bytes, lengths of [`LENGTHS`] bits). Expanded, a patch is a sequence of instructions. Each begins with a number in
//! LEB128, of at most [`NUMBER`] bytes: its kind in bits 0 and 1, and from bit 2 on a length of one or more.
//!
//! | kind | instruction | bytes after the number |
//! | --- | --- | --- |
//! | 0 | copy: the next old bytes | |
//! | 1 | add: the next old bytes, to each of which a byte is added, wrapping | that many bytes |
//! | 2 | insert: bytes that are not among the old | that many bytes |
//! | 3 | seek: moves in the old bytes by the length, with its sign in bit 0 (zigzag: 1 = −1, 2 = 1) | |
//!
//! A seek must not follow another, so that of any two instructions one makes at least a byte; and every position must
//! lie inside the old bytes. Anything else is [`Malformed`].

use crate::Refusal;

mod patcher;

pub use patcher::{Kind, NUMBER, PIECE, Patcher, number, zigzag};

/// The format of patches that is described here.
pub const FORMAT: u8 = 1;

/// The compressor's window is two to the power of this, in bytes.
pub const WINDOW: usize = 8;

/// Bits of the compressor's lengths.
pub const LENGTHS: usize = 4;

/// The bytes are not a patch, or not one for these old bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Refusal::Patch
    }
}

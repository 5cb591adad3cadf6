//! Patches: a new image as changes of the one that runs.
//!
//! A patch turns *old bytes* into *new bytes*, both in the order of a transfer: first the relocation table, then the
//! payload in canonical form. The old bytes are those of the image that runs, the new ones those that
//! [`Write`](crate::Command::Write) would bring. It is applied as it arrives, in bounded memory, and decides only
//! which bytes are written: the signed header is checked before, and everything is read back and verified after.
//!
//! Compressed by heatshrink (an LZSS, <https://github.com/atomicobject/heatshrink>; window of 2^[`WINDOW`] bytes,
//! lengths of [`LENGTHS`] bits), a patch is a run of instructions. Each begins with a number in LEB128, of at most
//! [`NUMBER`] bytes: its kind in bits 0 and 1, and from bit 2 on a length of one or more.
//!
//! | kind | instruction | what follows the number |
//! | --- | --- | --- |
//! | 0 | copy: the next old bytes | |
//! | 1 | add: the next old bytes, to each of which a byte is added, wrapping | that many bytes |
//! | 2 | insert: bytes that are not old | that many bytes |
//! | 3 | seek: in the old bytes, by a length with its sign in bit 0 (zigzag: 1 = −1, 2 = 1) | |
//!
//! Two seeks never follow each other, so that each instruction or two make at least a byte; and what would be read lies
//! inside of the old bytes. Anything else is [`Malformed`].

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

//! Lifeboot's trusted base: everything that can never be updated in the field, as a library that runs on the host
//! under test and on the chip.
//!
//! | module | owns |
//! | --- | --- |
//! | [`layout`] | the flash map of each board, as a constant; the linker scripts |
//! | [`hash`] | SHA-256 |
//! | [`image`] | the header and its checks |
//! | [`key_ids`] | how keys are named |
//! | [`rebase`] | the relocation table; canonical payload to rebased payload and back |
//! | [`receive`] | the writing of a received image into a slot, rebased |
//! | [`signature`] | Ed25519, with the checks on numbers that the library omits here |
//! | [`verify`] | the check of a whole slot, and the type that proves it |
//! | [`record`] | the bytes of a boot record and the boot state in them |
//! | [`operation`] | flash operations as values, which blocking and async drivers do |
//! | [`journal`] | how boot records are found and written, also after an interruption |
//! | [`boot`](mod@boot) | the boot policy |
//! | [`info`] | the bootloader's description of itself: format, keys |
//! | `recovery` | the bootloader's recovery mode: it answers a host itself (feature `recovery`) |
//! | [`handover`] | the words in RAM that bootloader and firmware share |
//!
//! Nothing here panics on bytes that came from flash. Nothing is trusted before it has been checked.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod boot;
mod bytes;
mod checksum;
pub mod handover;
pub mod hash;
pub mod image;
pub mod info;
pub mod journal;
pub mod key_ids;
pub mod layout;
pub mod operation;
pub mod rebase;
pub mod receive;
pub mod record;
#[cfg(feature = "recovery")]
pub mod recovery;
pub mod signature;
pub mod verify;
pub mod version;

pub use boot::boot;
pub use key_ids::{KeyId, KeyIds};
pub use layout::{Board, Slot};
pub use version::Version;

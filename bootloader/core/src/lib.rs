//! Lifeboot's trusted base: everything that can never be updated in the field, as a library that runs on the host
//! under test and on the chip.
//!
//! | module | owns |
//! | --- | --- |
//! | [`layout`] | where everything lies in flash, a constant for each board; the linker scripts |
//! | [`image`] | the header, and what makes one acceptable |
//! | [`rebase`] | the relocation table; canonical payload to rebased payload and back |
//! | [`receive`] | an image's bytes on their way into a slot, rebased |
//! | [`signature`] | Ed25519, and the one check that the library leaves to us |
//! | [`verify`] | the check of a whole slot, and the proof that it was made |
//! | [`record`] | the bytes of a boot record, and the state it holds |
//! | [`journal`] | where boot records lie, how one is found and written whatever was interrupted |
//! | [`boot`](mod@boot) | the boot policy |
//! | [`info`] | what the bootloader says of itself: format, keys |
//! | `recovery` | the bootloader's own answers to a host (feature `recovery`) |
//! | [`handover`] | the words in RAM that bootloader and firmware share |
//!
//! Nothing here panics on bytes that came from flash, and nothing is trusted before it was checked.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod boot;
mod bytes;
mod checksum;
pub mod handover;
pub mod image;
pub mod info;
pub mod journal;
pub mod layout;
pub mod rebase;
pub mod receive;
pub mod record;
#[cfg(feature = "recovery")]
pub mod recovery;
pub mod signature;
pub mod verify;
pub mod version;

pub use boot::boot;
pub use layout::{Board, Slot};
pub use version::Version;

//! The protocol between host and device: frames, messages and the format of patches, as plain types without I/O.
//!
//! | module | has |
//! | --- | --- |
//! | [`frame`] | the transport of a message over a byte pipe that may lose, damage or repeat bytes |
//! | `messages` | requests and answers; this crate exports them at its root |
//! | `convert` | conversions between the types of [`lifeboot_core`] and those of the messages |
//! | `patch` | a new image as changes to an old one (feature `delta`) |
//!
//! **Append-only.** Devices in the field keep the protocol that they were built with. Add variants and messages at the
//! end; never change, reorder or remove one. A field cannot be added to a message; a new message can. Tests fix the
//! bytes.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod convert;
pub mod frame;
mod messages;
#[cfg(feature = "delta")]
pub mod patch;

pub use messages::*;

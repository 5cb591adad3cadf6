//! What host and device say to each other: frames, messages and the format of patches, as plain types without I/O.
//!
//! | module | has |
//! | --- | --- |
//! | [`frame`] | how a message travels over a byte pipe that may lose, damage or repeat bytes |
//! | `messages` | requests and answers: all that this crate exports at its root |
//! | `convert` | the types of [`lifeboot_core`] as those of the messages, and back |
//! | `patch` | a new image as changes of an old one (feature `delta`) |
//!
//! **Append-only.** Devices in the field keep speaking what they were built with: add variants and messages at the end, never
//! change, reorder or remove one. A field cannot be added to a message; a new message can. The tests hold the bytes.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod convert;
pub mod frame;
mod messages;
#[cfg(feature = "delta")]
pub mod patch;

pub use messages::*;

//! What Lifeboot makes of firmware: images, patches, first flashes, and the keys that they are signed with.
//!
//! | module | does |
//! | --- | --- |
//! | [`elf`] | reads firmware as the linker wrote it |
//! | [`relocations`], [`thunks`] | find what has to be rebased, or say why it cannot be |
//! | [`relocation_types`], [`thumb`] | what relocations and instructions mean |
//! | [`sign`](mod@sign) | makes an image of firmware, and proves that it runs in either slot |
//! | [`image_file`] | image files: made, checked, and carried to a slot |
//! | [`patch`] | turns the image that a device runs into the next one, in fewer bytes |
//! | [`difference`](mod@difference) | what changed from one image to the next |
//! | [`bootloader_file`] | a bootloader as cargo builds it |
//! | [`provision`] | the first flash: bootloader, blank journal, first firmware |
//! | [`flash_file`], [`board`] | files that other tools flash, and what they call a board |
//! | [`keys`] | keys as PEM texts |
//! | [`version`] | versions as people write them |
//!
//! Nothing here reads or writes a file, opens a connection or uses the system: bytes come in and go out,
//! and so does randomness. A path is only ever a name, for an error.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod board;
pub mod bootloader_file;
pub mod difference;
pub mod elf;
pub mod flash_file;
mod hex;
pub mod image_file;
pub mod keys;
pub mod patch;
pub mod provision;
pub mod relocation_types;
pub mod relocations;
mod segment;
pub mod sign;
pub mod thumb;
pub mod thunks;
pub mod version;

pub use hex::hex;

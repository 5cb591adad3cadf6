//! Everything Lifeboot makes from firmware: images, patches, first flashes, and the keys that sign images.
//!
//! | module | does |
//! | --- | --- |
//! | [`elf`] | reads firmware as the linker wrote it |
//! | [`relocations`], [`thunks`] | find what has to be rebased, or why it cannot be |
//! | [`relocation_types`], [`thumb`] | what relocations and instructions mean |
//! | [`sign`](mod@sign) | makes an image of firmware, and proves that it runs in either slot |
//! | [`image_file`] | makes and checks image files, and rebases them to a slot |
//! | [`patch`] | turns the image that a device runs into the next one, in fewer bytes |
//! | [`difference`](mod@difference) | compares one image with the next |
//! | [`bootloader_file`] | reads a bootloader as cargo builds it |
//! | [`provision`] | builds the first flash: bootloader, blank journal, first firmware |
//! | [`flash_file`] | files that other tools flash |
//! | [`boards`] | the boards that files and devices describe |
//! | [`keys`] | keys as PEM texts |
//! | [`swu`] | images in the container of SWUpdate |
//! | [`version`] | versions as people write them |
//!
//! Nothing here reads or writes files, opens connections or calls the system: the caller passes in all bytes and all
//! randomness. A path is only a name for an error.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod boards;
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
pub mod swu;
pub mod thumb;
pub mod thunks;
pub mod version;

pub use hex::hex;

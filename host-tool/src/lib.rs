//! Lifeboot's host side, as a library: the command `lifeboot` is a thin shell around it.
//!
//! | module | does |
//! | --- | --- |
//! | [`elf`] | reads firmware as the linker wrote it |
//! | [`relocations`], [`thunks`] | find what has to be rebased, or say why it cannot be |
//! | [`relocation_types`], [`thumb`] | what relocations and instructions mean |
//! | [`sign`](mod@sign) | makes an image of firmware, and proves that it runs in either slot |
//! | [`image_file`] | image files: made, checked, and carried to a slot |
//! | [`patch`] | turns the image that a device runs into the next one, in fewer bytes |
//! | [`bootloader_file`] | a bootloader as cargo builds it |
//! | [`cargo_version`] | the version that `Cargo.toml` gives to firmware |
//! | [`provision`] | the first flash: bootloader, blank journal, first firmware |
//! | `probe` | flashes a board through a debug probe; with the cargo feature `probe` |
//! | [`flash_file`], [`board`] | files that other tools flash, and what they call a board |
//! | [`keys`] | makes and reads keys |
//! | [`port`] | byte pipes to a device: serial ports, TCP, a program's own |
//! | [`link`] | the conversation with a device over a line that loses bytes |
//! | [`push`](mod@push) | brings an image into a device and sees it confirmed |
//! | [`monitor`] | shows what a device logs, live or from a recording |
//! | [`watch`] | sees sources change, and builds |
//! | [`device`] | a device's state, confirm, rollback, reset |
//! | [`admission`] | whether a device would take an image, before it is asked |
//! | [`difference`] | what changed from one image to the next |
//! | [`refusal`] | what a device's refusals mean, and what to do next |
//! | [`doctor`] | what a machine and a project lack, and what mends it |
//! | [`report`] | what the commands report, for people and for programs |
//! | [`settings`] | `lifeboot.toml`, what a project always says |
//! | [`version`] | versions as the command line takes them |
//!
//! The library prints nothing. Every error says in its help what to do next.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod admission;
pub mod board;
pub mod bootloader_file;
pub mod cargo_version;
pub mod device;
pub mod difference;
pub mod doctor;
pub mod elf;
mod error;
pub mod files;
pub mod flash_file;
pub mod image_file;
pub mod keys;
pub mod link;
pub mod monitor;
pub mod patch;
pub mod port;
#[cfg(feature = "probe")]
pub mod probe;
pub mod provision;
pub mod push;
pub mod refusal;
pub mod relocation_types;
pub mod relocations;
pub mod report;
pub mod settings;
pub mod sign;
pub mod thumb;
pub mod thunks;
pub mod version;
pub mod watch;

pub use error::Error;

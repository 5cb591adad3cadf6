//! A project that uses Lifeboot, on this machine.
//!
//! | module | does |
//! | --- | --- |
//! | [`settings`] | `lifeboot.toml`, what a project always says |
//! | [`files`] | files that appear whole or not at all |
//! | [`key_files`] | makes and reads the files of keys and passphrases |
//! | [`cargo_version`] | the version that `Cargo.toml` gives to firmware |
//! | [`watch`] | sees sources change, and builds |
//! | [`doctor`] | what a machine and a project lack, and what fixes it |
//!
//! The library prints nothing. Every error says in its help what to do next.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod cargo_version;
pub mod doctor;
pub mod files;
pub mod key_files;
pub mod settings;
pub mod watch;

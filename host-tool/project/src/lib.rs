//! A project on this machine that uses Lifeboot.
//!
//! | module | does |
//! | --- | --- |
//! | [`settings`] | `lifeboot.toml`, the project's default arguments |
//! | [`board_file`] | boards that a project describes |
//! | [`bootloader_build`] | builds a board's bootloader, with cargo |
//! | [`environment`] | environment variables |
//! | [`files`] | files that are read within bounds, and written without harm to others |
//! | [`key_files`] | makes and reads key files and passphrase files |
//! | [`cargo_version`] | the version that `Cargo.toml` gives to firmware |
//! | [`new_project`] | what a project needs to begin with |
//! | [`proofs`] | which firmware was proved, so that it is done once |
//! | [`relink`] | links firmware for slot B, to prove an image |
//! | [`watch`] | watches sources, and builds |
//! | [`doctor`] | checks what a machine and a project lack, and what fixes it |
//!
//! The library prints nothing. The help of every error says what to do next.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod board_file;
pub mod bootloader_build;
pub mod cargo_version;
pub mod doctor;
pub mod environment;
pub mod files;
pub mod key_files;
pub mod new_project;
pub mod proofs;
pub mod relink;
pub mod settings;
pub mod watch;

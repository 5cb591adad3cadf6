//! The host tool's signing half, from ELF bytes to images and the command line. One binary, so that it links once.

/// ELF files made in memory, so that no binary is committed.
mod program;

/// What of an ELF file is firmware, and for which slot.
mod elf_files;

/// Image files: round trips, damage, and the slot's own check by `lifeboot_core`.
mod images;

/// Patches in image files, by the commands that make and show them.
mod patches;

/// Keys in Lifeboot's and openssl's forms, and those that are refused.
mod key_files;

/// Private keys behind a passphrase.
mod encrypted_keys;
/// What a command reported to a program, checked.
#[path = "../reported/mod.rs"]
mod reported;

/// What the commands print, and their exit status.
mod command_line;

/// `lifeboot.toml`: what counts before what, and files that are wrong.
mod settings;

/// The firmware's version, where only `Cargo.toml` says it.
mod versions;

/// What the commands report to a program.
mod json;

/// Completions and manual pages: nothing is missing in them.
mod shell;

/// Which bootloader and image make a first flash, and why others do not.
mod first_flash;

/// Files for flashing: each format by a reader of its own, and damaged files.
mod flash_files;

/// What provision, flash and run print.
mod flashing_commands;

/// What a monitor shows of what devices say.
mod monitor;

/// Sources that change, builds, and the versions of what is pushed in between.
mod watch;

/// Each type of relocation, from and to each kind of section.
mod relocation_records;

/// Signing is deterministic, and the proof by relinking finds what has no relocation.
mod signing;

/// The linker's thunks: their shapes, right and wrong.
mod thunk_shapes;

/// Whether a device would take an image, before it is asked.
mod admissions;

// Keys that an image revokes, and the keys of a bootloader's file.
mod revocation;

/// What changed from one image to another.
mod differences;

/// What a machine and a project lack.
mod doctor;

/// What is listed of errors, here and in `serial`.
#[path = "../errors/mod.rs"]
mod error_list;

/// The list of errors that need no device, whether it is whole, and that nothing makes the command panic.
mod errors;

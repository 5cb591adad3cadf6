//! The host tool's signing half, from ELF bytes to images and the command line. One binary, so that it links once.

/// ELF files made in memory, so that no binary is committed.
mod program;
mod proofs;

/// The part of an ELF file that is firmware, and its slot.
mod elf_files;

/// Image files: round trips, damage, and the slot's own check by `lifeboot_core`.
mod images;

/// Patches in image files, by the commands that make and show them.
mod patches;

/// Keys in Lifeboot's and openssl's forms, and those that are refused.
mod key_files;

/// Keys whose text is given where a file's name is wanted.
mod key_texts;

/// Private keys behind a passphrase.
mod encrypted_keys;
/// A command's JSON output, checked.
#[path = "../reported/mod.rs"]
mod reported;

/// What commands read and write: no output destroys an input, and no input takes memory or time without bound.
mod files;
/// Malformed files of every kind, under a limit of memory and time.
mod malformed;

/// The commands' output, and their exit status.
mod command_line;

/// `lifeboot.toml`: the order of precedence, and bad files.
mod settings;

/// The firmware's version, if only `Cargo.toml` has it.
mod versions;

/// The commands' JSON output.
mod json;

/// Completions and manual pages: nothing is missing in them.
mod shell;

/// Which bootloader and image make a first flash, and why others do not.
mod first_flash;

/// Files for flashing: each format read by an independent reader, and damaged files.
mod flash_files;

/// The output of provision, flash and run.
mod flashing_commands;

/// What a monitor shows of devices' output.
mod monitor;

/// Changed sources, builds, and the versions of the images that are pushed.
mod watch;

/// Each type of relocation, from and to each kind of section.
mod relocation_records;

/// Signing is deterministic, and the proof by relinking finds addresses without a relocation.
mod signing;

/// The linker's thunks: their shapes, right and wrong.
mod thunk_shapes;
mod undecided;

/// Whether a device would accept an image, decided before it is asked.
mod admissions;
mod bootloader_build;

// Keys that an image revokes, and the keys of a bootloader's file.
mod revocation;

/// What changed from one image to another.
mod differences;

/// Findings about a machine and a project.
mod doctor;

/// The list of errors, here and in `serial`.
#[path = "../errors/mod.rs"]
mod error_list;

/// The list of errors that need no device and its completeness; and that no input makes the command panic.
mod errors;

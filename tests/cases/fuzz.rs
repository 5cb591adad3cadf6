//! Bytes that nobody meant to write, six ways into Lifeboot. Each target makes an input's bytes into a case
//! ([`choices::Choices`]) and asserts what must hold in any case: it accepts exactly what it should, changes nothing that
//! it may not change, and never panics.
//!
//! | target | the bytes decide |
//! | --- | --- |
//! | `images` | what lies in a slot, or in an image file |
//! | `relocation_tables` | a table, a payload, and the pieces in which it comes |
//! | `journals` | what lies in the journal, and what is appended |
//! | `sessions` | what a host sends, in frames and as noise, and when the device is asked |
//! | `recoveries` | the same, to a bootloader that answers |
//! | `elf_files` | what the linker wrote, and what became of it since |
//!
//! `cargo test` runs each with its seeds and with [`INPUTS`] generated inputs, or as many as [`LIMIT`] allows;
//! `BOLERO_RANDOM_ITERATIONS` and `BOLERO_RANDOM_TEST_TIME_MS` ask for more, and `BOLERO_RANDOM_SEED` repeats one.
//! The same targets run under libFuzzer; the README has the command. Inputs that once failed are in `found`.

mod choices;
mod elf;
mod found;
mod image;
mod journal;
mod recovery;
mod relocations;
mod wire;

use std::time::Duration;

/// Generated inputs of a target in a plain `cargo test`.
const INPUTS: usize = 1500;
/// What a target's generated inputs may take in a plain `cargo test`.
const LIMIT: Duration = Duration::from_secs(7);

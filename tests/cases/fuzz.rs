//! Fuzzing: arbitrary bytes at seven inputs of Lifeboot. Each target turns an input's bytes into a case
//! ([`choices::Choices`]) and asserts what must hold in any case: it accepts exactly what it should, changes nothing
//! that it must not change, and never panics.
//!
//! | target | the bytes decide |
//! | --- | --- |
//! | `images` | the content of a slot, or of an image file |
//! | `relocation_tables` | a table, a payload, and the pieces in which it comes |
//! | `patches` | a patch of the image that runs, and the pieces in which it comes |
//! | `journals` | the content of the journal, and what is appended |
//! | `sessions` | what a host sends, in frames and as noise, and when the device is polled |
//! | `recoveries` | the same, to a bootloader in recovery mode |
//! | `elf_files` | the linker's output, and damage to it |
//!
//! `cargo test` runs each with its seeds and with [`INPUTS`] generated inputs, the same ones in each run, or as many as
//! [`LIMIT`] allows, which alone counts in the deep tier. `BOLERO_RANDOM_ITERATIONS` and `BOLERO_RANDOM_TEST_TIME_MS`
//! request more, and `BOLERO_RANDOM_SEED` others.
//! The same targets run under libFuzzer; docs/evidence.md has the command. Inputs that once failed are in `found`.

mod choices;
mod elf;
mod found;
mod image;
mod journal;
mod patches;
mod recovery;
mod relocations;
pub mod wire;

use lifeboot_tests::chance::Chance;
use lifeboot_tests::tier::{IS_DEEP, Row};
use std::thread;
use std::time::{Duration, Instant};

/// Generated inputs of a target, at most.
const INPUTS: usize = if IS_DEEP { usize::MAX } else { 1500 };
/// The time limit of a target's generated inputs.
const LIMIT: Duration = Duration::from_secs(if IS_DEEP { 180 } else { 7 });

/// Runs a target with inputs of at most so many bytes: the generated ones, and those requested of bolero.
macro_rules! check {
    ($length:expr, $property:expr) => {
        $crate::fuzz::generated(module_path!(), $length, $property);
        bolero::check!().with_max_len($length).with_iterations(0).for_each(|input: &[u8]| {
            $property(input);
        })
    };
}
use check;

/// A property of each generated input.
fn generated<T>(target: &str, length: usize, property: impl Fn(&[u8]) -> T) {
    let row = Row::begin(target.replace("lifeboot::fuzz::", "fuzzing, "));
    let (mut chance, end) = (Chance::new(1), Instant::now() + LIMIT);
    let mut tried = 0;
    while tried < INPUTS {
        let length = chance.below(length + 1);
        let input = Input(chance.bytes(length));
        property(&input.0);
        tried += 1;
        if Instant::now() > end {
            break;
        }
    }
    row.end(tried, 0);
}

/// An input that is printed if its property does not hold.
struct Input(Vec<u8>);

impl Drop for Input {
    fn drop(&mut self) {
        if thread::panicking() {
            let digits: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
            eprintln!("the input was {digits}");
        }
    }
}

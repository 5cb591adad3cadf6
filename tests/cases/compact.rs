//! The compact verifier, in Rust and in the assembly of each core, against curve25519-dalek, sha2 and big integers.
//! The deep tier tries millions of inputs.

mod field;
mod hashes;
mod machine_code;
mod points;

use lifeboot_compact::field::Element;
use lifeboot_tests::chance::Chance;
use lifeboot_tests::tier::IS_DEEP;

/// How often a cheap comparison is made.
const CHEAP: usize = if IS_DEEP { 3_000_000 } else { 20_000 };
/// How often one is made that computes with points.
const COSTLY: usize = if IS_DEEP { 100_000 } else { 300 };

/// Returns a number of eight words: random, or with words at the limits, where carries run far.
fn element(chance: &mut Chance) -> Element {
    let is_random = chance.below(4) == 0;
    std::array::from_fn(|_| match chance.below(4) {
        _ if is_random => chance.bits(),
        0 => 0,
        1 => u32::MAX,
        2 => u32::MAX - chance.below(40) as u32,
        _ => chance.below(40) as u32,
    })
}

fn bytes(chance: &mut Chance) -> [u8; 32] {
    lifeboot_compact::field::to_bytes(&element(chance))
}

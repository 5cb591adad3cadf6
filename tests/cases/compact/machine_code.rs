//! The assembly out of the real bootloaders, on an emulated core, against the same in Rust.

use super::element;
use crate::runtime::functions::{Functions, RAM};
use lifeboot_board::Verifier;
use lifeboot_compact::field::{Element, Operation, portable, to_bytes};
use lifeboot_tests::chance::Chance;
use lifeboot_tests::product::{self, MICROBIT, RECOVERY, STM32F405, Target};
use lifeboot_tests::tier::IS_DEEP;
use num_bigint::BigUint;
use object::{Object, ObjectSegment, ObjectSymbol};
use sha2::Digest;
use std::fs;
use std::path::PathBuf;

/// Calls of each routine.
const CALLS: usize = if IS_DEEP { 100_000 } else { 500 };

const ROUTINES: [(&str, Operation); 3] = [
    ("lifeboot_field_add", portable::add),
    ("lifeboot_field_subtract", portable::subtract),
    ("lifeboot_field_multiply", portable::multiply),
];

fn bootloader(target: &Target) -> PathBuf {
    let key = product::demo_key("demo").unwrap().1;
    product::bootloader_of(Verifier::Compact, target, &[key], &[RECOVERY]).unwrap()
}

/// Both operands and the result's place, as bytes.
fn laid_out(numbers: [&Element; 3]) -> Vec<u8> {
    numbers.into_iter().flat_map(to_bytes).collect()
}

#[test]
fn the_assembly_of_each_core_computes_what_the_rust_code_does() {
    for target in [&MICROBIT, &STM32F405] {
        let mut functions = Functions::load(target, &bootloader(target));
        let mut chance = Chance::new(6);
        for turn in 0..CALLS {
            let (a, b) = (element(&mut chance), element(&mut chance));
            // The result has a place of its own, or replaces an operand; or one number is both.
            let (out, first, second) = [(2, 0, 1), (0, 0, 1), (1, 0, 1), (0, 0, 0)][turn % 4];
            for (name, operation) in ROUTINES {
                let mut expected = [a, b, [0x5555_5555; 8]];
                let before = laid_out([&expected[0], &expected[1], &expected[2]]);
                let place = expected.as_mut_ptr();
                // SAFETY: three numbers lie at the pointer.
                unsafe { operation(place.add(out), place.add(first), place.add(second)) };
                let arguments = [out, first, second].map(|index| RAM + 32 * index as u32);
                let after = functions.work(name, &before, [arguments[0], arguments[1], arguments[2], 0]);
                let [one, two, three] = &expected;
                assert_eq!(after, laid_out([one, two, three]), "{name} of {}: {a:x?} {b:x?}", target.feature);
            }
        }
    }
}

#[test]
fn the_blocks_of_the_hashes_are_sha2_s() {
    for target in [&MICROBIT, &STM32F405] {
        let mut functions = Functions::load(target, &bootloader(target));
        let constants = functions.address(functions.named("sha5121K"));
        let mut chance = Chance::new(7);
        for _ in 0..CALLS / 10 {
            let block = chance.bytes(128);
            let mut state = start_256();
            for part in [&block[..64], &block[64..], &padding(128, 64)[..]] {
                let ram = [words(&state, 4), part.to_vec()].concat();
                let after = functions.work("lifeboot_sha256", &ram, [RAM, RAM + 32, constants, 0]);
                assert_eq!(after[32..], *part, "the block is left as it was");
                state = words(&after[..32], 4);
            }
            assert_eq!(state, sha2::Sha256::digest(&block).to_vec(), "SHA-256 of {}", target.feature);
            let mut state = start_512();
            for part in [&block[..], &padding(128, 128)[..]] {
                let ram = [words(&state, 8), words(part, 8)].concat();
                let after = functions.work("lifeboot_sha512", &ram, [RAM, RAM + 64, constants, 0]);
                state = words(&after[..64], 8);
            }
            assert_eq!(state, sha2::Sha512::digest(&block).to_vec(), "SHA-512 of {}", target.feature);
        }
    }
}

/// Turns the bytes of each word round: from the standard's order to the core's, or back.
fn words(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.chunks(length).flat_map(|word| word.iter().rev()).copied().collect()
}

/// The block behind a message of so many bytes that fills blocks (FIPS 180-4, 5.1).
fn padding(message: u64, block: usize) -> Vec<u8> {
    let mut bytes = vec![0; block];
    bytes[0] = 0x80;
    bytes[block - 8..].copy_from_slice(&(message * 8).to_be_bytes());
    bytes
}

/// FIPS 180-4, 5.3.3: the square roots of the first eight primes.
fn start_256() -> Vec<u8> {
    start_512().chunks(8).flat_map(|word| word[..4].to_vec()).collect()
}

/// FIPS 180-4, 5.3.5: the first 64 bits of the fractions of those roots.
fn start_512() -> Vec<u8> {
    let root = |prime: u8| (BigUint::from(prime) << 128u32).sqrt().iter_u64_digits().next().unwrap();
    [2, 3, 5, 7, 11, 13, 17, 19].map(root).iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The build script knows cores with `umaal` by the target's name. If it missed one, the code for other cores would run there as
/// well, several times as slow.
#[test]
fn a_cortex_m4_multiplies_with_umaal() {
    let elf = fs::read(bootloader(&STM32F405)).unwrap();
    let file = object::File::parse(&*elf).unwrap();
    let multiply = file.symbols().find(|symbol| symbol.name() == Ok("lifeboot_field_multiply")).unwrap();
    let (start, length) = (multiply.address() & !1, multiply.size());
    let code = file.segments().find_map(|segment| segment.data_range(start, length).unwrap()).unwrap();
    // UMAAL, T1 (DDI 0403E.e, A7.7.202): 1111 1011 1110 nnnn, llll hhhh 0110 mmmm.
    let words: Vec<u16> = code.as_chunks::<2>().0.iter().map(|half| u16::from_le_bytes(*half)).collect();
    let umaal = words.windows(2).filter(|pair| pair[0] & 0xfff0 == 0xfbe0 && pair[1] & 0x00f0 == 0x0060).count();
    assert_eq!(umaal, 8);
}

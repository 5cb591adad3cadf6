//! The field against big integers.

use super::{CHEAP, element};
use lifeboot_compact::field::{Element, Operation, add, multiply, portable, reduce, subtract};
use lifeboot_tests::chance::Chance;
use num_bigint::BigUint;

/// What an operation computes of two numbers, not reduced, and never negative.
type Expected = fn(BigUint, BigUint) -> BigUint;

const OPERATIONS: [(&str, Operation, Expected); 3] = [
    ("add", add, |a, b| a + b),
    ("subtract", subtract, |a, b| a + 4u32 * p() - b),
    ("multiply", multiply, |a, b| a * b),
];
/// The same in Rust, on every target.
const PORTABLE: [Operation; 3] = [portable::add, portable::subtract, portable::multiply];

/// 2²⁵⁵ − 19.
fn p() -> BigUint {
    (BigUint::from(1u8) << 255) - 19u8
}

fn number(element: &Element) -> BigUint {
    BigUint::from_slice(element)
}

/// Returns what an operation writes, to a place of its own or over an operand.
fn computed(operation: Operation, a: &Element, b: &Element, over: usize) -> Element {
    let mut places = [[0x5555_5555; 8], *a, *b];
    let first = places.as_mut_ptr();
    // SAFETY: three numbers lie at the pointer.
    unsafe { operation(first.add(over), first.add(1), first.add(2)) };
    places[over]
}

#[test]
fn sums_differences_and_products_are_those_of_big_integers() {
    let mut chance = Chance::new(1);
    for turn in 0..CHEAP {
        let (a, b) = (element(&mut chance), element(&mut chance));
        for ((name, operation, expected), portable) in OPERATIONS.into_iter().zip(PORTABLE) {
            let expected = expected(number(&a), number(&b)) % p();
            for operation in [operation, portable] {
                let mut out = computed(operation, &a, &b, turn % 3);
                assert_eq!(number(&out) % p(), expected, "{name} {a:x?} {b:x?}");
                reduce(&mut out);
                assert_eq!(number(&out), expected, "{name} {a:x?} {b:x?}, reduced");
            }
        }
    }
}

#[test]
fn one_number_may_be_both_operands_and_the_result() {
    let mut chance = Chance::new(2);
    for _ in 0..CHEAP / 10 {
        let a = element(&mut chance);
        for (name, operation, expected) in OPERATIONS {
            let mut place = a;
            let pointer = &raw mut place;
            // SAFETY: the pointer is that of a number.
            unsafe { operation(pointer, pointer, pointer) };
            assert_eq!(number(&place) % p(), expected(number(&a), number(&a)) % p(), "{name} {a:x?}");
        }
    }
}

#[test]
fn multiples_of_the_modulus_and_their_neighbours_are_reduced() {
    let neighbours = (0..=2u8).flat_map(|times| (0..80u8).map(move |by| p() * times + by));
    // Up to 40 below each, and what eight words hold.
    let numbers = neighbours
        .filter_map(|number: BigUint| (number >= 40u8.into()).then(|| number - 40u8))
        .filter(|number| number.bits() <= 256);
    let numbers: Vec<_> = numbers.chain([(BigUint::from(1u8) << 256) - 1u8]).collect();
    assert!(numbers.len() > 190, "{}", numbers.len());
    for value in numbers {
        let digits = value.to_u32_digits();
        let mut element = std::array::from_fn(|index| digits.get(index).copied().unwrap_or(0));
        reduce(&mut element);
        assert_eq!(number(&element), value % p());
    }
}

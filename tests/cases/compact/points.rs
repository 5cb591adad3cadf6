//! Points against curve25519-dalek.

use super::{COSTLY, bytes};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use lifeboot_compact::point::{Point, Table};
use lifeboot_tests::chance::Chance;

/// Returns the digits of a number below 2²⁵³, as bits: all that a table needs of them is that they are −1, 0 or 1.
fn bit(number: &[u8; 32], at: u8) -> i8 {
    (number[usize::from(at / 8)] >> (at % 8) & 1) as i8
}

fn decoded(encoded: [u8; 32]) -> EdwardsPoint {
    CompressedEdwardsY(encoded).decompress().expect("a point")
}

fn scalar(chance: &mut Chance) -> Scalar {
    Scalar::from_bytes_mod_order(bytes(chance))
}

/// The encodings in which implementations may differ, and random ones.
#[test]
fn what_encodes_a_point_is_decoded_alike() {
    let mut chance = Chance::new(4);
    let limits = (0..40u8).flat_map(|low| {
        [[low, 0, 0], [low, 0, 0x80], [0xff - low, 0xff, 0x7f], [0xff - low, 0xff, 0xff]].map(|[low, middle, high]| {
            std::array::from_fn(|index| {
                if index == 0 {
                    low
                } else if index == 31 {
                    high
                } else {
                    middle
                }
            })
        })
    });
    let (mut points, mut others) = (0, 0);
    let random: Vec<_> = (0..10 * COSTLY).map(|_| bytes(&mut chance)).collect();
    for encoded in limits.chain(random) {
        let (ours, theirs) = (Point::minus(&encoded), CompressedEdwardsY(encoded).decompress());
        assert_eq!(ours.is_some(), theirs.is_some(), "{encoded:x?}");
        match ours.zip(theirs) {
            Some((ours, theirs)) => {
                points += 1;
                assert_eq!(ours.encode(), (-theirs).compress().0, "{encoded:x?}");
            }
            None => others += 1,
        }
    }
    assert!(points > COSTLY && others > COSTLY, "{points} points, {others} others");
}

#[test]
fn sums_of_multiples_are_dalek_s() {
    let mut chance = Chance::new(5);
    for turn in 0..COSTLY {
        let a = EdwardsPoint::mul_base(&scalar(&mut chance));
        let minus_a = Point::minus(&a.compress().0).unwrap();
        let bytes_of = [32, 23, 9, 1][turn % 4];
        let mut some = || {
            let mut number = scalar(&mut chance).to_bytes();
            number[bytes_of..].fill(0);
            if chance.below(5) == 0 {
                number[..bytes_of.min(31)].fill([0, 0xff][chance.below(2)]);
            }
            number
        };
        let (k, s) = (some(), some());
        let mut table = Table::EMPTY;
        table.set(&minus_a);
        // In one go, and with stops.
        let mut sum = Point::NEUTRAL;
        table.add_digits(&mut sum, 254, 100, |at| (bit(&k, at), bit(&s, at)));
        table.add_digits(&mut sum, 100, 99, |at| (bit(&k, at), bit(&s, at)));
        table.add_digits(&mut sum, 99, 0, |at| (bit(&k, at), bit(&s, at)));
        let [k, s] = [k, s].map(Scalar::from_bits);
        let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-a, &s);
        assert_eq!(sum.encode(), expected.compress().0, "{k:?} {s:?}");

        let [mut doubled, mut added] = [sum; 2];
        doubled.double(72);
        added.add(&minus_a);
        assert_eq!(decoded(doubled.encode()), expected * Scalar::from(1u128 << 72));
        assert_eq!(
            Point::encode_three([&added, &minus_a, &sum]),
            [expected - a, -a, expected].map(|point| point.compress().0)
        );
    }
}

/// Digits of −1, and all pairs of them, one behind the other.
#[test]
fn every_pair_of_digits_adds_its_point() {
    let a = EdwardsPoint::mul_base(&Scalar::from(7u8));
    let mut table = Table::EMPTY;
    table.set(&Point::minus(&a.compress().0).unwrap());
    let pairs: Vec<_> = (-1..=1i8).flat_map(|k| (-1..=1i8).map(move |s| (k, s))).collect();
    for first in &pairs {
        for second in &pairs {
            let mut sum = Point::NEUTRAL;
            table.add_digits(&mut sum, 2, 0, |at| if at == 1 { *first } else { *second });
            let value = |digit: i8| if digit < 0 { -Scalar::ONE } else { Scalar::from(digit as u8) };
            let (k, s) =
                (value(first.0) + value(first.0) + value(second.0), value(first.1) + value(first.1) + value(second.1));
            let expected = EdwardsPoint::mul_base(&s) - a * k;
            assert_eq!(sum.encode(), expected.compress().0, "{first:?}, then {second:?}");
        }
    }
}

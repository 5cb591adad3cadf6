//! Edge cases of Ed25519, in which implementations differ ("Taming the many EdDSAs", ePrint 2020/1244; Wycheproof):
//! what `signature::is_signed` accepts there.
//!
//! For the key whose point is the neutral element, any S fits the equation with R = S·B: so a refusal there can only
//! come from how S or R is written, and an acceptance shows that nothing else prevents it.

use super::is_signed;
use crate::hex;
use crate::signed_image::key;
use ed25519_dalek::{Signer, VerifyingKey};
use lifeboot_core::signature::{compute_r, is_canonical};

const MESSAGE: &[u8] = b"a header";

/// The order of the base point, ℓ (RFC 8032, 5.1).
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
/// The neutral element, (0, 1).
const NEUTRAL: &str = "0100000000000000000000000000000000000000000000000000000000000000";
/// The base point's negative: ℓ - 1 times the base point (RFC 8032, 5.1, with the sign of x changed).
const MINUS_BASE: &str = "58666666666666666666666666666666666666666666666666666666666666e6";

/// The points of small order, written as the standard wants it: of order 1, 2, 4, 4, 8, 8, 8, 8.
pub const SMALL_ORDER: [&str; 8] = [
    NEUTRAL,
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];
/// The same points in other encodings: y at least p = 2²⁵⁵ - 19, or a sign where x is zero.
pub const SMALL_ORDER_OTHERWISE: [&str; 6] = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/// `number` plus `addend` times ℓ, little-endian.
fn plus_orders(number: [u8; 32], addend: u16) -> [u8; 32] {
    let order: [u8; 32] = hex::array(ORDER);
    let mut carry = 0;
    std::array::from_fn(|index| {
        carry += u32::from(number[index]) + u32::from(order[index]) * u32::from(addend);
        let byte = carry as u8;
        carry >>= 8;
        byte
    })
}

fn signature(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    std::array::from_fn(|index| if index < 32 { r[index] } else { s[index - 32] })
}

/// Whether the key of the neutral element signed with these.
fn neutral_signed(r: &str, s: [u8; 32]) -> bool {
    is_signed(&hex::array(NEUTRAL), MESSAGE, &signature(hex::array(r), s))
}

#[test]
fn s_is_in_range_up_to_the_order_and_not_beyond() {
    let order: [u8; 32] = hex::array(ORDER);
    let mut last = order;
    last[0] -= 1;
    // The equation holds for all of them: only the range decides.
    assert!(neutral_signed(NEUTRAL, [0; 32]), "S = 0");
    assert!(neutral_signed(MINUS_BASE, last), "S = ℓ - 1");
    assert!(!neutral_signed(NEUTRAL, order), "S = ℓ");
    assert!(!neutral_signed(NEUTRAL, plus_orders([0; 32], 2)), "S = 2ℓ");
    assert!(!neutral_signed(MINUS_BASE, plus_orders(last, 1)), "S = 2ℓ - 1");
    // In range, but the equation does not hold.
    assert!(!neutral_signed(MINUS_BASE, [0; 32]), "S = 0 with another R");
    assert!(!neutral_signed(NEUTRAL, last), "S = ℓ - 1 with another R");
    // The comparison looks at every byte, the highest first.
    for index in 0..32 {
        let mut above = order;
        above[index] = above[index].saturating_add(1);
        assert!(!neutral_signed(NEUTRAL, above), "a byte above ℓ's at {index}");
    }
}

#[test]
fn a_second_signature_cannot_be_made_of_a_first() {
    for number in 1..20 {
        let (key, message) = (key(number), [number; 192]);
        let good = key.sign(&message).to_bytes();
        let public = key.verifying_key().to_bytes();
        assert!(is_signed(&public, &message, &good));
        let (r, s) = (good[..32].try_into().unwrap(), good[32..].try_into().unwrap());
        // Up to 15 times ℓ fits into 32 bytes; the first few stay below 2²⁵³, where many a library does not look.
        for times in 1..=14 {
            assert!(!is_signed(&public, &message, &signature(r, plus_orders(s, times))), "S + {times}ℓ");
        }
        for bit in [0x20, 0x40, 0x80, 0xe0] {
            let mut high = s;
            high[31] |= bit;
            assert!(!is_signed(&public, &message, &signature(r, high)), "S with {bit:#x} in its last byte");
        }
    }
}

/// A glitch may make the first lookup find another key than the second one.
#[test]
fn the_key_whose_point_is_computed_must_be_the_one_that_is_looked_up_again() {
    let (mine, other, message) = (key(1), key(2), [7; 192]);
    let keys = [&mine, &other].map(|key| key.verifying_key().to_bytes());
    let signature = mine.sign(&message).to_bytes();
    assert!(compute_r::<true>([&keys[0]; 2], &message, &signature).is_some());
    assert_eq!(compute_r::<true>([&keys[0], &keys[1]], &message, &signature), None);
}

#[test]
fn whatever_is_altered_is_refused() {
    let (key, message) = (key(1), b"the message that was signed".to_vec());
    let (public, good) = (key.verifying_key().to_bytes(), key.sign(&message).to_bytes());
    assert!(is_signed(&public, &message, &good));
    for bit in 0..512 {
        let mut altered = good;
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_signed(&public, &message, &altered), "bit {bit} of the signature");
    }
    for bit in 0..256 {
        let mut altered = public;
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_signed(&altered, &message, &good), "bit {bit} of the key");
    }
    for bit in 0..8 * message.len() {
        let mut altered = message.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_signed(&public, &altered, &good), "bit {bit} of the message");
    }
    for length in 0..message.len() {
        assert!(!is_signed(&public, &message[..length], &good), "the first {length} bytes of the message");
    }
    assert!(!is_signed(&public, &[&message[..], &[0]].concat(), &good), "a longer message");
    // Truncated and padded, or cut off in front: both halves are looked at.
    assert!(!is_signed(&public, &message, &signature(good[..32].try_into().unwrap(), [0; 32])), "without S");
    assert!(!is_signed(&public, &message, &signature([0; 32], good[32..].try_into().unwrap())), "without R");
    assert!(!is_signed(&public, &message, &signature(good[32..].try_into().unwrap(), good[..32].try_into().unwrap())));
    assert!(!is_signed(&public, &message, &[0; 64]));
    assert!(!is_signed(&public, &message, &[0xff; 64]));
}

#[test]
fn r_is_taken_only_as_the_standard_writes_it() {
    // All four are the neutral element, so the equation holds for the points.
    assert!(neutral_signed(NEUTRAL, [0; 32]));
    for otherwise in [SMALL_ORDER_OTHERWISE[0], SMALL_ORDER_OTHERWISE[2], SMALL_ORDER_OTHERWISE[3]] {
        assert!(!neutral_signed(otherwise, [0; 32]), "{otherwise}");
    }
}

#[test]
fn a_key_that_is_no_point_signs_nothing() {
    // y = 2 is on no point of the curve.
    let no_point = hex::array("0200000000000000000000000000000000000000000000000000000000000000");
    assert!(VerifyingKey::from_bytes(&no_point).is_err());
    for r in SMALL_ORDER {
        assert!(!is_signed(&no_point, MESSAGE, &signature(hex::array(r), [0; 32])), "{r}");
    }
}

/// For a key of small order anyone can sign: this check accepts it, and so such a key must never get into a
/// bootloader. The bootloader's build and the host tool ask `is_weak`, which has to find all of them.
#[test]
fn keys_of_small_order_accept_anything_and_are_found() {
    for encoded in SMALL_ORDER.into_iter().chain(SMALL_ORDER_OTHERWISE) {
        let key: [u8; 32] = hex::array(encoded);
        let forged = (0_u8..64).any(|message| {
            let forgeries = SMALL_ORDER.map(|r| signature(hex::array(r), [0; 32]));
            forgeries.iter().any(|forgery| is_signed(&key, &[message; 192], forgery))
        });
        assert_eq!(forged, is_canonical(&key), "{encoded}");
        assert!(VerifyingKey::from_bytes(&key).expect("a point").is_weak(), "{encoded} is not found");
    }
    for number in 1..20 {
        assert!(!key(number).verifying_key().is_weak(), "key {number}");
    }
}

/// Which y are below 2²⁵⁵ - 19, whatever the sign of x.
#[test]
fn a_canonical_key_is_one_below_the_fields_order() {
    for sign in [0_u8, 0x80] {
        let number = |first: u8, others: u8, last: u8| {
            std::array::from_fn(|index| {
                [others, first, last | sign][usize::from(index == 0) + 2 * usize::from(index == 31)]
            })
        };
        for first in 0..=0xff {
            assert_eq!(is_canonical(&number(first, 0xff, 0x7f)), first < 0xed, "{first:#x}");
        }
        assert!(is_canonical(&number(0xff, 0xff, 0x7e)) && is_canonical(&number(0xff, 0xfe, 0x7f)));
        assert!(is_canonical(&number(0, 0, 0)) && is_canonical(&number(0xff, 0, 0x7f)));
        for index in 1..31 {
            let mut key = number(0xff, 0xff, 0x7f);
            key[index] = 0xfe;
            assert!(is_canonical(&key), "byte {index}");
        }
    }
}

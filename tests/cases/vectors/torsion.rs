//! Keys and signatures with a part of small order, in which verifiers differ: the cases of C2SP's CCTV and of "Taming the many
//! EdDSAs" (ePrint 2020/1244), made here, and judged by ed25519-dalek's `verify`, which has the same rule.

use super::is_signed;
use crate::hex;
use crate::vectors::ed25519_edges::{SMALL_ORDER, SMALL_ORDER_OTHERWISE};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use lifeboot_core::signature::is_canonical;
use sha2::{Digest, Sha512};

/// Whether dalek accepts it; keys that are not canonical are refused here, and accepted there.
fn expected(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let accepted =
        VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify(message, &Signature::from_bytes(signature)).is_ok());
    is_canonical(key) && accepted
}

fn signature(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    [*r, *s].concat().try_into().unwrap()
}

fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(
        &Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize().into(),
    )
}

/// Both with a part of each order: whether the equation holds depends on k modulo 8.
#[test]
fn parts_of_small_order_in_key_and_r_are_not_multiplied_away() {
    let (a, r) = (Scalar::from(0x1234_5678_9abc_def1u64), Scalar::from(0xfed_cba9_8765_4321u64));
    let (mut accepted, mut refused) = (0, 0);
    for (a_torsion, r_torsion) in EIGHT_TORSION.iter().flat_map(|a| EIGHT_TORSION.iter().map(move |r| (a, r))) {
        let key = (EdwardsPoint::mul_base(&a) + a_torsion).compress().0;
        let r_point = (EdwardsPoint::mul_base(&r) + r_torsion).compress().0;
        for message in 0..16u8 {
            let s = r + challenge(&r_point, &key, &[message]) * a;
            let signature = signature(&r_point, &s.to_bytes());
            let expected = expected(&key, &[message], &signature);
            assert_eq!(is_signed(&key, &[message], &signature), expected, "key {key:?}, {signature:?}");
            *if expected { &mut accepted } else { &mut refused } += 1;
        }
    }
    assert!(accepted > 100 && refused > 500, "{accepted} accepted, {refused} refused");
}

/// All encodings of points of small order, canonical and not, as key and as R, with S = 0 and others.
#[test]
fn keys_and_r_of_small_order_are_judged_alike() {
    let encodings: Vec<[u8; 32]> =
        SMALL_ORDER.iter().chain(&SMALL_ORDER_OTHERWISE).map(|text| hex::array(text)).collect();
    let (mut accepted, mut refused) = (0, 0);
    for (key, r) in encodings.iter().flat_map(|key| encodings.iter().map(move |r| (key, r))) {
        for (message, s) in (0..8u8).flat_map(|message| [Scalar::ZERO, Scalar::ONE].map(|s| (message, s))) {
            let signature = signature(r, &s.to_bytes());
            let expected = expected(key, &[message], &signature);
            assert_eq!(is_signed(key, &[message], &signature), expected, "key {key:?}, {signature:?}");
            *if expected { &mut accepted } else { &mut refused } += 1;
        }
    }
    assert!(accepted > 50 && refused > 1000, "{accepted} accepted, {refused} refused");
}

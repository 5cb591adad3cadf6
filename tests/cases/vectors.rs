//! Published vectors of the two algorithms that everything depends on, and their edge cases, through Lifeboot's own
//! functions: a wrong library, feature or build of one shows here.

mod ed25519;
pub mod ed25519_edges;
mod sha256;
mod torsion;
mod wycheproof;

use crate::signed_image::key;
use ed25519_dalek::Signer;
use lifeboot_core::signature::{self, SignatureCheck, compute_r, first_half};

/// Whether `signature` is `key`'s over `message`, according to the bootloader's check and the updater's, which must
/// agree.
fn is_signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let at_once = signature::is_signed::<false>(key, message, signature);
    assert_eq!(
        at_once,
        signature::is_signed::<true>(key, message, signature),
        "the two parts: key {key:?}, {signature:?}"
    );
    let mut check = SignatureCheck::default();
    let started = check.start(key, message, signature);
    let in_steps = (0..1000).find_map(|_| check.step()).expect("the check ends");
    assert!(started || !in_steps);
    assert_eq!(at_once, in_steps, "the two checks differ: key {key:?}, message {message:?}, signature {signature:?}");
    at_once
}

/// In two parts, a signature counts only if both of its parts were computed with the same key.
#[test]
fn in_two_parts_both_copies_of_the_key_count() {
    let [signer, other] = [1, 2].map(key);
    let keys = [&signer, &other].map(|key| key.verifying_key().to_bytes());
    let signature = signer.sign(b"message").to_bytes();
    let (same, different) = ([&keys[0]; 2], [&keys[0], &keys[1]]);
    let r = Some(*first_half(&signature));
    assert_eq!(compute_r::<true>(same, b"message", &signature), r);
    assert_eq!(compute_r::<true>(different, b"message", &signature), None);
    assert_eq!(compute_r::<false>(different, b"message", &signature), r);
}

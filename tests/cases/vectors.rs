//! Published vectors of the two algorithms that everything depends on, and their edge cases, through Lifeboot's own
//! functions: a wrong library, feature or build of one shows here.

mod ed25519;
pub mod ed25519_edges;
mod sha256;

use lifeboot_core::signature::{self, SignatureCheck};

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

//! Ed25519 signatures (RFC 8032, section 5.1.7): the curve is ed25519-dalek's, the numbers around it are handled here.
//!
//! Checked is R = S·B − k·A, without the optional cofactor and R compared as bytes, as ed25519-dalek's `verify` does. That
//! handles S and k in constant time, which is 8 KB of code on a Cortex-M0; nothing here is secret. So the library's feature
//! `legacy_compatibility` is on, which leaves numbers unchecked: **never verify but through this file.**
//!
//! RFC 8032 wants 0 ≤ S < ℓ; without that, whoever has a signature can make a second one for the same message, S + ℓ.
//! Keys of small order are not looked for at each verification, as ed25519-dalek's strict check does: that there is none is
//! made sure once, when the bootloader is built.
//!
//! [`is_signed`] is the bootloader's. [`SignatureCheck`] is the same in small steps, for firmware that goes on running
//! meanwhile: about as fast, with half of the stack, and with a kilobyte of state between the steps.

mod scalar;
mod steps;

pub use steps::SignatureCheck;

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, VerifyingKey};
use scalar::{is_below_order, reduce};
use sha2::{Digest, Sha512};

/// Whether `signature` is `key`'s over `message`.
pub fn is_signed(key: &[u8; PUBLIC_KEY_LENGTH], message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
    let (Some(r), Some(s)) = (signature.first_chunk(), signature.last_chunk()) else { return false };
    if !is_below_order(s) {
        return false;
    }
    let k = challenge(r, key, message);
    minus(key).is_some_and(|minus_a| product(&minus_a, &k, s) == *r)
}

// Functions of their own, out of their caller: in one frame their temporaries would need long addressing on a Cortex-M0.

/// What the signer could not choose: k = SHA-512(R ‖ A ‖ M), below the group's order.
#[inline(never)]
fn challenge(r: &[u8; 32], key: &[u8; PUBLIC_KEY_LENGTH], message: &[u8]) -> [u8; 32] {
    let digest = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    reduce(&digest.into())
}

/// −A, where these are the bytes of a point A.
#[inline(never)]
fn minus(key: &[u8; PUBLIC_KEY_LENGTH]) -> Option<EdwardsPoint> {
    Some(-VerifyingKey::from_bytes(key).ok()?.to_edwards())
}

/// S·B − k·A, as bytes.
#[inline(never)]
fn product(minus_a: &EdwardsPoint, k: &[u8; 32], s: &[u8; 32]) -> [u8; 32] {
    // Both are below the order.
    let (k, s) = (Scalar::from_bits(*k), Scalar::from_bits(*s));
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, minus_a, &s).compress().to_bytes()
}

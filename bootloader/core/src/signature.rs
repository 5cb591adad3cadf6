//! Ed25519 signatures (RFC 8032, section 5.1.7), by ed25519-dalek; the range of S is checked here.
//!
//! RFC 8032 wants 0 ≤ S < ℓ; without that, whoever has a signature can make a second one for the same message, S + ℓ.
//! The library checks it by reducing S, in constant time, which is 5 KB of code; nothing here is secret, so a comparison
//! does. The library's feature `legacy_compatibility` switches its own check off: **never verify but through this file.**
//!
//! The plain check is used, not the strict one: the strict one also looks at each verification that the key is not of
//! small order, which is made sure once, when the bootloader is built.
//!
//! [`is_signed`] is the bootloader's. [`SignatureCheck`] is the same in small steps, for firmware that goes on running
//! meanwhile: a third slower, and with a tenth of the stack.

mod steps;

pub use steps::SignatureCheck;

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

/// The order of the base point, ℓ = 2²⁵² + 27742317777372353535851937790883648493, little-endian (RFC 8032, 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Whether `signature` is `key`'s over `message`.
pub fn is_signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    if !signature.last_chunk().is_some_and(in_range) {
        return false;
    }
    decompress(key).is_some_and(|key| equation_holds(&key, message, &Signature::from_bytes(signature)))
}

/// Whether a scalar is below the group's order.
fn in_range(scalar: &[u8; 32]) -> bool {
    scalar.iter().rev().lt(ORDER.iter().rev())
}

// Two functions, and out of their caller: in one frame their temporaries would need long addressing on a Cortex-M0.

#[inline(never)]
fn decompress(key: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(key).ok()
}

#[inline(never)]
fn equation_holds(key: &VerifyingKey, message: &[u8], signature: &Signature) -> bool {
    key.verify(message, signature).is_ok()
}

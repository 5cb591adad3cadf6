//! Ed25519 signatures (RFC 8032, section 5.1.7): the curve is ed25519-dalek's, the numbers around it are handled here.
//!
//! Checked is R = S·B − k·A, without the optional cofactor and R compared as bytes, as ed25519-dalek's `verify` does. That
//! handles S and k in constant time, which is 8 KB of code on a Cortex-M0; nothing here is secret. So the library's feature
//! `legacy_compatibility` is on, which leaves numbers unchecked: **never verify but through this file.**
//!
//! RFC 8032 wants 0 ≤ S < ℓ; without that, whoever has a signature can make a second one for the same message, S + ℓ.
//! Keys of small order are not looked for at each verification, as ed25519-dalek's strict check does: that there is none is
//! made sure once, when the bootloader is built. Keys that are not [canonical](is_canonical) sign nothing.
//!
//! [`compute_r`] is the bootloader's. [`SignatureCheck`] is the same in small steps, for firmware that goes on running
//! meanwhile: about as fast, with half of the stack, and with a kilobyte of state between the steps.

mod scalar;
mod steps;

pub use steps::SignatureCheck;

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, VerifyingKey};
use scalar::{is_below_order, reduce};
use sha2::{Digest, Sha512};

/// A point of the curve, as bytes.
pub type Point = [u8; 32];

/// A public key, as bytes.
type Key = [u8; PUBLIC_KEY_LENGTH];

/// Bytes of a number's lower part: too many to try out all that they can be, and few, since the higher part's point is
/// doubled once for each of their bits. A multiple of three, since that is done by eights.
const LOW: usize = 9;
const _: () = assert!(LOW.is_multiple_of(3));

/// Whether `signature` is `key`'s over `message`.
pub fn is_signed(key: &Key, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
    compute_r([key; 2], message, signature).is_some_and(|point| point == *first_half(signature))
}

/// What a signature by a key over `message` with this S begins with: S·B − k·A. `None` where there is no such signature.
///
/// It is the sum of two parts, of the higher and the lower bytes of S and k, which share nothing but −A: whoever makes the
/// core skip an instruction may find one in which k or the key does not count, and sign without the private key. So the key
/// is wanted twice, each found by itself: of one −A is made, and in the end −A has to be the other one's. That costs a
/// quarter of time; to compute all of it twice would cost all of it.
pub fn compute_r(keys: [&Key; 2], message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> Option<Point> {
    if !is_below_order(signature.last_chunk()?) {
        return None;
    }
    let [key, key_copy] = keys;
    let minus_a = minus(key);
    let minus_a = minus_a.as_ref()?;
    // In place, since moving points costs stack, of which this is the deepest place.
    let mut sum = part(minus_a, key, message, signature, LOW, 32);
    raise(&mut sum);
    let mut twin = part(minus_a, key_copy, message, signature, 0, LOW);
    add(&mut sum, &mut twin);
    confirm_sum(&sum, minus_a, &twin, key_copy)
}

/// Whether a key is written as RFC 8032, 5.1.3, wants: its y below the field's 2²⁵⁵ - 19. [`compute_r`] takes no other.
pub fn is_canonical(key: &Key) -> bool {
    let [first, between @ .., last] = key;
    *first < 0xed || last & 0x7f < 0x7f || between.iter().any(|byte| *byte < 0xff)
}

/// R, of a signature.
pub fn first_half(signature: &[u8; SIGNATURE_LENGTH]) -> &Point {
    signature.first_chunk().unwrap_or(&[0; 32])
}

// Functions of their own, out of their caller: in one frame their temporaries would need long addressing on a Cortex-M0.

/// s·B − k·A, of the bytes of S and k from one to before another, as if they were the lowest.
#[inline(never)]
fn part(
    minus_a: &EdwardsPoint,
    key: &Key,
    message: &[u8],
    signature: &[u8; SIGNATURE_LENGTH],
    from: usize,
    to: usize,
) -> EdwardsPoint {
    let k = challenge(first_half(signature), key, message);
    let k = number(k.get(from..to).unwrap_or_default());
    let s = number(signature.last_chunk::<32>().and_then(|s| s.get(from..to)).unwrap_or_default());
    product(minus_a, &k, &s)
}

/// What the signer could not choose: k = SHA-512(R ‖ A ‖ M), below the group's order.
#[inline(never)]
fn challenge(r: &[u8; 32], key: &Key, message: &[u8]) -> [u8; 32] {
    let digest = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    reduce(&digest.into())
}

/// −A, where these are the bytes of a point A.
#[inline(never)]
fn minus(key: &Key) -> Option<EdwardsPoint> {
    Some(-VerifyingKey::from_bytes(key).ok()?.to_edwards())
}

/// The number, below the order, whose lowest bytes these are; the others are zero.
#[inline(never)]
fn number(bytes: &[u8]) -> Scalar {
    let mut number = [0; 32];
    for (place, byte) in number.iter_mut().zip(bytes) {
        *place = *byte;
    }
    Scalar::from_bits(number)
}

/// s·B − k·A.
#[inline(never)]
fn product(minus_a: &EdwardsPoint, k: &Scalar, s: &Scalar) -> EdwardsPoint {
    EdwardsPoint::vartime_double_scalar_mul_basepoint(k, minus_a, s)
}

/// Brings a higher part's point to its place: doubled for each bit of the lower part.
#[inline(never)]
fn raise(point: &mut EdwardsPoint) {
    for _ in 0..LOW * 8 / 3 {
        *point = point.mul_by_cofactor();
    }
}

/// Makes the sum of both of either. Each by itself: where an addition is skipped, what an earlier one left there may be known
/// beforehand, and is not the other sum.
#[inline(never)]
fn add(one: &mut EdwardsPoint, other: &mut EdwardsPoint) {
    let sum = *one + *other;
    *other += *one;
    *one = sum;
}

/// The sum's bytes, where it is what was computed of this key.
#[inline(never)]
fn confirm_sum(sum: &EdwardsPoint, minus_a: &EdwardsPoint, twin: &EdwardsPoint, key_copy: &Key) -> Option<Point> {
    // The sum twice, and something else between: what is found in its place where a store was skipped may be known beforehand.
    let [point, used, twin] = compressed(sum, minus_a, twin);
    // The last byte is left out: A and −A differ in it, by the sign of x.
    let fits = twin == point && used.first_chunk::<31>() == key_copy.first_chunk::<31>();
    if fits { Some(point) } else { None }
}

/// The sum, −A and the sum again, as bytes; one division for all of them.
#[inline(never)]
fn compressed(sum: &EdwardsPoint, minus_a: &EdwardsPoint, twin: &EdwardsPoint) -> [Point; 3] {
    EdwardsPoint::compress_batch(&[*sum, *minus_a, *twin]).map(|point| point.to_bytes())
}

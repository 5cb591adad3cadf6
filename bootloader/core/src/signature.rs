//! Ed25519 signatures (RFC 8032, section 5.1.7): the curve is that of ed25519-dalek, or with the feature `compact` that of
//! lifeboot-compact; the scalars are handled here.
//!
//! The check is R = S·B − k·A, without the optional cofactor and with R compared as bytes, as in ed25519-dalek's
//! `verify`. That function handles S and k in constant time, which is 8 KB of code on a Cortex-M0; nothing here is
//! secret. So curve25519-dalek's feature `legacy_compatibility` is enabled, which makes scalars public that are not
//! reduced, and nothing else.
//!
//! RFC 8032 requires 0 ≤ S < ℓ: otherwise anyone who has a signature can make a second one for the same message, S + ℓ.
//! Keys of small order are not excluded at each verification, as in ed25519-dalek's strict check, but once, when the
//! bootloader is built. Keys that are not [canonical](is_canonical) are never accepted: the bootloader's
//! build refuses them, and so do [`is_signed`] and [`SignatureCheck`].
//!
//! The bootloader uses [`compute_r`]. [`SignatureCheck`] does the same in small steps, for firmware that keeps running
//! meanwhile: about as fast, with half of the stack, and with a kilobyte of state between the steps.

#[cfg(feature = "compact")]
mod compact;
#[cfg(not(feature = "compact"))]
mod dalek;
mod digits;
mod scalar;
mod steps;

pub use steps::SignatureCheck;

#[cfg(feature = "compact")]
use compact as curve;
use curve::CurvePoint;
#[cfg(not(feature = "compact"))]
use dalek as curve;
use scalar::{is_below_order, reduce};

/// Bytes of a public key and of a signature (RFC 8032, 5.1.5 and 5.1.6).
const PUBLIC_KEY_LENGTH: usize = 32;
const SIGNATURE_LENGTH: usize = 64;

/// A point of the curve, as bytes.
pub type Point = [u8; 32];

/// A public key, as bytes.
type Key = [u8; PUBLIC_KEY_LENGTH];

/// Bytes of a scalar's lower part: enough that its values cannot all be tried, but few, since the higher part's point
/// is doubled once for each of their bits.
const LOW: usize = 9;

/// Whether `signature` is that of `key` over `message`: [`compute_r`] in two parts, or at once.
pub fn is_signed<const TWO_PARTS: bool>(key: &Key, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
    is_canonical(key)
        && compute_r::<TWO_PARTS>([key; 2], message, signature).is_some_and(|point| point == *first_half(signature))
}

/// Returns the R that a signature of `message` by a key must begin with, given its S: S·B − k·A. `None` if S or the key
/// is invalid, or a computation was skipped.
///
/// The key must be [canonical](is_canonical); the bootloader's build takes no others.
///
/// With `TWO_PARTS` it is the sum of two parts, of the higher and the lower bytes of S and k, that share only −A: an
/// attacker who makes the core skip an instruction may find one after which k or the key does not count, and sign without
/// the private key. So the key is passed twice, each found by a lookup of its own: −A is made from one, and must match the
/// other in the end. That adds a quarter to the time; computing everything twice would double it.
pub fn compute_r<const TWO_PARTS: bool>(
    keys: [&Key; 2],
    message: &[u8],
    signature: &[u8; SIGNATURE_LENGTH],
) -> Option<Point> {
    if !is_below_order(signature.last_chunk()?) {
        return None;
    }
    let [key, key_copy] = keys;
    let minus_a = minus(key);
    let minus_a = minus_a.as_ref()?;
    if !TWO_PARTS {
        return Some(compress(&part(minus_a, key, message, signature, 0, 32)));
    }
    // In place: moving points costs stack, and this is the deepest place of it.
    let mut sum = part(minus_a, key, message, signature, LOW, 32);
    raise(&mut sum);
    let mut twin = part(minus_a, key_copy, message, signature, 0, LOW);
    add(&mut sum, &mut twin);
    confirm_sum(&sum, minus_a, &twin, key_copy)
}

/// Whether a key is encoded as RFC 8032, 5.1.3, requires: its y below the field's 2²⁵⁵ - 19.
pub fn is_canonical(key: &Key) -> bool {
    let [first, between @ .., last] = key;
    *first < 0xed || last & 0x7f < 0x7f || between.iter().any(|byte| *byte < 0xff)
}

/// Returns R, the first half of a signature.
pub fn first_half(signature: &[u8; SIGNATURE_LENGTH]) -> &Point {
    signature.first_chunk().unwrap_or(&[0; 32])
}

// Separate functions, never inlined: in one frame their temporaries would need long addressing on a Cortex-M0.

/// Returns s·B − k·A, with only the bytes `from..to` of S and k, taken as their lowest bytes.
#[inline(never)]
fn part(
    minus_a: &CurvePoint,
    key: &Key,
    message: &[u8],
    signature: &[u8; SIGNATURE_LENGTH],
    from: usize,
    to: usize,
) -> CurvePoint {
    let k = challenge(first_half(signature), key, message);
    let k = number(k.get(from..to).unwrap_or_default());
    let s = number(signature.last_chunk::<32>().and_then(|s| s.get(from..to)).unwrap_or_default());
    product(minus_a, &k, &s)
}

/// Returns k = SHA-512(R ‖ A ‖ M), reduced below the group's order: the part that the signer cannot choose.
#[inline(never)]
fn challenge(r: &[u8; 32], key: &Key, message: &[u8]) -> [u8; 32] {
    reduce(&curve::sha512([r, key, message]))
}

/// Returns −A, if these are the bytes of a point A.
#[inline(never)]
fn minus(key: &Key) -> Option<CurvePoint> {
    curve::minus(key)
}

/// Returns the number, below the order, with these lowest bytes; the others are zero.
#[inline(never)]
fn number(bytes: &[u8]) -> [u8; 32] {
    let mut number = [0; 32];
    for (place, byte) in number.iter_mut().zip(bytes) {
        *place = *byte;
    }
    number
}

/// Returns s·B − k·A.
#[inline(never)]
fn product(minus_a: &CurvePoint, k: &[u8; 32], s: &[u8; 32]) -> CurvePoint {
    curve::product(minus_a, k, s)
}

/// Moves a higher part's point to its place: doubles it for each bit of the lower part.
#[inline(never)]
fn raise(point: &mut CurvePoint) {
    curve::double::<{ LOW * 8 }>(point);
}

/// Replaces both points by their sum. The two sums are made separately: if an addition is skipped, what an earlier one
/// left there may be predictable, but is not the other sum.
#[inline(never)]
fn add(one: &mut CurvePoint, other: &mut CurvePoint) {
    let sum = curve::sum(one, other);
    *other = curve::sum(other, one);
    *one = sum;
}

/// Returns the sum's bytes if both sums are equal and −A is that of `key_copy`.
#[inline(never)]
fn confirm_sum(sum: &CurvePoint, minus_a: &CurvePoint, twin: &CurvePoint, key_copy: &Key) -> Option<Point> {
    // Another point lies between the two copies of the sum: if a store is skipped, what lies in its place may be
    // predictable.
    let [point, used, twin] = compressed(sum, minus_a, twin);
    // The last byte is left out: A and −A differ in it, by the sign of x.
    let fits = twin == point && used.first_chunk::<31>() == key_copy.first_chunk::<31>();
    if fits { Some(point) } else { None }
}

/// Returns a point as bytes.
#[inline(never)]
fn compress(point: &CurvePoint) -> Point {
    curve::encode(point)
}

/// Returns the sum, −A and the second sum as bytes; one division for all of them.
#[inline(never)]
fn compressed(sum: &CurvePoint, minus_a: &CurvePoint, twin: &CurvePoint) -> [Point; 3] {
    curve::encode_three([sum, minus_a, twin])
}

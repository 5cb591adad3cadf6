//! The field of the curve: numbers modulo p = 2²⁵⁵ − 19 in eight words.
//!
//! Any number below 2²⁵⁶ is a valid [`Element`]; it represents its remainder. All operations but [`reduce`] compute modulo
//! 2²⁵⁶ − 38 = 2p, since a carry out of the highest word then counts 38 and is simply added at the lowest. So there are no
//! bounds between operations to keep track of: every input is allowed, and every output is below 2²⁵⁶.

/// A number, lowest word first; any value is allowed.
pub type Element = [u32; 8];

/// An operation: writes to `out` what it computes of `a` and `b`.
///
/// # Safety
/// The pointers must be valid for an [`Element`] each. `out` may be the same as `a` or `b`, but must not overlap them otherwise.
pub type Operation = unsafe extern "C" fn(out: *mut Element, a: *const Element, b: *const Element);

#[cfg(assembly)]
mod arm;
/// The operations in Rust.
pub mod portable;

#[cfg(assembly)]
pub use arm::{lifeboot_field_add as add, lifeboot_field_multiply as multiply, lifeboot_field_subtract as subtract};
#[cfg(not(assembly))]
pub use portable::{add, multiply, subtract};

/// Replaces a number by its remainder modulo p, which is below p.
#[inline(never)]
pub fn reduce(number: &mut Element) {
    // Bit 255 counts 19. With 19 more, a number that is at least p reaches bit 255 again; from one below p they are taken back.
    let mut carry = i64::from(number[7] >> 31) * 19 + 19;
    for _ in 0..2 {
        number[7] &= 0x7fff_ffff;
        for word in number.iter_mut() {
            carry += i64::from(*word);
            *word = carry as u32;
            carry >>= 32;
        }
        carry = if number[7] >> 31 == 0 { -19 } else { 0 };
    }
}

/// Returns the 32 bytes, lowest first, as a number.
#[inline(never)]
pub fn from_bytes(bytes: &[u8; 32]) -> Element {
    let mut number = [0; 8];
    for (word, bytes) in number.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    number
}

/// Returns a number as 32 bytes, lowest first, without reducing it.
#[inline(never)]
pub fn to_bytes(number: &Element) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(number) {
        *place = word.to_le_bytes();
    }
    bytes
}

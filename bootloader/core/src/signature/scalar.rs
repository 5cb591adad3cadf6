//! Scalars: numbers modulo the order of the curve's base point.
//!
//! The library reduces in constant time, which is 3 KB of code on a Cortex-M0; nothing here is secret.

/// The order of the base point, ℓ = 2²⁵² + 27742317777372353535851937790883648493, lowest word first (RFC 8032, 5.1).
pub const ORDER: [u32; 8] =
    [0x5cf5_d3ed, 0x5812_631a, 0xa2f7_9cd6, 0x14de_f9de, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x1000_0000];

/// Whether a number, little-endian, is below the order.
pub fn is_below_order(number: &[u8; 32]) -> bool {
    let (words, _) = number.as_chunks::<4>();
    words.iter().rev().map(|word| u32::from_le_bytes(*word)).lt(ORDER.into_iter().rev())
}

/// Returns the remainder of a 64-byte number divided by the order, both little-endian. As in long division, with digits of 16
/// bits.
#[inline(never)]
pub fn reduce(number: &[u8; 64]) -> [u8; 32] {
    let mut rest = [0u32; 8];
    for digit in number.as_chunks().0.iter().rev() {
        // The rest is below the order, so it stays below 2²⁶⁹ with the digit behind it; `top` are the bits above its words.
        let mut top = u32::from(u16::from_le_bytes(*digit));
        for word in &mut rest {
            (*word, top) = (*word << 16 | top, *word >> 16);
        }
        // How often 2²⁵² goes into it. The order is a little more, so it goes in as often, or once less.
        let [.., highest] = rest;
        let mut times = i64::from(top << 4 | highest >> 28);
        loop {
            let mut carry = 0;
            for (word, order) in rest.iter_mut().zip(&ORDER) {
                carry += i64::from(*word) - times * i64::from(*order);
                *word = carry as u32;
                carry >>= 32;
            }
            top = top.wrapping_add(carry as u32);
            if top == 0 {
                break;
            }
            // Taken away once too often.
            times = -1;
        }
    }
    let mut bytes = [0; 32];
    for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(&rest) {
        *place = word.to_le_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::scalar::Scalar;

    fn order_times(factor: u64, addend: i64) -> [u8; 64] {
        let mut words = [0u32; 16];
        let mut carry = i128::from(addend);
        for (index, word) in words.iter_mut().enumerate() {
            carry += i128::from(ORDER.get(index).copied().unwrap_or(0)) * i128::from(factor);
            *word = carry as u32;
            carry >>= 32;
        }
        let mut bytes = [0; 64];
        for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        bytes
    }

    /// The library's result, which it signs with.
    fn expected(number: &[u8; 64]) -> [u8; 32] {
        Scalar::from_bytes_mod_order_wide(number).to_bytes()
    }

    #[test]
    fn the_ends_and_the_multiples_of_the_order_are_reduced_right() {
        let ends = [[0; 64], [0xff; 64], core::array::from_fn(|index| u8::from(index == 63) << 7)];
        let around = [1, 2, 3, 4, 8, 16, 1 << 32, u64::MAX].map(|factor| [-1, 0, 1].map(|by| order_times(factor, by)));
        for number in ends.into_iter().chain(around.into_iter().flatten()) {
            assert_eq!(reduce(&number), expected(&number), "{number:?}");
        }
        assert_eq!(reduce(&order_times(5, 7))[0], 7);
    }

    #[test]
    fn bytes_by_chance_are_reduced_right() {
        use sha2::{Digest, Sha512};
        for seed in 0..2000u32 {
            let number: [u8; 64] = Sha512::digest(seed.to_le_bytes()).into();
            assert_eq!(reduce(&number), expected(&number), "{seed}");
        }
    }

    #[test]
    fn only_what_is_below_the_order_is() {
        for (by, below) in [(-2, true), (-1, true), (0, false), (1, false)] {
            assert_eq!(is_below_order(order_times(1, by).first_chunk().unwrap()), below, "ℓ {by:+}");
        }
        assert!(is_below_order(&[0; 32]) && !is_below_order(&[0xff; 32]));
        // The same for each word.
        for index in 0..8 {
            let mut words = ORDER;
            words[index] = words[index].wrapping_add(1);
            let mut bytes = [0; 32];
            for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
                *place = word.to_le_bytes();
            }
            assert!(!is_below_order(&bytes), "word {index}");
        }
    }
}

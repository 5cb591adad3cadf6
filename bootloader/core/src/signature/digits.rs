//! Numbers by digits −1, 0 and 1, in non-adjacent form: of two neighbours at least one is 0.

/// Maximum number of digits of a number below the group's order, ℓ < 2²⁵³, in non-adjacent form.
pub const DIGITS: u8 = 254;

/// A number below 2²⁵⁴ with the digits −1, 0 and 1: the bits of three times the number minus those of the number.
#[derive(Clone, Copy)]
pub struct NonAdjacent {
    once: [u8; 32],
    thrice: [u8; 32],
}

impl NonAdjacent {
    /// The number 0.
    pub const ZERO: NonAdjacent = NonAdjacent { once: [0; 32], thrice: [0; 32] };

    /// Sets the number, below 2²⁵³, lowest byte first.
    pub fn set(&mut self, number: &[u8; 32]) {
        self.once = *number;
        let mut carry = 0;
        for (thrice, once) in self.thrice.iter_mut().zip(number) {
            let product = u16::from(*once) * 3 + carry;
            *thrice = product as u8;
            carry = product >> 8;
        }
    }

    /// Returns the digit with the weight 2 to the power of `at`.
    pub fn digit(&self, at: u8) -> i8 {
        bit(&self.thrice, at + 1) - bit(&self.once, at + 1)
    }
}

fn bit(number: &[u8; 32], at: u8) -> i8 {
    (number.get(usize::from(at / 8)).copied().unwrap_or_default() >> (at % 8) & 1) as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::scalar::Scalar;

    /// The digits make up the number, and of two neighbours one is 0; for the ends of the range and some numbers
    /// between.
    #[test]
    fn digits_make_up_the_number() {
        let ends = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE].map(|end| end.to_bytes());
        let between = (0..64u64).map(|seed| Scalar::from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).invert().to_bytes());
        for number in ends.into_iter().chain(between) {
            let mut form = NonAdjacent::ZERO;
            form.set(&number);
            let mut sum = Scalar::ZERO;
            let mut last = 0;
            for at in (0..DIGITS).rev() {
                let digit = form.digit(at);
                assert!((-1..=1).contains(&digit) && digit * last == 0, "{number:?}, digit {at}");
                sum = sum + sum + if digit < 0 { -Scalar::ONE } else { Scalar::from(digit as u8) };
                last = digit;
            }
            assert_eq!(sum, Scalar::from_bytes_mod_order(number));
        }
    }
}

//! The signature check in steps that are short enough to run between two turns of an application's loop.
//!
//! Both products of S·B − k·A are made at once, from the highest digit down: double the sum, then add or subtract B, A
//! or both if the digits of S and k are not 0 (Shamir's trick). The digits are non-adjacent forms: of two neighbours at
//! least one is 0, so that only five of nine rounds add. Nothing here is secret, so nothing must run in constant time.

use super::scalar::is_below_order;
use super::{challenge, is_canonical, minus};
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as B;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::traits::Identity;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH};

/// Maximum number of digits of a number below the group's order, ℓ < 2²⁵³, in non-adjacent form.
const DIGITS: u8 = 254;

/// Rounds in a step: about 30,000 instructions each on a Cortex-M0.
const ROUNDS: u8 = 4;

/// A signature check in progress.
pub struct SignatureCheck {
    r: [u8; 32],
    s: NonAdjacent,
    k: NonAdjacent,
    /// −A; −A + B; −A − B.
    points: [EdwardsPoint; 3],
    sum: EdwardsPoint,
    /// Digits that are still to be handled.
    left: u8,
}

impl SignatureCheck {
    /// Starts to check that `signature` is that of `key` over `message`; returns false if it is already known not to
    /// be.
    ///
    /// One of the two longest steps, with [`step`](Self::step)'s last one: a square root in the curve's field. In
    /// place, since each move of a check would take its size in stack.
    #[inline(never)]
    pub fn start(&mut self, key: &[u8; PUBLIC_KEY_LENGTH], message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
        self.left = 0;
        self.r = [0xff; 32]; // No point is encoded like this: until all is set, nothing matches.
        let (Some(r), Some(s)) = (signature.first_chunk(), signature.last_chunk()) else { return false };
        if !is_below_order(s) || !self.set_key(key) {
            return false;
        }
        self.s.set(s);
        self.k.set(&challenge(r, key, message));
        self.sum = EdwardsPoint::identity();
        self.left = DIGITS;
        self.r = *r;
        true
    }

    #[inline(never)]
    fn set_key(&mut self, key: &[u8; PUBLIC_KEY_LENGTH]) -> bool {
        if !is_canonical(key) {
            return false;
        }
        let Some(minus_a) = minus(key) else { return false };
        let [a, both, difference] = &mut self.points;
        *a = minus_a;
        *both = *a + B;
        *difference = *a - B;
        true
    }

    /// Does the next step; returns whether the signature is valid once that is known.
    pub fn step(&mut self) -> Option<bool> {
        for _ in 0..ROUNDS {
            let Some(left) = self.left.checked_sub(1) else {
                return Some(self.sum.compress().0 == self.r);
            };
            self.left = left;
            self.round(left);
        }
        None
    }

    fn round(&mut self, at: u8) {
        let [a, both, difference] = &self.points;
        let point = match (self.k.digit(at), self.s.digit(at)) {
            (0, 0) => None,
            (0, s) => Some((&B, s)),
            (k, 0) => Some((a, k)),
            (k, s) if k == s => Some((both, k)),
            (k, _) => Some((difference, k)),
        };
        let twice = self.sum + self.sum;
        self.sum = match point {
            None => twice,
            Some((point, digit)) if digit > 0 => twice + point,
            Some((point, _)) => twice - point,
        };
    }
}

/// A check that was not started; it matches no signature.
impl Default for SignatureCheck {
    fn default() -> Self {
        let nothing = EdwardsPoint::identity();
        let none = NonAdjacent { once: [0; 32], thrice: [0; 32] };
        SignatureCheck { r: [0xff; 32], s: none.clone(), k: none, points: [nothing; 3], sum: nothing, left: 0 }
    }
}

/// A number below 2²⁵⁴ with the digits −1, 0 and 1: the bits of three times the number minus those of the number.
#[derive(Clone)]
struct NonAdjacent {
    once: [u8; 32],
    thrice: [u8; 32],
}

impl NonAdjacent {
    fn set(&mut self, number: &[u8; 32]) {
        self.once = *number;
        let mut carry = 0;
        for (thrice, once) in self.thrice.iter_mut().zip(number) {
            let product = u16::from(*once) * 3 + carry;
            *thrice = product as u8;
            carry = product >> 8;
        }
    }

    /// Returns the digit with the weight 2 to the power of `at`.
    fn digit(&self, at: u8) -> i8 {
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
            let mut form = NonAdjacent { once: [0; 32], thrice: [0; 32] };
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

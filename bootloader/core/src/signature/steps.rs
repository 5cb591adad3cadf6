//! The signature check in steps that are short enough to run between two turns of an application's loop.
//!
//! Both products of S·B − k·A are made at once, from the highest digit down: double the sum, then add or subtract B, A
//! or both if the digits of S and k are not 0 (Shamir's trick). The digits are non-adjacent forms: of two neighbours at
//! least one is 0, so that only five of nine rounds add. Nothing here is secret, so nothing must run in constant time.

use super::curve::Sum;
use super::digits::{DIGITS, NonAdjacent};
use super::scalar::is_below_order;
use super::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, challenge, is_canonical, minus};

/// Rounds in a step: about 30,000 instructions each on a Cortex-M0.
const ROUNDS: u8 = 4;

/// A signature check in progress.
pub struct SignatureCheck {
    r: [u8; 32],
    s: NonAdjacent,
    k: NonAdjacent,
    sum: Sum,
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
        self.sum.start(&minus_a);
        true
    }

    /// Does the next step; returns whether the signature is valid once that is known.
    pub fn step(&mut self) -> Option<bool> {
        let SignatureCheck { r, s, k, sum, left } = self;
        if *left == 0 {
            return Some(sum.encode() == *r);
        }
        let to = left.saturating_sub(ROUNDS);
        sum.add_digits(*left, to, |at| (k.digit(at), s.digit(at)));
        *left = to;
        None
    }
}

/// A check that was not started; it matches no signature.
impl Default for SignatureCheck {
    fn default() -> Self {
        SignatureCheck { r: [0xff; 32], s: NonAdjacent::ZERO, k: NonAdjacent::ZERO, sum: Sum::default(), left: 0 }
    }
}

//! The curve and SHA-512 of ed25519-dalek and sha2.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as B;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha512};

/// A point of the curve.
pub type CurvePoint = EdwardsPoint;

/// Returns −A, given the encoding of a point A.
pub fn minus(key: &[u8; 32]) -> Option<CurvePoint> {
    Some(-VerifyingKey::from_bytes(key).ok()?.to_edwards())
}

/// Returns s·B − k·A, of numbers below the order.
pub fn product(minus_a: &CurvePoint, k: &[u8; 32], s: &[u8; 32]) -> CurvePoint {
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&Scalar::from_bits(*k), minus_a, &Scalar::from_bits(*s))
}

/// Doubles a point so many times, a multiple of three.
pub fn double<const TIMES: usize>(point: &mut CurvePoint) {
    const { assert!(TIMES.is_multiple_of(3)) }
    for _ in 0..TIMES / 3 {
        *point = point.mul_by_cofactor();
    }
}

/// Returns the sum of two points.
pub fn sum(one: &CurvePoint, other: &CurvePoint) -> CurvePoint {
    *one + *other
}

/// Returns a point's encoding.
pub fn encode(point: &CurvePoint) -> [u8; 32] {
    point.compress().to_bytes()
}

/// Returns the encodings of three points, with one division for all of them.
pub fn encode_three([one, two, three]: [&CurvePoint; 3]) -> [[u8; 32]; 3] {
    EdwardsPoint::compress_batch(&[*one, *two, *three]).map(|point| point.to_bytes())
}

/// Returns the SHA-512 digest of parts, one behind the other.
pub fn sha512([a, b, c]: [&[u8]; 3]) -> [u8; 64] {
    Sha512::new().chain_update(a).chain_update(b).chain_update(c).finalize().into()
}

/// A sum of multiples of B and −A in progress.
pub struct Sum {
    /// −A; −A + B; −A − B.
    points: [EdwardsPoint; 3],
    sum: EdwardsPoint,
}

impl Sum {
    /// Starts at 0.
    pub fn start(&mut self, minus_a: &CurvePoint) {
        self.points = [*minus_a, *minus_a + B, *minus_a - B];
        self.sum = EdwardsPoint::identity();
    }

    /// For each place from `from` down to `to`: doubles the sum and adds the digits that k and s have there.
    pub fn add_digits(&mut self, from: u8, to: u8, digits: impl Fn(u8) -> (i8, i8)) {
        let [a, both, difference] = &self.points;
        for at in (to..from).rev() {
            let point = match digits(at) {
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

    /// Returns the encoding of the sum.
    pub fn encode(&self) -> [u8; 32] {
        encode(&self.sum)
    }
}

impl Default for Sum {
    fn default() -> Self {
        let nothing = EdwardsPoint::identity();
        Sum { points: [nothing; 3], sum: nothing }
    }
}

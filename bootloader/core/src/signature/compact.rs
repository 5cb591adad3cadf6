//! The curve and SHA-512 of lifeboot-compact.

use super::digits::{DIGITS, NonAdjacent};
use lifeboot_compact::point::{Point, Table};

pub use lifeboot_compact::sha512;

/// A point of the curve.
pub type CurvePoint = Point;

/// Returns −A, given the encoding of a point A.
pub fn minus(key: &[u8; 32]) -> Option<CurvePoint> {
    Point::minus(key)
}

/// Returns s·B − k·A, of numbers below the order.
pub fn product(minus_a: &CurvePoint, k: &[u8; 32], s: &[u8; 32]) -> CurvePoint {
    let [mut k_digits, mut s_digits] = [NonAdjacent::ZERO; 2];
    k_digits.set(k);
    s_digits.set(s);
    let mut sum = Sum::default();
    sum.start(minus_a);
    sum.add_digits(DIGITS, 0, |at| (k_digits.digit(at), s_digits.digit(at)));
    sum.sum
}

/// Doubles a point so many times.
pub fn double<const TIMES: usize>(point: &mut CurvePoint) {
    point.double(TIMES as u8);
}

/// Returns the sum of two points.
pub fn sum(one: &CurvePoint, other: &CurvePoint) -> CurvePoint {
    let mut sum = *one;
    sum.add(other);
    sum
}

/// Returns a point's encoding.
pub fn encode(point: &CurvePoint) -> [u8; 32] {
    point.encode()
}

/// Returns the encodings of three points, with one division for all of them.
pub fn encode_three(points: [&CurvePoint; 3]) -> [[u8; 32]; 3] {
    Point::encode_three(points)
}

/// A sum of multiples of B and −A in progress.
pub struct Sum {
    table: Table,
    sum: Point,
}

impl Sum {
    /// Starts at 0.
    pub fn start(&mut self, minus_a: &CurvePoint) {
        self.table.set(minus_a);
        self.sum = Point::NEUTRAL;
    }

    /// For each place from `from` down to `to`: doubles the sum and adds the digits that k and s have there.
    pub fn add_digits(&mut self, from: u8, to: u8, digits: impl Fn(u8) -> (i8, i8)) {
        self.table.add_digits(&mut self.sum, from, to, digits);
    }

    /// Returns the encoding of the sum.
    pub fn encode(&self) -> [u8; 32] {
        self.sum.encode()
    }
}

impl Default for Sum {
    fn default() -> Self {
        Sum { table: Table::EMPTY, sum: Point::NEUTRAL }
    }
}

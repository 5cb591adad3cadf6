//! Points of the curve, and what verifying computes of them.

use crate::field::{Element, from_bytes, to_bytes};
use crate::machine::{Machine, Register};
use crate::programs::{
    ADD, BASE_POINT, BEFORE_DIVISION, BEFORE_ROOT, BEFORE_THREE_DIVISIONS, BEHIND_DIVISION, BEHIND_ROOT,
    BEHIND_THREE_DIVISIONS, CONSTANTS, CONSTANTS_AT, DIFFERENT, DOUBLE, LESS, MINUS_X, NEGATE, OF_X_AND_Y, ONE,
    OPPOSITE, OTHER_ROOT, POWER, TO_OPERAND, X, Y,
};

/// A point of the curve.
#[derive(Clone, Copy)]
pub struct Point([Element; 5]);

impl Point {
    /// The neutral point, 0.
    pub const NEUTRAL: Point = {
        let one = [1, 0, 0, 0, 0, 0, 0, 0];
        Point([[0; 8], one, one, [0; 8], [0; 8]])
    };

    /// Returns −A, given the encoding of a point A (RFC 8032, 5.1.3); `None` if it is that of no point.
    ///
    /// As in ed25519-dalek, y may be 2²⁵⁵ − 19 or above, and the sign of x = 0 is ignored. A caller refuses such encodings before.
    pub fn minus(encoded: &[u8; 32]) -> Option<Point> {
        let mut machine = Machine::ZEROS;
        machine.prepare();
        let mut y = from_bytes(encoded);
        let sign = y[7] >> 31;
        y[7] &= 0x7fff_ffff;
        machine.load(Y, &[y]);
        machine.run(&BEFORE_ROOT);
        machine.run(&POWER);
        machine.run(&BEHIND_ROOT);
        if !machine.is_zero(DIFFERENT) {
            if !machine.is_zero(OPPOSITE) {
                return None;
            }
            machine.run(&OTHER_ROOT);
        }
        if machine.reduced(X)[0] & 1 == sign {
            machine.run(&MINUS_X);
        }
        machine.run(&OF_X_AND_Y);
        Some(machine.point())
    }

    /// Doubles the point so many times.
    pub fn double(&mut self, times: u8) {
        let mut machine = Machine::ZEROS;
        machine.load(X, &self.0);
        for _ in 0..times {
            machine.run(&DOUBLE);
        }
        *self = machine.point();
    }

    /// Adds a point.
    #[inline(never)]
    pub fn add(&mut self, other: &Point) {
        let mut machine = Machine::ZEROS;
        machine.prepare();
        machine.load(X, &other.0);
        machine.run(&TO_OPERAND);
        machine.load(X, &self.0);
        machine.run(&ADD);
        *self = machine.point();
    }

    /// Returns the point's encoding (RFC 8032, 5.1.2).
    pub fn encode(&self) -> [u8; 32] {
        let mut machine = Machine::ZEROS;
        machine.load(X, &self.0[..3]);
        machine.run(&BEFORE_DIVISION);
        machine.run(&POWER);
        machine.run(&BEHIND_DIVISION);
        machine.encoded(X)
    }

    /// Returns the encodings of three points, with one division for all of them.
    pub fn encode_three(points: [&Point; 3]) -> [[u8; 32]; 3] {
        let mut machine = Machine::ZEROS;
        for (first, point) in [0, 3, 6].into_iter().zip(points) {
            machine.load(first, &point.0[..3]);
        }
        machine.run(&BEFORE_THREE_DIVISIONS);
        machine.run(&POWER);
        machine.run(&BEHIND_THREE_DIVISIONS);
        [0, 3, 6].map(|first| machine.encoded(first))
    }
}

/// The points that a sum of multiples of B, the base point, and of −A is made of.
pub struct Table([Operand; 4]);

/// A point that is to be added.
type Operand = [Element; 4];

impl Table {
    /// A table of nothing; [`set`](Self::set) makes it one.
    pub const EMPTY: Table = Table([[[0; 8]; 4]; 4]);

    /// Makes this the table for −A: B; −A − B; −A; −A + B.
    pub fn set(&mut self, minus_a: &Point) {
        let mut machine = Machine::ZEROS;
        machine.prepare();
        machine.load(X, &BASE_POINT);
        machine.run(&OF_X_AND_Y);
        self.keep(0, &mut machine);
        machine.load(X, &minus_a.0);
        machine.run(&ADD);
        self.keep(3, &mut machine);
        machine.load(X, &minus_a.0);
        self.keep(2, &mut machine);
        machine.load(LESS, &self.0[0]);
        machine.run(&NEGATE);
        machine.run(&ADD);
        self.keep(1, &mut machine);
    }

    /// Keeps the machine's point, which becomes its operand.
    #[inline(never)]
    fn keep(&mut self, index: usize, machine: &mut Machine) {
        machine.run(&TO_OPERAND);
        machine.store(LESS, &mut self.0[index & 3]);
    }

    /// Continues a sum s · B − k · A: for each place from `from` down to `to`, doubles it and adds the digits, −1, 0 or 1, that k and
    /// s have there.
    pub fn add_digits(&self, sum: &mut Point, from: u8, to: u8, digits: impl Fn(u8) -> (i8, i8)) {
        let mut machine = Machine::ZEROS;
        machine.load(X, &sum.0);
        for at in (to..from).rev() {
            machine.run(&DOUBLE);
            let (k, s) = digits(at);
            let digits = 3 * k + s;
            if digits != 0 {
                machine.load(LESS, &self.0[usize::from(digits.unsigned_abs() - 1) & 3]);
                if digits < 0 {
                    machine.run(&NEGATE);
                }
                machine.run(&ADD);
            }
        }
        *sum = machine.point();
    }
}

impl Machine {
    /// Loads the constants.
    #[inline(never)]
    fn prepare(&mut self) {
        self.load(CONSTANTS_AT, &CONSTANTS);
        self.load(ONE, &[[1, 0, 0, 0, 0, 0, 0, 0]]);
    }

    fn point(&self) -> Point {
        let mut point = Point([[0; 8]; 5]);
        self.store(X, &mut point.0);
        point
    }

    fn is_zero(&mut self, register: Register) -> bool {
        *self.reduced(register) == [0; 8]
    }

    /// Returns the encoding of the x and y in this register and the next.
    #[inline(never)]
    fn encoded(&mut self, x: Register) -> [u8; 32] {
        let sign = self.reduced(x)[0] << 31;
        let y = self.reduced(x + 1);
        y[7] |= sign;
        to_bytes(y)
    }
}

//! What the machine computes of points, and its constants.
//!
//! A point is X, Y, Z, E and H: x = X / Z, y = Y / Z, and xy = E · H / Z. That last product, T in the papers, is multiplied by the
//! addition that needs it; a doubling needs none.
//!
//! An operand, a point that is to be added, is Y − X, Y + X, 2 Z and 2 d T.

use crate::field::Element;
use crate::machine::{Instruction, Register, difference, product, squared, sum};

// The point.
pub const X: Register = 0;
pub const Y: Register = 1;
pub const Z: Register = 2;
pub const E: Register = 3;
pub const H: Register = 4;
// The operand.
pub const LESS: Register = 5;
pub const MORE: Register = 6;
pub const TWO_Z: Register = 7;
pub const TWO_D_T: Register = 8;
/// 2 d.
const TWO_D: Register = 9;
// Temporaries.
const F: Register = 10;
const G: Register = 11;
const C: Register = 12;
const T: Register = 13;
pub const ONE: Register = 14;
const ZERO: Register = 15;

// Of a power: its base, and temporaries; nine registers before and two behind are not touched.
pub const BASE: Register = 9;
const POWER_11: Register = 10;
const POWER_ALL: Register = 11;
const P: Register = 12;
const Q: Register = 13;

// Of a square root x² = u / v.
const U: Register = Z;
const V: Register = E;
pub const DIFFERENT: Register = BASE;
pub const OPPOSITE: Register = POWER_11;
/// Where the constant stands until an operand needs the register.
const ROOT_OF_MINUS_ONE: Register = TWO_D_T;

/// The constants' first register.
pub const CONSTANTS_AT: Register = ROOT_OF_MINUS_ONE;
/// A square root of −1, and 2 d (RFC 8032, 5.1).
pub static CONSTANTS: [Element; 2] = [
    [0x4a0e_a0b0, 0xc4ee_1b27, 0xad2f_e478, 0x2f43_1806, 0x3dfb_d7a7, 0x2b4d_0099, 0x4fc1_df0b, 0x2b83_2480],
    [0x26b2_f159, 0xebd6_9b94, 0x8283_b156, 0x00e0_149a, 0xeef3_d130, 0x198e_80f2, 0x56df_fce7, 0x2406_d9dc],
];
/// The base point's x and y (RFC 8032, 5.1).
pub static BASE_POINT: [Element; 2] = [
    [0x8f25_d51a, 0xc956_2d60, 0x9525_a7b2, 0x692c_c760, 0xfdd6_dc5c, 0xc0a4_e231, 0xcd6e_53fe, 0x2169_36d3],
    [0x6666_6658, 0x6666_6666, 0x6666_6666, 0x6666_6666, 0x6666_6666, 0x6666_6666, 0x6666_6666, 0x6666_6666],
];

/// The point of x and y.
pub static OF_X_AND_Y: [Instruction; 3] = [sum(Z, ONE, ZERO), sum(E, X, ZERO), sum(H, Y, ZERO)];

/// Makes the point an operand.
pub static TO_OPERAND: [Instruction; 5] = [
    difference(LESS, Y, X),
    sum(MORE, Y, X),
    sum(TWO_Z, Z, Z),
    product(TWO_D_T, E, H),
    product(TWO_D_T, TWO_D_T, TWO_D),
];

/// Negates the operand.
pub static NEGATE: [Instruction; 4] =
    [sum(C, LESS, ZERO), sum(LESS, MORE, ZERO), sum(MORE, C, ZERO), difference(TWO_D_T, ZERO, TWO_D_T)];

/// Adds the operand to the point. By Hisil, Wong, Carter and Dawson, Twisted Edwards Curves Revisited (2008), 3.1: add-2008-hwcd-3,
/// which holds for any two points of the curve.
pub static ADD: [Instruction; 14] = [
    product(T, E, H),
    difference(C, Y, X),
    product(C, C, LESS),
    sum(H, Y, X),
    product(H, H, MORE),
    difference(E, H, C),
    sum(H, H, C),
    product(C, T, TWO_D_T),
    product(F, Z, TWO_Z),
    sum(G, F, C),
    difference(F, F, C),
    product(X, E, F),
    product(Y, G, H),
    product(Z, F, G),
];

/// Doubles the point. By the same paper, 3.3: dbl-2008-hwcd, with E, F, G and H negated.
pub static DOUBLE: [Instruction; 13] = [
    squared(E, X, 1),
    squared(F, Y, 1),
    squared(C, Z, 1),
    sum(C, C, C),
    sum(T, X, Y),
    squared(T, T, 1),
    sum(H, E, F),
    difference(G, E, F),
    difference(E, H, T),
    sum(F, C, G),
    product(X, E, F),
    product(Y, G, H),
    product(Z, F, G),
];

/// Of y: u = 2 y² − 2, v = 2 d y² + 2, of which u / v = x² (RFC 8032, 5.1.3); then X = u v³, and the base is u v⁷.
pub static BEFORE_ROOT: [Instruction; 12] = [
    squared(U, Y, 1),
    product(V, U, TWO_D),
    sum(U, U, U),
    sum(F, ONE, ONE),
    difference(U, U, F),
    sum(V, V, F),
    squared(X, V, 1),
    product(X, X, V),
    squared(BASE, X, 1),
    product(BASE, BASE, V),
    product(BASE, BASE, U),
    product(X, X, U),
];

/// The base to the power of 2²⁵⁰ − 1, and of 11.
pub static POWER: [Instruction; 22] = [
    squared(POWER_11, BASE, 1),
    squared(POWER_ALL, POWER_11, 2),
    product(POWER_ALL, POWER_ALL, BASE), // 9
    product(POWER_11, POWER_11, POWER_ALL),
    squared(P, POWER_11, 1),
    product(POWER_ALL, POWER_ALL, P), // 2⁵ − 1
    squared(P, POWER_ALL, 5),
    product(POWER_ALL, POWER_ALL, P), // 2¹⁰ − 1
    squared(P, POWER_ALL, 10),
    product(P, P, POWER_ALL), // 2²⁰ − 1
    squared(Q, P, 20),
    product(P, P, Q), // 2⁴⁰ − 1
    squared(P, P, 10),
    product(POWER_ALL, POWER_ALL, P), // 2⁵⁰ − 1
    squared(P, POWER_ALL, 40),
    squared(P, P, 10),
    product(P, P, POWER_ALL), // 2¹⁰⁰ − 1
    squared(Q, P, 80),
    squared(Q, Q, 20),
    product(P, P, Q), // 2²⁰⁰ − 1
    squared(P, P, 40),
    squared(P, P, 10),
];

/// Behind the power, whose last product is still missing: X = u v³ (u v⁷)^(2²⁵² − 3). One of `DIFFERENT` and `OPPOSITE`, v x² − u
/// and v x² + u, is 0 if there is a root.
pub static BEHIND_ROOT: [Instruction; 8] = [
    product(POWER_ALL, POWER_ALL, P), // 2²⁵⁰ − 1
    squared(POWER_ALL, POWER_ALL, 2),
    product(POWER_ALL, POWER_ALL, BASE),
    product(X, X, POWER_ALL),
    squared(OPPOSITE, X, 1),
    product(OPPOSITE, OPPOSITE, V),
    difference(DIFFERENT, OPPOSITE, U),
    sum(OPPOSITE, OPPOSITE, U),
];

/// The root where it was the opposite's.
pub static OTHER_ROOT: [Instruction; 1] = [product(X, X, ROOT_OF_MINUS_ONE)];

/// −x.
pub static MINUS_X: [Instruction; 1] = [difference(X, ZERO, X)];

/// The base is Z.
pub static BEFORE_DIVISION: [Instruction; 1] = [sum(BASE, Z, ZERO)];

/// Behind the power, whose last product is still missing: `POWER_ALL` = 1 / base, as the base to the power of p − 2 = 2²⁵⁵ − 21.
static INVERSE: [Instruction; 3] = [
    product(POWER_ALL, POWER_ALL, P), // 2²⁵⁰ − 1
    squared(POWER_ALL, POWER_ALL, 5),
    product(POWER_ALL, POWER_ALL, POWER_11),
];

/// x and y.
pub static BEHIND_DIVISION: [Instruction; 5] =
    [INVERSE[0], INVERSE[1], INVERSE[2], product(X, X, POWER_ALL), product(Y, Y, POWER_ALL)];

/// Of three points, X, Y and Z of each in the first nine registers: the base is the product of all Z, and `ONE` that of two.
pub static BEFORE_THREE_DIVISIONS: [Instruction; 2] = [product(ONE, 2, 5), product(BASE, ONE, 8)];

/// x and y of the three points.
pub static BEHIND_THREE_DIVISIONS: [Instruction; 13] = [
    INVERSE[0],
    INVERSE[1],
    INVERSE[2],
    product(P, POWER_ALL, ONE),
    product(6, 6, P),
    product(7, 7, P),
    product(POWER_ALL, POWER_ALL, 8),
    product(P, POWER_ALL, 2),
    product(3, 3, P),
    product(4, 4, P),
    product(P, POWER_ALL, 5),
    product(0, 0, P),
    product(1, 1, P),
];

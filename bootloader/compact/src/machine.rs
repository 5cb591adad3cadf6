//! A machine with sixteen registers, each a number of the field. A formula of the curve is a program for it, two bytes an operation;
//! a call from compiled code would take twelve.

use crate::field::{Element, add, multiply, reduce, subtract};

/// The number of a register.
pub type Register = u8;

/// An operation: its code in the upper four bits, then the numbers of three registers, of the result first.
#[derive(Clone, Copy)]
pub struct Instruction(u16);

/// Returns the instruction `out` = `a` + `b`.
pub const fn sum(out: Register, a: Register, b: Register) -> Instruction {
    instruction(0, out, a, b)
}

/// Returns the instruction `out` = `a` − `b`.
pub const fn difference(out: Register, a: Register, b: Register) -> Instruction {
    instruction(1, out, a, b)
}

/// Returns the instruction `out` = `a` · `b`.
pub const fn product(out: Register, a: Register, b: Register) -> Instruction {
    instruction(2, out, a, b)
}

/// Returns the instruction `out` = `a` squared so many times: 1, 2, 5, 10, 20, 40 or 80.
pub const fn squared(out: Register, a: Register, times: u8) -> Instruction {
    let mut code = 2;
    while squarings(code) != times as u16 {
        code += 1;
        assert!(code < 9, "squared so many times by no instruction");
    }
    instruction(code, out, a, a)
}

const fn instruction(code: u16, out: Register, a: Register, b: Register) -> Instruction {
    assert!(out < 16 && a < 16 && b < 16);
    Instruction(code << 12 | (out as u16) << 8 | (a as u16) << 4 | b as u16)
}

/// Returns how many products an instruction with a code from 2 on computes, all but the first of them squares.
const fn squarings(code: u16) -> u16 {
    5 << code >> 4
}

/// The registers.
pub struct Machine([Element; 16]);

impl Machine {
    /// With zeros in all registers.
    pub const ZEROS: Machine = Machine([[0; 8]; 16]);

    /// Runs a program.
    #[inline(never)]
    pub fn run(&mut self, program: &[Instruction]) {
        let registers = self.0.as_mut_ptr();
        for Instruction(bits) in program {
            let register = |shift: u8| registers.wrapping_add(usize::from(bits >> shift & 15));
            let (out, a, b) = (register(8), register(4), register(0));
            // SAFETY: a number of four bits is that of one of the sixteen registers; two of them are the same, or do not overlap.
            unsafe {
                match bits >> 12 {
                    0 => add(out, a, b),
                    1 => subtract(out, a, b),
                    code => {
                        multiply(out, a, b);
                        for _ in 1..squarings(code) {
                            multiply(out, out, out);
                        }
                    }
                }
            }
        }
    }

    /// Copies numbers into the registers from this one on.
    #[inline(never)]
    pub fn load(&mut self, first: Register, numbers: &[Element]) {
        for (place, number) in self.0.iter_mut().skip(usize::from(first)).zip(numbers) {
            *place = *number;
        }
    }

    /// Copies the registers from this one on to `numbers`.
    #[inline(never)]
    pub fn store(&self, first: Register, numbers: &mut [Element]) {
        for (place, number) in numbers.iter_mut().zip(self.0.iter().skip(usize::from(first))) {
            *place = *number;
        }
    }

    /// Reduces a register, and returns it.
    #[inline(never)]
    pub fn reduced(&mut self, register: Register) -> &mut Element {
        let number = &mut self.0[usize::from(register & 15)];
        reduce(number);
        number
    }
}

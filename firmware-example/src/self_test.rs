//! The self-test that decides whether the firmware may be confirmed. Here: code runs from RAM as well as from flash,
//! which drivers need that work while flash is busy, and the two can call each other.

use core::hint::black_box;

/// Whether the whole self-test passes.
pub fn passes() -> bool {
    let value = black_box(0x1234_5678);
    let expected = mixed(mixed(value)) ^ 1;
    !cfg!(feature = "fail-self-test") && from_ram(value) == expected
}

/// In RAM, calling into flash: the linker puts a long-branch thunk between the two, whose address `lifeboot sign` must
/// find without a relocation.
#[inline(never)]
#[unsafe(link_section = ".data.from_ram")]
fn from_ram(value: u32) -> u32 {
    mixed(mixed(value)) ^ 1
}

/// In flash.
#[inline(never)]
fn mixed(value: u32) -> u32 {
    black_box(value).rotate_left(7) ^ 0x5bd1_e995
}

//! Whether the firmware is fit to be confirmed: here, that code runs from RAM as well as from flash, as a driver that
//! works while flash is busy needs it, and that both reach each other.

use core::hint::black_box;

/// The whole self-test.
pub fn passes() -> bool {
    let value = black_box(0x1234_5678);
    let expected = mixed(mixed(value)) ^ 1;
    !cfg!(feature = "fail-self-test") && from_ram(value) == expected
}

/// In RAM, calling into flash: the linker puts a long-branch thunk between them, whose address `lifeboot sign` has to
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

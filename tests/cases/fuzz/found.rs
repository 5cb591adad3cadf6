//! Inputs that once failed.

use super::elf::program::{DATA, MAIN, Program, RODATA, SMALL, VECTORS};
use super::elf::signs;
use lifeboot_core::Slot;

/// A `MOVT` on a board whose slots are not a multiple of 64 KiB apart: good in slot A, and the host refuses the file.
#[test]
fn a_half_that_cannot_be_rebased_is_refused_where_it_matters() {
    let input = crate::hex::bytes("f282010d0d0a82010d0d0abdc4bd00f282010dffbdc4bd00f282010dff75");
    assert!(super::image::property(&input));
}

/// A clock that wraps: the previous host seems to have been active just now, and the next one must repeat its request.
#[test]
fn a_clock_that_comes_around_keeps_a_bootloader_busy_for_one_silence() {
    let input = "46f66b55d42bb52f9e121c52e37a0c0928768ca7f2c4a5baa2e29aed0f20d4bd3382b93c6d868f";
    super::recovery::property(&crate::hex::bytes(input));
}

/// A stack that starts in the words that bootloader and firmware share: the verifier refuses it in either slot.
#[test]
fn a_stack_in_the_shared_words_is_not_signed() {
    let mut program = Program::new(SMALL, Slot::A);
    program.put(VECTORS, 0, &(SMALL.ram.start + 0x20).to_le_bytes());
    assert!(!signs(&program.elf(), SMALL, false));
}

/// A relocation on the stack pointer: in the other slot it points elsewhere, and the verifier refuses it.
#[test]
fn a_stack_pointer_that_moves_is_not_signed() {
    let mut program = Program::new(SMALL, Slot::A);
    program.relocate(VECTORS, 0, object::elf::R_ARM_ABS32, MAIN);
    assert!(!signs(&program.elf(), SMALL, false));
}

/// A relocation across the first two vectors.
#[test]
fn a_relocation_across_the_vectors_is_not_signed() {
    let mut program = Program::new(SMALL, Slot::A);
    program.relocations.clear();
    program.relocate(VECTORS, 2, object::elf::R_ARM_ABS32, MAIN);
    assert!(!signs(&program.elf(), SMALL, false));
}

/// An entry point on the payload's last byte, without a relocation: it stays behind in slot A.
#[test]
fn an_entry_point_at_the_very_end_is_not_forgotten() {
    let mut program = Program::new(SMALL, Slot::A);
    program.relocations.clear();
    program.word(RODATA, 0, MAIN);
    let data = &mut program.sections[DATA as usize - 1];
    data.bytes.push(0);
    let end = data.load_address + data.bytes.len() as u32;
    assert_eq!(end % 2, 1);
    program.put(VECTORS, 4, &end.to_le_bytes());
    assert!(!signs(&program.elf(), SMALL, false));
}

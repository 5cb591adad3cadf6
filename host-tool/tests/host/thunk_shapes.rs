//! The linker's thunks: their shapes, right and wrong. Code as lld of LLVM 22 wrote it.

use crate::program::*;
use lifeboot_artifact::relocations::{RelocationError, table};
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::{Board, Slot};
use object::elf;

/// A program with a thunk in RAM or in flash, and a branch to it: `bl` at 0 of the section, the thunk at 8.
pub fn program(board: &'static Board, section: u32, name: &str, thunk: &[u16]) -> Program {
    let mut program = Program::new(board, Slot::A);
    let start = program.address(section, 8);
    program.code(section, 0, &[0xf000, 0xf802]); // bl .+8
    program.relocate(section, 0, elf::R_ARM_THM_PC22, if section == DATA { MAIN } else { RAM_FUNCTION });
    program.code(section, 8, thunk);
    program.symbol(name, Some(section), start + 1, 0);
    program
}

/// The entries that come from thunks.
fn listed(program: &Program) -> Result<Vec<Entry>, RelocationError> {
    let table = table(&program.firmware(), None)?;
    Ok(table.iter().filter(|listed| listed.is_thunk).map(|listed| listed.entry).collect())
}

fn halves(word: u32) -> [u16; 2] {
    [word as u16, (word >> 16) as u16]
}

/// `movw ip, movt ip` of a value.
fn move_to_ip(value: u32) -> [u16; 4] {
    let place = |half: u16| [half >> 12 | (half >> 11 & 1) << 10, 0x0c00 | (half >> 8 & 7) << 12 | half & 0xff];
    let ([a, b], [c, d]) = (place(value as u16), place((value >> 16) as u16));
    [0xf240 | a, b, 0xf2c0 | c, d]
}

fn armv6m(target: u32) -> Vec<u16> {
    [&[0xb403, 0x4801, 0x9001, 0xbd01], &halves(target)[..]].concat()
}

pub fn armv7m(target: u32) -> Vec<u16> {
    [&move_to_ip(target), &[0x4760][..]].concat()
}

const ARMV6M: &str = "__Thumbv6MABSLongThunk_main";
const ARMV6M_EXECUTE_ONLY: &str = "__Thumbv6MABSXOLongThunk_main";
const ARMV6M_RELATIVE: &str = "__Thumbv6MPILongThunk_main";
pub const ARMV7M: &str = "__Thumbv7ABSLongThunk_main";
const ARMV7M_RELATIVE: &str = "__ThumbV7PILongThunk_main";

pub const FLASH_SMALL: u32 = 0x7941;
pub const FLASH_LARGE: u32 = 0x0802_0241;
const RAM: u32 = 0x2000_0109;

#[test]
fn thunks_in_ram_that_reach_into_the_image_are_listed() {
    let word = Entry { offset: DATA_OFFSET + 16, kind: Kind::Word };
    assert_eq!(listed(&program(SMALL, DATA, ARMV6M, &armv6m(FLASH_SMALL))).unwrap(), [word]);
    assert_eq!(listed(&program(LARGE, DATA, ARMV6M, &armv6m(FLASH_LARGE))).unwrap(), [word]);
    let half = Entry { offset: DATA_OFFSET + 12, kind: Kind::UpperHalf };
    assert_eq!(listed(&program(LARGE, DATA, ARMV7M, &armv7m(FLASH_LARGE))).unwrap(), [half]);
}

#[test]
fn thunks_in_the_image_that_reach_ram_stay() {
    assert_eq!(listed(&program(SMALL, TEXT, ARMV6M, &armv6m(RAM))).unwrap(), []);
    assert_eq!(listed(&program(LARGE, TEXT, ARMV7M, &armv7m(RAM))).unwrap(), []);
    let execute_only = [0xb403, 0x2020, 0x0200, 0x3000, 0x0200, 0x3001, 0x0200, 0x3009, 0x9001, 0xbd01];
    assert_eq!(listed(&program(SMALL, TEXT, ARMV6M_EXECUTE_ONLY, &execute_only)).unwrap(), []);
}

#[test]
fn thunks_that_cannot_be_rebased_are_refused() {
    let fixed = |program: Program| match listed(&program) {
        Err(RelocationError::ThunkFixed { target, .. }) => target,
        other => panic!("{other:?}"),
    };
    let execute_only = [0xb403, 0x2000, 0x0200, 0x3000, 0x0200, 0x3079, 0x0200, 0x3041, 0x9001, 0xbd01];
    assert_eq!(fixed(program(SMALL, DATA, ARMV6M_EXECUTE_ONLY, &execute_only)), FLASH_SMALL);
    assert_eq!(fixed(program(SMALL, DATA, ARMV7M, &armv7m(FLASH_SMALL))), FLASH_SMALL, "slots 113 KiB apart");
    let relative = |start: u32, target: u32| target.wrapping_sub(start + 12);
    let ram = LARGE.ram.start + 0x108;
    let code = [&move_to_ip(relative(ram, FLASH_LARGE)), &[0x44fc, 0x4760][..]].concat();
    assert_eq!(fixed(program(LARGE, DATA, ARMV7M_RELATIVE, &code)), FLASH_LARGE);
    let head = [0xb401, 0x4802, 0x4684, 0xbc01, 0x44e7, 0x46c0];
    let code = [&head, &halves(relative(ram, FLASH_SMALL))[..]].concat();
    assert_eq!(fixed(program(SMALL, DATA, ARMV6M_RELATIVE, &code)), FLASH_SMALL);
}

#[test]
fn relative_and_short_thunks_are_right_on_their_own_side() {
    let in_flash = [&move_to_ip(0x20), &[0x44fc, 0x4760][..]].concat();
    assert_eq!(listed(&program(LARGE, TEXT, ARMV7M_RELATIVE, &in_flash)).unwrap(), []);
    let in_flash = [0xb401, 0x4802, 0x4684, 0xbc01, 0x44e7, 0x46c0, 0x0020, 0x0000];
    assert_eq!(listed(&program(SMALL, TEXT, ARMV6M_RELATIVE, &in_flash)).unwrap(), []);
    assert_eq!(listed(&program(LARGE, TEXT, ARMV7M, &[0xf000, 0xb804])).unwrap(), [], "b.w");
    assert_eq!(listed(&program(LARGE, DATA, ARMV7M, &[0xf000, 0xb804])).unwrap(), [], "b.w");
}

#[test]
fn a_name_without_the_code_is_refused() {
    let wrong: [(&str, &[u16]); 8] = [
        (ARMV6M, &[0xb403, 0x4802, 0x9001, 0xbd01, 0, 0]),
        (ARMV6M, &armv7m(FLASH_LARGE)),
        (ARMV6M_EXECUTE_ONLY, &armv6m(FLASH_LARGE)),
        (ARMV6M_RELATIVE, &armv6m(FLASH_LARGE)),
        (ARMV7M, &armv6m(FLASH_LARGE)),
        (ARMV7M, &[0xf240, 0x0c00, 0xf2c0, 0x0b00, 0x4760]),
        (ARMV7M, &[0xf000, 0xf804]),
        (ARMV7M_RELATIVE, &armv7m(FLASH_LARGE)),
    ];
    for (name, code) in wrong {
        let error = listed(&program(LARGE, DATA, name, code)).unwrap_err();
        assert!(matches!(error, RelocationError::ThunkShape { .. }), "{name}: {error}");
    }
    // The literal of `ldr r0, [pc, #4]` would not be the word behind the code.
    let mut program = Program::new(SMALL, Slot::A);
    let start = program.address(DATA, 10);
    program.code(DATA, 10, &armv6m(FLASH_SMALL));
    program.symbol(ARMV6M, Some(DATA), start + 1, 0);
    assert!(matches!(listed(&program), Err(RelocationError::ThunkShape { .. })));
}

/// GNU ld's veneers, as binutils 2.40 writes them.
#[test]
fn veneers_that_reach_into_the_image_are_listed() {
    let name = "__main_veneer";
    let armv6m = |target| [&[0xb401, 0x4802, 0x4684, 0xbc01, 0x4760, 0xbf00], &halves(target)[..]].concat();
    let armv7m_word = |target| [&[0xf85f, 0xf000], &halves(target)[..]].concat();
    for (code, entry) in [
        (armv6m(FLASH_LARGE), Entry { offset: DATA_OFFSET + 8 + 12, kind: Kind::Word }),
        (armv7m_word(FLASH_LARGE), Entry { offset: DATA_OFFSET + 8 + 4, kind: Kind::Word }),
        (armv7m(FLASH_LARGE), Entry { offset: DATA_OFFSET + 8 + 4, kind: Kind::UpperHalf }),
    ] {
        assert_eq!(listed(&program(LARGE, DATA, name, &code)).unwrap(), [entry], "{code:x?}");
    }
    let in_ram = Program::new(LARGE, Slot::A).address(DATA, 9);
    for code in [armv6m(in_ram), armv7m_word(in_ram)] {
        assert_eq!(listed(&program(LARGE, TEXT, name, &code)).unwrap(), []);
    }
    let other = listed(&program(LARGE, DATA, name, &[0x4778, 0x46c0, 0xe51f, 0xf004])).unwrap_err();
    assert!(matches!(other, RelocationError::ThunkShape { .. }), "bx pc to Arm code: {other}");
}

#[test]
fn thunks_of_other_kinds_and_linkers_are_refused() {
    let names = [
        "__Thumbv4ABSLongThunk_main",
        "__ARMv7ABSLongThunk_main",
        "__ARMV7PILongThunk_main",
        "__Thumbv9NewThunk_main",
        "__main_from_arm",
        "__main_from_thumb",
    ];
    for name in names {
        let error = listed(&program(LARGE, DATA, name, &armv7m(FLASH_LARGE))).unwrap_err();
        assert!(matches!(error, RelocationError::ThunkUnknown { .. }), "{name}: {error}");
    }
    for name in ["_ZN3app10MyThunk_runE", "Thunk_", "__my_Thunk_of_mine", "veneer"] {
        let mut program = Program::new(LARGE, Slot::A);
        program.symbol(name, Some(TEXT), FLASH_LARGE + 8, 4);
        assert_eq!(listed(&program).unwrap(), [], "{name}");
    }
}

#[test]
fn a_branch_between_image_and_ram_must_go_to_a_thunk_on_its_own_side() {
    let whole = program(LARGE, DATA, ARMV7M, &armv7m(FLASH_LARGE));
    assert!(listed(&whole).is_ok());
    let mut beside = program(LARGE, DATA, ARMV7M, &armv7m(FLASH_LARGE));
    beside.code(DATA, 0, &[0xf000, 0xf803]);
    assert!(matches!(listed(&beside), Err(RelocationError::Crosses(_))));
    // Symbols stripped: nothing says that there is a thunk.
    let mut nameless = program(LARGE, DATA, ARMV7M, &armv7m(FLASH_LARGE));
    nameless.symbols.pop();
    assert!(matches!(listed(&nameless), Err(RelocationError::Crosses(_))));
}

//! Each type of relocation, from and to each kind of section.

use crate::program::*;
use lifeboot_artifact::relocations::{RelocationError, table};
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::{Board, Slot};
use object::elf::{self, RelocationType};

/// The entries behind the reset vector's.
fn entries(program: &Program) -> Result<Vec<Entry>, RelocationError> {
    let table = table(&program.firmware(), None)?;
    assert_eq!(table[0].entry, Entry { offset: 4, kind: Kind::Word });
    Ok(table[1..].iter().map(|listed| listed.entry).collect())
}

fn with(board: &'static Board, section: u32, at: u32, kind: RelocationType, symbol: u32) -> Program {
    let mut program = Program::new(board, Slot::A);
    program.relocate(section, at, kind, symbol);
    program
}

fn message(program: &Program) -> String {
    table(&program.firmware(), None).unwrap_err().to_string()
}

const ALU_ABS: RelocationType = RelocationType(132);

#[test]
fn words_are_listed_where_their_symbol_moves() {
    let word = |offset| vec![Entry { offset, kind: Kind::Word }];
    let kind = elf::R_ARM_ABS32;
    for symbol in [MAIN, CONSTANT, DATA_LOAD] {
        assert_eq!(entries(&with(SMALL, TEXT, 0x20, kind, symbol)).unwrap(), word(TEXT_OFFSET + 0x20));
        assert_eq!(entries(&with(LARGE, RODATA, 2, kind, symbol)).unwrap(), word(RODATA_OFFSET + 2));
        assert_eq!(entries(&with(LARGE, DATA, 0x18, kind, symbol)).unwrap(), word(DATA_OFFSET + 0x18));
    }
    for symbol in [VARIABLE, RAM_FUNCTION, ZEROED, LOG_STRING, UNDEFINED, 0] {
        assert_eq!(entries(&with(LARGE, RODATA, 4, kind, symbol)).unwrap(), []);
    }
}

#[test]
fn absolute_symbols_are_judged_by_value() {
    let payload = SMALL.payload_address(Slot::A);
    let listed = |value| {
        let mut program = Program::new(SMALL, Slot::A);
        let symbol = program.symbol("absolute", None, value, 0);
        program.word(RODATA, 0, symbol);
        entries(&program).map(|entries| entries.len())
    };
    assert_eq!(listed(payload).unwrap(), 1);
    assert_eq!(listed(payload + PAYLOAD_LENGTH).unwrap(), 1, "__sidata, where there is no data");
    assert_eq!(listed(0x2000_4000).unwrap(), 0, "_stack_start");
    assert_eq!(listed(SMALL.slot(Slot::A).start - 1).unwrap(), 0);
    assert_eq!(listed(SMALL.slot(Slot::A).end() + 1).unwrap(), 0);
    for value in [SMALL.slot(Slot::A).start, payload - 1, payload + PAYLOAD_LENGTH + 1, SMALL.slot(Slot::A).end()] {
        assert!(matches!(listed(value), Err(RelocationError::NumberOrAddress(_))), "{value:#x}");
    }
}

#[test]
fn upper_halves_are_listed_and_lower_halves_stay() {
    let mut program = with(LARGE, TEXT, 0x10, elf::R_ARM_THM_MOVW_ABS_NC, CONSTANT);
    program.code(TEXT, 0x10, &[0xf240, 0x2080, 0xf6c0, 0x0002]); // movw r0, #0x280; movt r0, #0x802
    program.relocate(TEXT, 0x14, elf::R_ARM_THM_MOVT_ABS, CONSTANT);
    let upper = Entry { offset: TEXT_OFFSET + 0x14, kind: Kind::UpperHalf };
    assert_eq!(entries(&program).unwrap(), [upper]);
    program.code(TEXT, 0x14, &[0xbf00, 0xbf00]);
    assert!(message(&program).contains("there is no MOVT instruction"), "{}", message(&program));
    for symbol in [VARIABLE, LOG_STRING, UNDEFINED] {
        assert_eq!(entries(&with(LARGE, TEXT, 0x14, elf::R_ARM_THM_MOVT_ABS, symbol)).unwrap(), []);
    }
}

#[test]
fn halves_of_addresses_need_slots_that_are_whole_64_kib_apart() {
    for kind in [elf::R_ARM_THM_MOVW_ABS_NC, elf::R_ARM_THM_MOVT_ABS] {
        let error = table(&with(SMALL, TEXT, 0, kind, CONSTANT).firmware(), None).unwrap_err();
        assert!(matches!(error, RelocationError::Half(_, "microbit")), "{error}");
        assert_eq!(entries(&with(SMALL, TEXT, 0, kind, VARIABLE)).unwrap(), []);
    }
}

#[test]
fn other_forms_of_an_address_in_the_image_are_refused_by_name() {
    let forms = [elf::R_ARM_ABS16, elf::R_ARM_ABS8, elf::R_ARM_MOVW_ABS_NC, elf::R_ARM_MOVT_ABS, ALU_ABS];
    for kind in forms {
        let error = table(&with(LARGE, RODATA, 2, kind, MAIN).firmware(), None).unwrap_err();
        assert!(matches!(error, RelocationError::NotRepresentable(_)), "{error}");
        assert_eq!(entries(&with(LARGE, RODATA, 2, kind, VARIABLE)).unwrap(), []);
        assert_eq!(entries(&with(LARGE, RODATA, 2, kind, LOG_STRING)).unwrap(), []);
    }
    assert_eq!(
        message(&with(LARGE, RODATA, 2, elf::R_ARM_ABS16, MAIN)),
        "R_ARM_ABS16 at 0x08020282 in .rodata refers to `main` (.text, 0x08020241): such an address cannot be rebased"
    );
}

#[test]
fn distances_within_the_image_and_within_ram_are_right_anywhere() {
    let relative = [elf::R_ARM_REL32, elf::R_ARM_PREL31, elf::R_ARM_THM_PC8, elf::R_ARM_THM_MOVW_PREL_NC];
    let branches = [elf::R_ARM_THM_PC22, elf::R_ARM_THM_JUMP24, elf::R_ARM_THM_JUMP19];
    for kind in relative.into_iter().chain(branches) {
        assert_eq!(entries(&with(LARGE, TEXT, 4, kind, MAIN)).unwrap(), []);
        assert_eq!(entries(&with(LARGE, RODATA, 4, kind, DATA_LOAD)).unwrap(), []);
        assert_eq!(entries(&with(LARGE, DATA, 4, kind, RAM_FUNCTION)).unwrap(), []);
        assert_eq!(entries(&with(LARGE, DATA, 4, kind, ZEROED)).unwrap(), []);
    }
}

#[test]
fn distances_between_image_and_ram_are_refused() {
    for kind in [elf::R_ARM_REL32, elf::R_ARM_THM_PC22, elf::R_ARM_THM_JUMP24, elf::R_ARM_THM_PC11] {
        for (section, symbol) in [(TEXT, RAM_FUNCTION), (DATA, MAIN), (DATA, DATA_LOAD), (TEXT, LOG_STRING)] {
            let error = table(&with(LARGE, section, 4, kind, symbol).firmware(), None).unwrap_err();
            assert!(matches!(error, RelocationError::Crosses(_)), "{error}");
        }
    }
}

#[test]
fn a_call_of_an_undefined_weak_function_falls_through() {
    let mut program = with(LARGE, TEXT, 4, elf::R_ARM_THM_PC22, UNDEFINED);
    program.code(TEXT, 4, &[0xf000, 0xf800]);
    assert_eq!(entries(&program).unwrap(), []);
    program.code(TEXT, 4, &[0xf000, 0xf802]);
    assert!(matches!(entries(&program), Err(RelocationError::Crosses(_))));
}

#[test]
fn types_that_write_nothing_pass_and_unknown_ones_do_not() {
    assert_eq!(entries(&with(LARGE, TEXT, 0, elf::R_ARM_NONE, MAIN)).unwrap(), []);
    assert_eq!(entries(&with(LARGE, TEXT, 0, elf::R_ARM_V4BX, 0)).unwrap(), []);
    for kind in [elf::R_ARM_GOT_PREL, elf::R_ARM_TARGET2, elf::R_ARM_SBREL32, RelocationType(200)] {
        for symbol in [MAIN, VARIABLE] {
            let error = table(&with(LARGE, TEXT, 0, kind, symbol).firmware(), None).unwrap_err();
            assert!(matches!(error, RelocationError::UnknownType(_)), "{error}");
        }
    }
}

#[test]
fn relocations_of_sections_that_are_not_loaded_are_ignored() {
    assert_eq!(entries(&with(LARGE, DEFMT, 0, elf::R_ARM_ABS32, MAIN)).unwrap(), []);
    assert_eq!(entries(&with(LARGE, DEFMT, 1, elf::R_ARM_ABS16, MAIN)).unwrap(), []);
}

#[test]
fn places_that_cannot_be_listed_are_refused() {
    let odd = table(&with(LARGE, RODATA, 3, elf::R_ARM_ABS32, MAIN).firmware(), None).unwrap_err();
    assert!(matches!(odd, RelocationError::Unaligned(_)), "{odd}");
    let outside = table(&with(LARGE, BSS, 0, elf::R_ARM_ABS32, MAIN).firmware(), None).unwrap_err();
    assert!(matches!(outside, RelocationError::NotLoaded(_)), "{outside}");
    let at_the_end = table(&with(LARGE, DATA, 0x1e, elf::R_ARM_ABS32, MAIN).firmware(), None).unwrap_err();
    assert!(matches!(at_the_end, RelocationError::NotLoaded(_)), "{at_the_end}");
    let mut overlapping = with(LARGE, RODATA, 0, elf::R_ARM_ABS32, MAIN);
    overlapping.relocate(RODATA, 2, elf::R_ARM_ABS32, MAIN);
    assert!(matches!(entries(&overlapping), Err(RelocationError::Overlap(0x0802_0282))));
}

#[test]
fn entries_are_sorted_and_listed_once() {
    let mut program = with(LARGE, DATA, 0, elf::R_ARM_ABS32, MAIN);
    for at in [8, 4, 8] {
        program.relocate(RODATA, at, elf::R_ARM_ABS32, CONSTANT);
    }
    let offsets: Vec<u32> = entries(&program).unwrap().iter().map(|entry| entry.offset).collect();
    assert_eq!(offsets, [RODATA_OFFSET + 4, RODATA_OFFSET + 8, DATA_OFFSET]);
}

#[test]
fn every_vector_that_points_into_the_image_must_be_listed() {
    let mut program = Program::new(LARGE, Slot::A);
    let handler = program.address(TEXT, 0x11);
    program.put(VECTORS, 4 * 15, &handler.to_le_bytes());
    assert_eq!(message(&program), "vector 15 (0x08020251) points into the image and has no relocation");
    program.relocate(VECTORS, 4 * 15, elf::R_ARM_ABS32, MAIN);
    assert_eq!(entries(&program).unwrap().len(), 1);
    let in_ram = program.address(DATA, 9);
    program.put(VECTORS, 4 * 14, &in_ram.to_le_bytes());
    assert_eq!(entries(&program).unwrap().len(), 1);
}

#[test]
fn files_without_relocations_are_refused() {
    let mut program = Program::new(LARGE, Slot::A);
    program.emit_relocations = false;
    assert!(matches!(table(&program.firmware(), None), Err(RelocationError::Missing)));
    program.emit_relocations = true;
    program.sections[2].name = ".got";
    assert!(matches!(table(&program.firmware(), None), Err(RelocationError::LinkerTable(name)) if name == ".got"));
}

//! The part of an ELF file that is firmware, and its slot.

use crate::program::*;
use lifeboot_artifact::elf::{ElfError, Firmware, board_of, link_inputs};
use lifeboot_core::layout::Region;
use lifeboot_core::{Board, Slot};
use lifeboot_example_boards::STM32F405;
use object::elf;

fn error(program: &Program) -> String {
    Firmware::parse(&program.elf(), program.board).unwrap_err().to_string()
}

#[test]
fn the_payload_is_what_is_loaded_with_gaps_as_erased_flash() {
    let mut program = Program::new(LARGE, Slot::A);
    program.sections[1].bytes.truncate(0x3c);
    program.put(DATA, 0, &[1, 2, 3, 4]);
    let firmware = program.firmware();
    assert_eq!(firmware.slot(), Slot::A);
    assert_eq!(firmware.payload().len(), PAYLOAD_LENGTH as usize);
    assert_eq!(firmware.payload()[0x7a..0x82], [0x00, 0xbf, 0xff, 0xff, 0xff, 0xff, 0, 0]);
    assert_eq!(firmware.payload()[DATA_OFFSET as usize..][..4], [1, 2, 3, 4]);
}

#[test]
fn firmware_for_slot_b_is_recognised() {
    assert_eq!(Program::new(SMALL, Slot::B).firmware().slot(), Slot::B);
    assert_eq!(Program::new(LARGE, Slot::B).firmware().slot(), Slot::B);
}

#[test]
fn initialised_data_lies_at_its_load_address() {
    let firmware = Program::new(SMALL, Slot::A).firmware();
    let ram = firmware.sections()[DATA as usize].address;
    assert_eq!(firmware.payload_offset(DATA as usize, ram + 4), Some(DATA_OFFSET + 4));
    assert_eq!(firmware.payload_offset(DATA as usize, ram + 0x20), None);
    assert_eq!(firmware.payload_offset(BSS as usize, ram + 0x20), None);
    assert_eq!(firmware.payload_offset(DEFMT as usize, 0), None);
    assert_eq!(firmware.place_of(TEXT_OFFSET + 4), "in `main` (.text)");
    assert_eq!(firmware.place_of(DATA_OFFSET + 8), "in `ram_function` (.data)");
    assert_eq!(firmware.place_of(RODATA_OFFSET + 0x10), "in section .rodata");
}

#[test]
fn the_elf_files_own_headers_are_no_firmware() {
    let program = Program::new(SMALL, Slot::A);
    let (bytes, _) = program.elf_with_loaded_headers();
    let firmware = Firmware::parse(&bytes, SMALL).unwrap();
    assert_eq!(firmware.payload(), program.firmware().payload());
    assert_eq!(firmware.sections()[VECTORS as usize].payload_offset, Some(0));
}

#[test]
fn bytes_outside_the_slot_are_refused_by_name() {
    let mut program = Program::new(SMALL, Slot::A);
    program.sections[2].load_address = 0x3_0000;
    assert_eq!(
        error(&program),
        "section .rodata is loaded to 0x00030000..0x00030020, outside slot A (payload: 0x00007900..0x00023c00)"
    );
    let mut program = Program::new(SMALL, Slot::A);
    program.sections[2].load_address = 0x2_3c00 - 0x1f;
    assert!(matches!(
        Firmware::parse(&program.elf(), SMALL),
        Err(ElfError::OutsideSlot { end: 0x2_3c01, last: 0x2_3c00, .. })
    ));
    program.sections[2].load_address = 0x2_3c00 - 0x20;
    assert_eq!(program.firmware().payload().len(), SMALL.capacity() as usize);
}

#[test]
fn the_vector_table_stands_first() {
    let mut program = Program::new(LARGE, Slot::A);
    program.sections.swap(0, 1);
    program.sections[0].load_address = LARGE.payload_address(Slot::A);
    program.sections[1].load_address = LARGE.payload_address(Slot::A) + 0x40;
    assert_eq!(error(&program), "the vector table is loaded to 0x08020240; it must be first, at 0x08020200");

    let mut program = Program::new(LARGE, Slot::A);
    program.put(VECTORS, 0, &0x1000_0000_u32.to_le_bytes());
    assert!(matches!(Firmware::parse(&program.elf(), LARGE), Err(ElfError::Stack(0x1000_0000))));
    program.put(VECTORS, 0, &(LARGE.ram.end() - 4).to_le_bytes());
    assert!(matches!(Firmware::parse(&program.elf(), LARGE), Err(ElfError::Stack(_))));

    let mut program = Program::new(LARGE, Slot::A);
    program.put(VECTORS, 4, &(LARGE.payload_address(Slot::A) + TEXT_OFFSET).to_le_bytes());
    assert!(matches!(Firmware::parse(&program.elf(), LARGE), Err(ElfError::Entry(_))), "Arm code");
    program.put(VECTORS, 4, &(LARGE.payload_address(Slot::B) + 0x41).to_le_bytes());
    assert!(matches!(Firmware::parse(&program.elf(), LARGE), Err(ElfError::Entry(_))), "outside");
}

#[test]
fn firmware_of_another_board_is_told_so() {
    let mut program = Program::new(LARGE, Slot::A);
    let refused = |program: &Program| Firmware::parse(&program.elf(), SMALL).unwrap_err().to_string();
    assert_eq!(board_of(&program.elf()).unwrap(), Some(LARGE));
    assert_eq!(refused(&program), "the firmware is for board stm32f405, not for board microbit");
    program.nameless();
    assert_eq!(board_of(&program.elf()).unwrap(), None);
    assert_eq!(refused(&program), "the firmware starts at 0x08020200, and board microbit wants it at 0x00007900");
    assert!(Firmware::parse(&program.elf(), LARGE).is_ok(), "the user says which board");
}

/// A board that no source of Lifeboot names, whose slot A happens to start where another board's does.
static FOREIGN: Board = STM32F405
    .with_name("acme-press")
    .with_slots([Region { start: 128 << 10, length: 128 << 10 }, Region { start: 256 << 10, length: 128 << 10 }])
    .with_flash_length(512 << 10);

#[test]
fn firmware_brings_its_board_and_its_map() {
    FOREIGN.check();
    let foreign = Program::new(&FOREIGN, Slot::A);
    let board = board_of(&foreign.elf()).unwrap().unwrap();
    assert_eq!(board, &FOREIGN);
    assert!(Firmware::parse(&foreign.elf(), board).is_ok());
    // The same name with another map is another board.
    let other: &'static Board = Box::leak(Box::new(STM32F405.with_name("acme-press")));
    let error = Firmware::parse(&foreign.elf(), other).unwrap_err();
    assert_eq!(error.to_string(), "the firmware was linked for another flash map of board acme-press");

    let mut two = Program::new(LARGE, Slot::A);
    two.symbol("__lifeboot_board_microbit", None, 0, 0);
    let error = board_of(&two.elf()).unwrap_err().to_string();
    assert_eq!(error, "the firmware names two boards, \"stm32f405\" and \"microbit\"");
    let mut less = Program::new(LARGE, Slot::A);
    less.symbols.retain(|symbol| symbol.0 != "__lifeboot_map_11");
    let error = board_of(&less.elf()).unwrap_err().to_string();
    assert_eq!(error, "the firmware is for board \"stm32f405\", and does not hold its whole flash map");
    let mut wrong = Program::new(LARGE, Slot::A);
    let slot_b = wrong.symbols.iter_mut().find(|symbol| symbol.0 == "__lifeboot_map_08").unwrap();
    slot_b.2 = 256 << 10;
    let error = board_of(&wrong.elf()).unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(why, "the flash map of board \"stm32f405\" contradicts itself: the slots overlap");
}

#[test]
fn other_files_are_refused() {
    let parse = |bytes: &[u8]| Firmware::parse(bytes, LARGE);
    assert!(matches!(parse(b""), Err(ElfError::NotElf)));
    assert!(matches!(parse(b"LBIM"), Err(ElfError::NotElf)));
    assert!(matches!(parse(b"\x7fELF"), Err(ElfError::NotArm)));
    let mut program = Program::new(LARGE, Slot::A);
    program.machine = elf::EM_386;
    assert!(matches!(parse(&program.elf()), Err(ElfError::NotArm)));
    program.machine = elf::EM_ARM;
    program.file_type = elf::ET_REL;
    assert!(matches!(parse(&program.elf()), Err(ElfError::NotArm)));
    program.file_type = elf::ET_EXEC;
    program.sections.clear();
    program.symbols.clear();
    program.relocations.clear();
    assert!(matches!(parse(&program.elf()), Err(ElfError::Empty)));
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let whole = Program::new(LARGE, Slot::A).elf();
    for length in 0..whole.len() {
        assert!(Firmware::parse(&whole[..length], LARGE).is_err(), "cut to {length} bytes");
    }
    for index in 0..whole.len() {
        for value in [0x00, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[index] = value;
            let _ =
                Firmware::parse(&bytes, LARGE).map(|firmware| lifeboot_artifact::relocations::table(&firmware, None));
        }
    }
}

#[test]
fn code_may_change_without_a_change_of_what_it_is_linked_with() {
    let inputs = |change: fn(&mut Program)| {
        let mut program = Program::new(LARGE, Slot::A);
        change(&mut program);
        link_inputs(&program.elf()).unwrap()
    };
    let first = inputs(|_| ());
    let moved = inputs(|program| {
        program.sections[2].bytes.extend([1; 8]);
        program.put(TEXT, 0, &[1, 2, 3, 4]);
        program.word(VECTORS, 8, MAIN);
        program.symbols[MAIN as usize - 1].2 += 4;
    });
    assert_eq!(first, moved);
    let changes: [fn(&mut Program); 3] = [
        |program| program.relocate(VECTORS, 8, elf::R_ARM_REL32, MAIN),
        |program| program.sections[2].name = ".constants",
        |program| {
            program.symbol("_image_size", None, 0x100, 0);
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert_ne!(first, inputs(change), "change {index}");
    }
}

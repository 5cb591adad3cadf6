//! Firmware whose records leave open what moves with the slot: refused, never guessed. The relinked program decides it.

use crate::program::*;
use lifeboot_artifact::elf::{ElfError, Firmware};
use lifeboot_artifact::relocations::{RelocationError, table};
use lifeboot_artifact::sign::Program as Signable;
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::{Board, Slot};
use object::elf;

fn refused(program: &Program) -> RelocationError {
    table(&program.firmware(), None).unwrap_err()
}

/// Number of entries behind the reset vector's.
fn listed(program: &Program) -> Result<usize, RelocationError> {
    table(&program.firmware(), None).map(|table| table.len() - 1)
}

/// A word in `.rodata` with the value of a symbol in this section.
fn with_symbol(board: &'static Board, slot: Slot, section: Option<u32>, value: u32) -> Program {
    let mut program = Program::new(board, slot);
    let symbol = program.symbol("made_by_the_script", section, value, 0);
    program.word(RODATA, 8, symbol);
    program
}

/// GNU ld gives `__edata`, and any linker a number made from two addresses, the section that comes before.
#[test]
fn a_symbols_section_counts_only_where_its_value_lies_in_it() {
    for board in [SMALL, LARGE] {
        let rodata = Program::new(board, Slot::A).address(RODATA, 0);
        for inside in [rodata, rodata + 1, rodata + 0x20] {
            assert_eq!(listed(&with_symbol(board, Slot::A, Some(RODATA), inside)).unwrap(), 1, "{inside:#x}");
        }
        for in_ram in [board.ram.start + 0x40, board.ram.end()] {
            assert_eq!(listed(&with_symbol(board, Slot::A, Some(RODATA), in_ram)).unwrap(), 0, "{in_ram:#x}");
        }
        let image_size = 0x4440;
        for number in [image_size, rodata - 1, rodata + 0x22] {
            let error = refused(&with_symbol(board, Slot::A, Some(RODATA), number));
            assert!(matches!(error, RelocationError::NumberOrAddress(_)), "{number:#x}: {error}");
        }
    }
}

/// defmt's strings are counted from 0, and on a board with flash low in the address space there may be that many of them.
#[test]
fn a_symbol_of_no_part_of_the_program_is_a_number_only_where_it_lies_in_its_section() {
    for board in [SMALL, LARGE] {
        let rodata = Program::new(board, Slot::A).address(RODATA, 0);
        let with = |start: u32, length: u32, value: u32| {
            let mut program = with_symbol(board, Slot::A, Some(DEFMT), value);
            let section = &mut program.sections[DEFMT as usize - 1];
            (section.address, section.bytes, section.zeroed) = (start, Vec::new(), length);
            program
        };
        assert_eq!(listed(&with(0, 8, 5)).unwrap(), 0);
        assert_eq!(listed(&with(0, rodata + 1, rodata)).unwrap(), 0);
        for unclear in
            [with(0, 8, rodata), with(rodata - 4, 8, rodata), with(board.payload_address(Slot::A), 8, rodata)]
        {
            let error = refused(&unclear);
            assert!(matches!(error, RelocationError::NumberOrAddress(_)), "{error}");
        }
        // Nor is a symbol without a definition anything in the image.
        let mut undefined = Program::new(board, Slot::A);
        undefined.symbols[UNDEFINED as usize - 1].2 = rodata;
        undefined.word(RODATA, 8, UNDEFINED);
        assert!(matches!(refused(&undefined), RelocationError::NumberOrAddress(_)));
    }
}

/// `SIZEOF(.text)`, `ORIGIN(FLASH) >> 4`: numbers that happen to lie in the payload.
#[test]
fn a_number_that_looks_like_an_address_is_none() {
    let rodata = Program::new(LARGE, Slot::A).address(RODATA, 0);
    for number in [rodata + 2, rodata + 0x1e] {
        let error = refused(&with_symbol(LARGE, Slot::A, None, number));
        assert!(matches!(error, RelocationError::NumberOrAddress(_)), "{number:#x}: {error}");
    }
    // Unless it is where another symbol says that something lies.
    let mut alias = with_symbol(LARGE, Slot::A, None, rodata + 2);
    alias.symbol("object", Some(RODATA), rodata + 2, 1);
    assert_eq!(listed(&alias).unwrap(), 1);
}

#[test]
fn the_relinked_program_decides() {
    let distance = LARGE.distance(Slot::A, Slot::B);
    let rodata = Program::new(LARGE, Slot::A).address(RODATA, 0);
    let proved = |[a, b]: [u32; 2]| {
        let [a, b] = [(Slot::A, a), (Slot::B, b)].map(|(slot, value)| with_symbol(LARGE, slot, None, value).elf());
        Signable::read_and_prove(&a, LARGE, &b).map(|program| program.table().len() - 1)
    };
    assert_eq!(proved([rodata + 2, rodata + 2]).unwrap(), 0, "a number");
    assert_eq!(proved([rodata + 2, (rodata + 2).wrapping_add(distance)]).unwrap(), 1, "an address");
    // `ORIGIN(FLASH) >> 1`: neither. The comparison finds it even where it looks like nothing at all.
    assert!(proved([rodata + 2, rodata + 4]).is_err());
    assert!(proved([0x70, 0x80]).is_err());
}

#[test]
fn target1_is_what_the_word_shows() {
    let with = |word: u32| {
        let mut program = Program::new(LARGE, Slot::A);
        program.put(RODATA, 8, &word.to_le_bytes());
        program.relocate(RODATA, 8, elf::R_ARM_TARGET1, MAIN);
        program
    };
    let program = Program::new(LARGE, Slot::A);
    let (main, place) = (program.address(TEXT, 1), program.address(RODATA, 8));
    let entry = |program: &Program| table(&program.firmware(), None).unwrap()[1..].to_vec();
    assert_eq!(entry(&with(main))[0].entry, Entry { offset: RODATA_OFFSET + 8, kind: Kind::Word });
    assert_eq!(entry(&with(main.wrapping_sub(place))), [], "--target1-rel");
    assert!(matches!(refused(&with(0)), RelocationError::AddressOrDistance(_)));
}

#[test]
fn relocations_that_are_not_read_are_missed() {
    let mut named = Program::new(LARGE, Slot::A);
    named.unread = Some((".rel.rodata", elf::SHT_PROGBITS, RODATA));
    assert!(matches!(refused(&named), RelocationError::Unread(name) if name == ".rel.rodata"));
    let mut crel = Program::new(LARGE, Slot::A);
    crel.unread = Some((".crel.text", elf::SectionType(0x4000_0014), TEXT));
    assert!(matches!(refused(&crel), RelocationError::Unread(name) if name == ".crel.text"));
    // Without any that is read, too.
    crel.emit_relocations = false;
    assert!(matches!(refused(&crel), RelocationError::Unread(_)));
    // Debug sections may be compressed, or have them in any form.
    let mut debug = Program::new(LARGE, Slot::A);
    debug.unread = Some((".rel.defmt", elf::SHT_PROGBITS, DEFMT));
    assert!(listed(&debug).is_ok());
}

/// `objcopy --remove-section=.rel.rodata`
#[test]
fn relocations_that_were_removed_are_missed() {
    let mut program = Program::new(LARGE, Slot::A);
    program.word(RODATA, 8, MAIN);
    assert_eq!(listed(&program).unwrap(), 1);
    program.relocations.retain(|(section, ..)| *section != RODATA);
    let place = program.address(RODATA, 8);
    assert!(matches!(refused(&program), RelocationError::Unrecorded { address, .. } if address == place));
    // Low in the address space it may be any number, and nothing tells.
    let mut low = Program::new(SMALL, Slot::A);
    let main = low.address(TEXT, 1);
    for word in [main, main + 2] {
        low.put(RODATA, 8, &word.to_le_bytes());
        assert!(matches!(refused(&low), RelocationError::Unrecorded { value, .. } if value == word));
    }
    low.put(RODATA, 8, &(main + 0x1000).to_le_bytes());
    assert_eq!(listed(&low).unwrap(), 0, "behind the image");
    // A number that the relinked program has as well.
    let mut twin = Program::new(LARGE, Slot::B);
    let number = program.address(TEXT, 1);
    twin.put(RODATA, 8, &number.to_le_bytes());
    assert!(Signable::read_and_prove(&program.elf(), LARGE, &twin.elf()).unwrap().is_proved());
}

/// `objcopy --remove-relocations`, or what else leaves a section of relocations with nothing or not all in it.
#[test]
fn relocations_that_are_not_all_there_are_missed() {
    for board in [SMALL, LARGE] {
        let mut program = Program::new(board, Slot::A);
        program.word(RODATA, 0, MAIN);
        program.word(RODATA, 8, MAIN);
        assert_eq!(listed(&program).unwrap(), 2);
        program.relocations.pop();
        let place = program.address(RODATA, 8);
        if board == LARGE {
            assert!(matches!(refused(&program), RelocationError::Unrecorded { address, .. } if address == place));
        } else {
            // Low in the address space it may be a number; what the relinked program says decides.
            assert_eq!(listed(&program).unwrap(), 1);
            let mut moved = Program::new(board, Slot::B);
            moved.word(RODATA, 0, MAIN);
            moved.word(RODATA, 8, MAIN);
            assert!(Signable::read_and_prove(&program.elf(), board, &moved.elf()).is_err());
        }
        // Empty sections of relocations.
        program.empty_records = true;
        assert!(matches!(refused(&program), RelocationError::Missing));
        // What the relinked program has as well is a number.
        let mut twin = Program::new(board, Slot::B);
        twin.word(RODATA, 0, MAIN);
        twin.put(RODATA, 8, &program.address(TEXT, 1).to_le_bytes());
        program.empty_records = false;
        assert!(Signable::read_and_prove(&program.elf(), board, &twin.elf()).unwrap().is_proved());
    }
}

#[test]
fn an_alignment_that_slot_b_does_not_keep_is_refused() {
    let with = |board, section: u32, alignment| {
        let mut program = Program::new(board, Slot::A);
        program.sections[section as usize - 1].alignment = alignment;
        program
    };
    for (board, largest) in [(SMALL, 1024), (LARGE, 0x2_0000)] {
        for alignment in [0, 1, 4, largest] {
            assert!(listed(&with(board, RODATA, alignment)).is_ok(), "{alignment}");
        }
        let named = refused(&with(board, RODATA, 2 * largest));
        assert!(matches!(named, RelocationError::Alignment { largest: named, .. } if named == largest), "{named}");
        assert!(listed(&with(board, DATA, 2 * largest)).is_ok(), "RAM stays where it is");
    }
}

#[test]
fn unwind_tables_of_functions_in_ram_are_refused() {
    let with = |target: u32, second: u32| {
        let mut program = Program::new(LARGE, Slot::A);
        program.sections[RODATA as usize - 1].name = ".ARM.exidx";
        let distance = target.wrapping_sub(program.address(RODATA, 0)) & 0x7fff_ffff;
        program.put(RODATA, 0, &distance.to_le_bytes());
        program.put(RODATA, 4, &second.to_le_bytes());
        for at in (8..0x20).step_by(8) {
            let own = program.address(TEXT, 0).wrapping_sub(program.address(RODATA, at)) & 0x7fff_ffff;
            program.put(RODATA, at, &own.to_le_bytes());
            program.put(RODATA, at + 4, &1_u32.to_le_bytes());
        }
        program
    };
    let program = Program::new(LARGE, Slot::A);
    let (function, in_ram) = (program.address(TEXT, 0), program.address(DATA, 8));
    for second in [1, 0x80b0_b0b0] {
        assert_eq!(listed(&with(function, second)).unwrap(), 0);
        assert!(matches!(refused(&with(in_ram, second)), RelocationError::Unwind { target, .. } if target == in_ram));
    }
    let mut frames = Program::new(LARGE, Slot::A);
    frames.sections[RODATA as usize - 1].name = ".eh_frame";
    assert!(listed(&frames).is_ok(), "zeros end an empty table");
    frames.put(RODATA, 0, &[1]);
    assert!(matches!(refused(&frames), RelocationError::LinkerTable(name) if name == ".eh_frame"));
}

#[test]
fn what_gnu_ld_makes_of_a_call_of_nothing_is_accepted() {
    for halves in [[0xf3af, 0x8000], [0xe000, 0xbf00]] {
        for symbol in [UNDEFINED, MAIN] {
            let mut program = Program::new(LARGE, Slot::A);
            program.code(TEXT, 4, &halves);
            program.relocate(TEXT, 4, elf::R_ARM_THM_PC22, symbol);
            assert_eq!(listed(&program).unwrap(), 0);
        }
        // But not as a call of something.
        let mut program = Program::new(LARGE, Slot::A);
        program.code(TEXT, 4, &halves);
        program.relocate(TEXT, 4, elf::R_ARM_THM_PC22, RAM_FUNCTION);
        assert!(matches!(refused(&program), RelocationError::Crosses(_)));
    }
}

#[test]
fn bytes_that_are_loaded_twice_or_not_at_all_are_refused() {
    let parse = |program: &Program| Firmware::parse(&program.elf(), LARGE).unwrap_err();
    let mut overlapping = Program::new(LARGE, Slot::A);
    overlapping.sections[DATA as usize - 1].load_address = overlapping.address(TEXT, 0x10);
    assert!(matches!(parse(&overlapping), ElfError::Overlap { .. }));
    let mut left_out = Program::new(LARGE, Slot::A);
    left_out.sections[RODATA as usize - 1].loaded = false;
    assert!(matches!(parse(&left_out), ElfError::InNoSegment(name) if name == ".rodata"));
}

/// `objcopy --add-section` and a segment over it: the section would be missing in the image.
#[test]
fn what_a_segment_loads_of_no_part_of_the_program_is_refused() {
    let parse = |bytes: &[u8]| Firmware::parse(bytes, LARGE).unwrap_err();
    let mut unmarked = Program::new(LARGE, Slot::A);
    unmarked.sections[RODATA as usize - 1].allocated = false;
    unmarked.sections[RODATA as usize - 1].segment = Some(true);
    assert!(matches!(parse(&unmarked.elf()), ElfError::NotAllocated(name) if name == ".rodata"));
    // The first segment begins with the file's own headers, and nothing else that is lost.
    let mut program = Program::new(LARGE, Slot::A);
    program.gap = 16;
    let (mut bytes, first) = program.elf_with_loaded_headers();
    assert!(Firmware::parse(&bytes, LARGE).is_ok());
    bytes[first - 1] = 1;
    let address = program.address(VECTORS, 0) - first as u32;
    assert!(matches!(parse(&bytes), ElfError::NoSection(at) if at == address));
}

#[test]
fn ram_that_is_not_the_firmwares_is_refused() {
    for board in [SMALL, LARGE] {
        let parse = |section: u32, address: u32, length: u32| {
            let mut program = Program::new(board, Slot::A);
            let moved = &mut program.sections[section as usize - 1];
            moved.address = address;
            if section == BSS {
                moved.zeroed = length
            } else {
                moved.bytes.resize(length as usize, 0)
            }
            Firmware::parse(&program.elf(), board)
        };
        let (start, end) = (board.ram.start, board.ram.end());
        for section in [DATA, BSS] {
            for (address, length) in [(start, 4), (start + 60, 0x20), (start - 4, 8), (start - 4, 0x100)] {
                let error = parse(section, address, length).unwrap_err();
                assert!(matches!(error, ElfError::InHandover { .. }), "{address:#x}: {error}");
            }
            for (address, length) in [(end - 4, 8), (end - 0x20, 0x24)] {
                let error = parse(section, address, length).unwrap_err();
                assert!(matches!(error, ElfError::OutsideRam { .. }), "{address:#x}: {error}");
            }
            // Behind it may be memory of the chip that no board's file names.
            for (address, length) in [(start + 64, 0x20), (end - 0x20, 0x20), (end, 0x20), (0x1000_0000, 0x20)] {
                assert!(parse(section, address, length).is_ok(), "{address:#x}");
            }
        }
    }
}

//! ELF files: `sign` refuses any ELF file, damaged or not, or makes an image that verifies in the slots that it names.

// The writer of ELF files that the host tool's own tests use; only a part of it is needed here.
#[expect(dead_code, reason = "the host tool's tests need more of it")]
#[path = "../../../host-tool/tests/host/program.rs"]
pub mod program;

use super::check;
use super::choices::Choices;
use crate::signed_image::{info, key};
use ed25519_dalek::Signer;
use lifeboot_artifact::image_file::{ImageFile, Release};
use lifeboot_artifact::sign;
use lifeboot_core::KeyIds;
use lifeboot_core::image::Trust;
use lifeboot_core::info::key_id;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Record;
use lifeboot_core::verify::verify;
use lifeboot_core::{Slot, Version};
use lifeboot_tests::simulated_flash::SimulatedFlash;
use object::elf::{self, RelocationType};
use program::{DATA, LARGE, Program, SMALL, VECTORS};
use std::time::{Duration, Instant};

/// Far more than a program of some hundred bytes takes in any build: longer counts as hanging.
const HANG: Duration = Duration::from_secs(5);

const RELEASE: Release = Release {
    version: Version { major: 1, minor: 0, patch: 0, build: 0 },
    epoch: 0,
    lowest_bootloader: 1,
    schemas: (0, 0),
    revokes: KeyIds::NONE,
};

/// Sections: those of the program, the tables behind them, and none.
const SECTIONS: usize = 6;
const SYMBOLS: usize = 8;

const KINDS: [RelocationType; 12] = [
    elf::R_ARM_ABS32,
    elf::R_ARM_TARGET1,
    elf::R_ARM_THM_MOVT_ABS,
    elf::R_ARM_THM_MOVW_ABS_NC,
    elf::R_ARM_THM_PC22,
    elf::R_ARM_THM_JUMP24,
    elf::R_ARM_REL32,
    elf::R_ARM_PREL31,
    elf::R_ARM_ABS16,
    elf::R_ARM_THM_ABS5,
    elf::R_ARM_NONE,
    elf::R_ARM_V4BX,
];

const NAMES: [&str; 8] = [
    "__Thumbv6MABSLongThunk_main",
    "__Thumbv6MABSXOLongThunk_main",
    "__Thumbv6MPILongThunk_main",
    "__Thumbv7ABSLongThunk_main",
    "__ThumbV7PILongThunk_main",
    "__main_veneer",
    "__NewThunk_main",
    "main2",
];

#[test]
fn elf_files() {
    // Whole programs for both boards and slots, with their relocations and without.
    for (board, slot, bound, signed) in [(0, 0, 1, true), (1, 0, 1, true), (0, 1, 0, true), (1, 1, 1, false)] {
        assert_eq!(property(&[1, board, slot, bound]), signed);
    }
    assert!(!property(&[0, 0x7f, b'E', b'L', b'F', 1, 1, 1]) && !property(&[0]));
    check!(400, property);
}

/// Returns whether the file was signed.
pub fn property(input: &[u8]) -> bool {
    let mut choices = Choices::new(input);
    let arbitrary = choices.below(8) == 0;
    let board = if choices.chance() { LARGE } else { SMALL };
    let slot = if choices.byte() % 4 == 1 { Slot::B } else { Slot::A };
    let bound = choices.below(4) == 0;
    let bytes = if arbitrary { choices.rest().to_vec() } else { file(board, slot, &mut choices) };
    signs(&bytes, board, bound)
}

/// Signs these bytes. If that succeeds, the image must verify in every slot that it runs in.
pub fn signs(bytes: &[u8], board: &'static Board, bound: bool) -> bool {
    let started = Instant::now();
    let image = signed(bytes, board, bound);
    assert!(started.elapsed() < HANG, "it hangs");
    let Some(image) = image else { return false };
    let read = ImageFile::from_bytes(&image.to_bytes()).expect("what was signed is an image file");
    assert_eq!(read.to_bytes(), image.to_bytes());
    assert_eq!(
        image.is_bound(),
        bound,
        "an image without relocations runs in one slot only, and nobody asked for that"
    );
    let info = info().for_board(board);
    for slot in Slot::BOTH {
        match image.for_slot(board, slot) {
            Ok(content) => {
                let mut flash = SimulatedFlash::new(board);
                flash.put(board.slot(slot).start, &content);
                let trust = Trust { board, info: &info, record: &Record::FACTORY };
                let verdict = verify(&mut flash, &trust, slot);
                assert!(verdict.is_ok(), "signed, and refused in slot {slot}: {verdict:?}, {:?}", image.entries());
            }
            Err(_) => assert!(bound && slot != image.linked_for(), "it runs in either slot"),
        }
    }
    true
}

/// As `lifeboot_artifact::sign::sign`, with a key that is in no file.
fn signed(bytes: &[u8], board: &'static Board, bound: bool) -> Option<ImageFile> {
    let program = sign::Program::read(bytes, board, bound).ok()?;
    // Never the same program linked for the other slot: only the error matters.
    assert!(sign::Program::read_and_prove(bytes, board, bytes).is_err());
    program.table().iter().for_each(|listed| assert!(!program.firmware().place_of(listed.entry.offset).is_empty()));
    let image = program.image(RELEASE, key_id(key(1).verifying_key().as_bytes())).ok()?;
    let signature = key(1).sign(&image.bytes_to_sign()).to_bytes();
    image.with_signature(signature).ok()
}

/// A program with changes that a linker might have made, and some that it would not; the file then damaged, perhaps.
fn file(board: &'static Board, slot: Slot, choices: &mut Choices) -> Vec<u8> {
    let mut program = Program::new(board, slot);
    for _ in 0..choices.below(8) {
        change(&mut program, choices);
    }
    let mut bytes = program.elf();
    for _ in 0..choices.below(5) {
        choices.mutate(&mut bytes);
    }
    bytes
}

fn change(program: &mut Program, choices: &mut Choices) {
    let number = choices.below(SECTIONS);
    let length = program.sections[number].bytes.len();
    let at = choices.below(length + 4);
    let section = number as u32 + 1;
    match choices.byte() % 9 {
        // A place with the value that its relocation says.
        0 | 1 if at + 4 <= length => program.word(section, at as u32, 1 + choices.below(SYMBOLS) as u32),
        0..=2 => {
            let kind =
                if choices.byte() % 8 == 7 { RelocationType(choices.word() & 0xff) } else { choices.one_of(&KINDS) };
            program.relocate(section, at as u32, kind, 1 + choices.below(SYMBOLS + 2) as u32);
        }
        3 => choices.mutate(&mut program.sections[number].bytes),
        4 => {
            let value = choices.edge(program.address(section, at as u32));
            let name = choices.one_of(&NAMES);
            program.symbol(name, (choices.byte() % 4 != 3).then_some(section), value, choices.edge(8));
        }
        5 => {
            let code = choices.one_of::<&[u16]>(&[
                &[0xb403, 0x4801, 0x9001, 0xbd01],
                &[0xb401, 0x4802, 0x4684, 0xbc01, 0x44e7, 0x46c0],
                &[0xf240, 0x0c41, 0xf6c0, 0x0c02, 0x4760],
                &[0xf000, 0xb800],
            ]);
            if at + 2 * code.len() <= length {
                program.code(section, at as u32, code);
                let (name, value) = (choices.one_of(&NAMES), program.address(section, at as u32 | 1));
                program.symbol(name, Some(section), value, 0);
            }
        }
        6 => {
            let section = &mut program.sections[number];
            // The writer adds to it; nearer to the end, only the damage to the file comes.
            let address = choices.edge(section.address).min(0xffff_f000);
            match choices.byte() % 4 {
                0 => section.address = address,
                1 => section.load_address = choices.edge(section.load_address),
                2 => section.allocated = !section.allocated,
                _ => section.bytes.resize(length + choices.below(9), 0xaa),
            }
        }
        7 => program.emit_relocations = choices.below(4) != 0,
        // What the verifier requires: stack pointer and entry point.
        _ => {
            let at = choices.below(8) as u32;
            let limits = [program.board.ram.start, program.board.ram.end(), program.address(DATA, 0)];
            let around = choices.one_of(&limits);
            match choices.byte() % 4 {
                0 | 1 if program.sections[0].bytes.len() >= 8 => {
                    program.put(VECTORS, at & 4, &choices.edge(around).to_le_bytes())
                }
                2 => program.relocate(VECTORS, at, choices.one_of(&KINDS), 1 + choices.below(SYMBOLS) as u32),
                _ => program.relocations.retain(|place| place.1 != program.board.payload_address(Slot::A) + at),
            }
        }
    }
}

//! Which bootloader and image make a first flash, and why others do not.

use crate::images::{RELEASE, new_key, rich};
use crate::program::*;
use lifeboot_artifact::bootloader_file::{Bootloader, BootloaderError};
use lifeboot_artifact::elf::ElfError;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::{ImageError, ImageFile, Release, UnsignedImage};
use lifeboot_artifact::keys::PrivateKey;
use lifeboot_artifact::provision::{FirstFlash, ProvisionError};
use lifeboot_artifact::sign::{Options, sign};
use lifeboot_core::{Board, Slot};
use lifeboot_example_boards::BOARDS;

pub fn bootloader(board: &'static Board, key: &PrivateKey) -> Bootloader {
    Bootloader::from_elf(&Program::bootloader(board, &[key.public().to_bytes()], false).elf()).unwrap()
}

pub fn image(board: &'static Board, key: &PrivateKey) -> ImageFile {
    sign(&rich(board, Slot::A).elf(), &Options { board, release: RELEASE, bound: false }, key).unwrap()
}

pub fn first_flash(board: &'static Board) -> FirstFlash {
    let key = new_key();
    FirstFlash::new(bootloader(board, &key), image(board, &key)).unwrap()
}

fn bootloader_error(program: &Program) -> String {
    Bootloader::from_elf(&program.elf()).unwrap_err().to_string()
}

#[test]
fn a_board_gets_bootloader_blank_journal_and_firmware() {
    for board in BOARDS {
        let key = new_key();
        let (bootloader, image) = (bootloader(board, &key), image(board, &key));
        let content = FirstFlash::new(bootloader, image.clone()).unwrap().content();
        assert_eq!(content.len(), board.flash_length as usize);
        let mut expected = vec![0xff; content.len()];
        let mut put = |at: u32, bytes: &[u8]| expected[at as usize..][..bytes.len()].copy_from_slice(bytes);
        for section in Program::bootloader(board, &[key.public().to_bytes()], false).sections {
            put(section.address - board.flash_address, &section.bytes);
        }
        put(board.slot(Slot::A).start, &image.image_bytes());
        assert!(content == expected, "{}", board.name);
    }
}

#[test]
fn an_old_journal_and_the_start_of_an_old_slot_b_are_overwritten() {
    for board in BOARDS {
        let parts = first_flash(board).parts();
        let is_blank = |start: u32, length: u32| {
            (board.address(start)..board.address(start + length)).all(|address| {
                let part = parts.iter().find(|(_, run)| (run.address..run.end()).contains(&address));
                part.is_some_and(|(_, run)| run.bytes[(address - run.address) as usize] == 0xff)
            })
        };
        assert!(is_blank(board.journal.start, board.journal.length));
        assert!(is_blank(board.slot(Slot::B).start, board.header_length + 256));
        assert!(!is_blank(board.slot(Slot::A).start, 1));
    }
}

#[test]
fn the_bootloader_says_what_it_is_for() {
    let (key, second) = (new_key().public(), new_key().public());
    let program = Program::bootloader(LARGE, &[key.to_bytes(), second.to_bytes()], true);
    let bootloader = Bootloader::from_elf(&program.elf()).unwrap();
    assert_eq!(bootloader.board().name, LARGE.name);
    assert!(bootloader.info().demo_key());
    assert_eq!(bootloader.key_ids(), format!("{}, {}", hex(&key.id()), hex(&second.id())));
    assert_eq!(bootloader.entry(), 0x0800_0041);
}

#[test]
fn another_program_is_no_bootloader() {
    assert!(matches!(Bootloader::from_elf(&rich(LARGE, Slot::A).elf()), Err(BootloaderError::NoInfo)));
    let exchanged = Bootloader::from_elf(b"LBIM");
    assert!(matches!(exchanged, Err(BootloaderError::Elf(ElfError::NotElf))));
    // Any name will do, and any map that fits itself.
    let mut program = Program::bootloader(LARGE, &[[1; 32]], false);
    program.sections[2].bytes[0x10..0x19].copy_from_slice(b"stm32h743");
    assert_eq!(Bootloader::from_elf(&program.elf()).unwrap().board().name, "stm32h743");
    let slot_b = 0xa0 + 0x20;
    program.sections[2].bytes[slot_b + 1] ^= 1;
    assert_eq!(bootloader_error(&program), "the bootloader holds no flash map that can be used");
    let mut program = Program::bootloader(LARGE, &[[1; 32]], false);
    program.sections[2].load_address -= 0x1000;
    assert_eq!(bootloader_error(&program), "the bootloader for board stm32f405 is not where its flash map says");
}

#[test]
fn a_bootloader_fits_its_region() {
    let mut program = Program::bootloader(SMALL, &[[1; 32]], false);
    program.sections[1].load_address = SMALL.bootloader.end() - 1;
    assert_eq!(
        bootloader_error(&program),
        "the bootloader is loaded to 0x00006fff..0x00007041, outside its region on board microbit \
         (0x00000000..0x00007000)"
    );
    let mut program = Program::bootloader(LARGE, &[[1; 32]], false);
    program.sections[1].load_address = LARGE.flash_address - 0x100;
    assert!(bootloader_error(&program).contains("is loaded to 0x07ffff00..0x07ffff42"));
}

#[test]
fn initialised_data_of_a_bootloader_lies_at_its_load_address() {
    let mut program = Program::bootloader(LARGE, &[[1; 32]], false);
    program.sections[1].address = LARGE.ram.start + 0x100;
    let bootloader = Bootloader::from_elf(&program.elf()).unwrap();
    assert_eq!(bootloader.bytes()[0x40..0x44], [0x00, 0xbf, 0x00, 0xbf]);
}

#[test]
fn bootloader_and_image_belong_together() {
    let (key, other) = (new_key(), new_key());
    let new = |bootloader: Bootloader, image| FirstFlash::new(bootloader, image).unwrap_err();
    assert_eq!(
        new(bootloader(SMALL, &key), image(LARGE, &key)).to_string(),
        "the bootloader is for board microbit, the image for board stm32f405"
    );
    assert_eq!(
        new(bootloader(SMALL, &key), image(SMALL, &other)).to_string(),
        format!(
            "the bootloader does not trust the key that signed the image, {}; it trusts {}",
            hex(&other.public().id()),
            hex(&key.public().id())
        )
    );
    let good = image(SMALL, &key);
    let mut bytes = good.to_bytes();
    bytes[0x18] ^= 4; // One bit of the version, in the signed header.
    let error = new(bootloader(SMALL, &key), ImageFile::from_bytes(&bytes).unwrap());
    assert!(matches!(&error, ProvisionError::Signature(id) if *id == hex(&key.public().id())), "{error}");
}

#[test]
fn the_bootloader_would_start_the_image() {
    let key = new_key();
    let signed = |slot, payload: Vec<u8>, release, bound: bool| {
        let program = rich(SMALL, Slot::A).elf();
        let entries = sign(&program, &Options { board: SMALL, release, bound }, &key).unwrap().entries();
        let unsigned = UnsignedImage::new(SMALL, slot, payload, &entries, release, key.public().id()).unwrap();
        let signature = key.sign(&unsigned.bytes_to_sign());
        unsigned.with_signature(signature).unwrap()
    };
    let payload = |at: usize, word: u32| {
        let mut payload = image(SMALL, &key).payload().to_vec();
        payload[at..at + 4].copy_from_slice(&word.to_le_bytes());
        payload
    };
    let new = |image| FirstFlash::new(bootloader(SMALL, &key), image).map(drop);
    let top = SMALL.ram.end();
    new(signed(Slot::A, payload(0, top), RELEASE, false)).unwrap();
    new(signed(Slot::A, payload(0, top), RELEASE, true)).unwrap();
    let in_b = new(signed(Slot::B, payload(0, top), RELEASE, true)).unwrap_err();
    assert!(matches!(in_b, ProvisionError::Image(ImageError::OtherSlot(Slot::B))));
    let stack = new(signed(Slot::A, payload(0, top + 8), RELEASE, false)).unwrap_err();
    assert_eq!(
        stack.to_string(),
        "the bootloader would not start the image: its initial stack pointer is not in the firmware's RAM"
    );
    let entry = new(signed(Slot::A, payload(4, 0x1001), RELEASE, true)).unwrap_err();
    assert!(entry.to_string().ends_with("its entry point is no Thumb code in the payload"), "{entry}");
    let newer = Release { lowest_bootloader: 9, ..RELEASE };
    assert_eq!(
        new(signed(Slot::A, payload(0, top), newer, false)).unwrap_err().to_string(),
        "the image needs a bootloader of format 9, and this one has format 1"
    );
}

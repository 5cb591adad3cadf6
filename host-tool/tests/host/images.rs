//! Image files: round trips, damage, and the slot's own check by `lifeboot_core`.

use crate::program::*;
use embedded_storage::nor_flash::{ErrorType, NorFlashErrorKind, ReadNorFlash};
use lifeboot_artifact::image_file::{ImageError, ImageFile, Release, UnsignedImage};
use lifeboot_artifact::keys::PrivateKey;
use lifeboot_artifact::sign::{Options, sign};
use lifeboot_core::KeyIds;
use lifeboot_core::image::{Invalid, Trust};
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::layout::MAP_LENGTH;
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::record::Record;
use lifeboot_core::verify::verify;
use lifeboot_core::{Board, Slot, Version};
use lifeboot_project::key_files;
use sha2::{Digest, Sha256};

pub const RELEASE: Release = Release {
    version: Version { major: 1, minor: 2, patch: 3, build: 4 },
    epoch: 5,
    lowest_bootloader: 1,
    schemas: (1, 2),
    revokes: KeyIds::NONE,
};

pub fn new_key() -> PrivateKey {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    key_files::generate(&path, false).unwrap();
    key_files::private(&path).unwrap()
}

/// A program with words to rebase in flash and in initialised data.
pub fn rich(board: &'static Board, slot: Slot) -> Program {
    let mut program = Program::new(board, slot);
    program.word(RODATA, 0, MAIN);
    program.word(RODATA, 4, VARIABLE);
    program.word(RODATA, 8, LOG_STRING);
    program.word(DATA, 0, CONSTANT);
    program.word(TEXT, 0x20, DATA_LOAD);
    program
}

fn image(board: &'static Board, key: &PrivateKey) -> ImageFile {
    sign(&rich(board, Slot::A).elf(), &Options { board, release: RELEASE, bound: false }, key).unwrap()
}

/// The whole flash of a chip.
struct Flash(Vec<u8>);

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

fn check(board: &Board, slot: Slot, content: &[u8], key: &PrivateKey) -> Result<Version, Invalid> {
    let mut flash = Flash(vec![0xff; board.flash_length as usize]);
    flash.0[board.slot(slot).start as usize..][..content.len()].copy_from_slice(content);
    let info = BootloaderInfo::new(&[key.public().to_bytes()], false).for_board(board);
    let trust = Trust { board, info: &info, record: &Record { epoch_floor: 5, ..Record::FACTORY } };
    let verified = verify(&mut flash, &trust, slot)?;
    assert_eq!(verified.vectors(), board.payload_address(slot));
    assert_eq!(verified.entry(), board.payload_address(slot) + TEXT_OFFSET + 1);
    Ok(verified.version())
}

#[test]
fn an_image_verifies_in_either_slot() {
    let key = new_key();
    for board in [SMALL, LARGE] {
        let image = image(board, &key);
        for slot in Slot::BOTH {
            let content = image.for_slot(board, slot).unwrap();
            assert_eq!(check(board, slot, &content, &key), Ok(RELEASE.version), "{} {slot}", board.name);
        }
        assert_eq!(image.for_slot(board, Slot::A).unwrap(), image.image_bytes());
        assert_ne!(image.for_slot(board, Slot::B).unwrap(), image.image_bytes());
        let in_b = rich(board, Slot::B).firmware();
        let start = board.header_length as usize;
        assert_eq!(image.for_slot(board, Slot::B).unwrap()[start..][..in_b.payload().len()], *in_b.payload());
    }
}

#[test]
fn an_image_file_reads_back_as_it_was_written() {
    let key = new_key();
    for board in [SMALL, LARGE] {
        let written = image(board, &key);
        let bytes = written.to_bytes();
        assert_eq!(bytes.len(), written.header().image_length().unwrap() as usize + 4 + MAP_LENGTH);
        let read = ImageFile::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes);
        assert_eq!(read.header(), written.header());
        assert_eq!(read.payload(), rich(board, Slot::A).firmware().payload());
        assert_eq!((read.board().name, read.linked_for(), read.is_bound()), (board.name, Slot::A, false));
        assert_eq!(read.entries().len(), 4);
        read.check_signature(&key.public()).unwrap();
        assert!(matches!(read.check_signature(&new_key().public()), Err(ImageError::OtherKey { .. })));
    }
}

#[test]
fn any_byte_that_changes_is_noticed() {
    let key = new_key();
    let whole = image(SMALL, &key).to_bytes();
    for index in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[index] ^= 0x10;
        let error = ImageFile::from_bytes(&bytes).and_then(|image| image.check_signature(&key.public()));
        assert!(error.is_err(), "byte {index:#x}");
    }
}

#[test]
fn files_that_are_no_whole_image_say_why() {
    let whole = image(SMALL, &new_key()).to_bytes();
    let message = |bytes: &[u8]| ImageFile::from_bytes(bytes).unwrap_err().to_string();
    assert_eq!(message(b""), "not an image file");
    assert_eq!(message(b"\x7fELF"), "not an image file");
    assert_eq!(message(&whole[..100]), "the image file is truncated: 100 bytes of 256");
    let length = whole.len();
    let image = length - 4 - MAP_LENGTH;
    assert_eq!(message(&whole[..image - 1]), format!("the image file is truncated: {} bytes of {image}", image - 1));
    for cut in [image, length - 1] {
        assert_eq!(message(&whole[..cut]), "the image file does not hold the flash map that the image is for");
    }
    let longer = [&whole[..], &[0xff]].concat();
    assert_eq!(message(&longer), "the image file is damaged: there are bytes behind its end");
    let changed = |at: usize, value: u8| {
        let mut bytes = whole.clone();
        bytes[at] = value;
        message(&bytes)
    };
    assert_eq!(changed(0x04, 9), "the image file has a format that this lifeboot does not know");
    assert_eq!(changed(image + 0x20, 0x20), "the image file holds no flash map that can be used");
    // The RAM's length: a map that is good, but not the one that was signed.
    assert_eq!(
        changed(image + 4 + 0x2d, 0x20),
        "the image file is damaged: its flash map is not the one that was signed"
    );
    assert_eq!(changed(0x07, 0), "the image file does not hold the flash map that the image is for");
    assert_eq!(changed(0x2f, 1), format!("the image file is truncated: {length} bytes of {}", 0x0100_0000 + image));
    assert_eq!(changed(0x101, 1), "the image file is damaged: payload or table are not what was signed");
    assert_eq!(changed(0x100 + PAYLOAD_LENGTH as usize, 0), "the image file is damaged: its gaps are not empty");
}

#[test]
fn a_bound_image_stays_in_its_slot() {
    let key = new_key();
    for (slot, other) in [(Slot::A, Slot::B), (Slot::B, Slot::A)] {
        let mut program = rich(LARGE, slot);
        program.emit_relocations = false;
        let image = sign(&program.elf(), &Options { board: LARGE, release: RELEASE, bound: true }, &key).unwrap();
        assert!(image.is_bound() && image.linked_for() == slot && image.table().is_empty());
        assert_eq!(check(LARGE, slot, &image.for_slot(LARGE, slot).unwrap(), &key), Ok(RELEASE.version));
        assert_eq!(check(LARGE, other, &image.image_bytes(), &key), Err(Invalid::OtherSlot));
        assert!(matches!(image.for_slot(LARGE, other), Err(ImageError::OtherSlot(bound)) if bound == slot));
        assert_eq!(ImageFile::from_bytes(&image.to_bytes()).unwrap().to_bytes(), image.to_bytes());
    }
}

#[test]
fn an_image_goes_to_its_own_board_only() {
    let image = image(SMALL, &new_key());
    let error = image.for_slot(LARGE, Slot::A).unwrap_err().to_string();
    assert_eq!(error, "the image is for board microbit, not stm32f405");
}

#[test]
fn what_does_not_fit_is_refused() {
    let capacity = SMALL.capacity() as usize;
    let make = |length: usize, entries: &[Entry]| {
        UnsignedImage::new(SMALL, Slot::A, vec![0; length], entries, RELEASE, [0; 4])
    };
    assert!(make(capacity, &[]).is_ok());
    let word = |offset| Entry { offset, kind: Kind::Word };
    let error = make(capacity, &[word(4)]).unwrap_err().to_string();
    assert_eq!(error, "the image needs 115713 bytes, and a slot of board microbit has 115712");
    assert!(matches!(make(capacity + 1, &[]), Err(ImageError::TooLarge { .. })));
    assert!(matches!(make(16, &[word(4), word(6)]), Err(ImageError::Table)));
    assert!(matches!(make(16, &[word(14)]), Err(ImageError::Table)));
    assert!(make(16, &[word(12)]).is_ok());
}

/// The board's slots are 113 KiB apart: half an address would not come back as it was. The signer has made such an image
/// on purpose, so that everything else about it is right.
#[test]
fn half_an_address_is_refused_where_it_cannot_be_rebased() {
    let half = [Entry { offset: 8, kind: Kind::UpperHalf }];
    let make = |board| UnsignedImage::new(board, Slot::A, vec![0; 16], &half, RELEASE, [0; 4]);
    let said = "the relocation table lists half an address at offset 0x8, and slots of board microbit are not a multiple \
                of 64 KiB apart";
    assert_eq!(make(SMALL).unwrap_err().to_string(), said);
    let large = make(LARGE).unwrap().with_signature([0; 64]).unwrap();
    assert_eq!(ImageFile::from_bytes(&large.to_bytes()).unwrap().entries(), half);

    let word = [Entry { offset: 8, kind: Kind::Word }];
    let image = UnsignedImage::new(SMALL, Slot::A, vec![0; 16], &word, RELEASE, [0; 4]).unwrap();
    let mut bytes = image.with_signature([0; 64]).unwrap().to_bytes();
    let table = bytes.len() - 4 - MAP_LENGTH - 1;
    bytes[table] |= 1;
    let digest: [u8; 32] =
        Sha256::new().chain_update(&bytes[0x100..0x110]).chain_update(&bytes[table..=table]).finalize().into();
    bytes[0x34..0x54].copy_from_slice(&digest);
    assert_eq!(ImageFile::from_bytes(&bytes).unwrap_err().to_string(), said);
}

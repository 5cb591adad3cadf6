//! Signing is deterministic, and the proof by relinking finds addresses without a relocation.

use crate::images::{RELEASE, new_key, rich};
use crate::program::*;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::sign::{Options, Program as Signable, RelinkedError, SignError, sign};
use lifeboot_core::Slot;

#[test]
fn the_same_program_gives_the_same_image() {
    let key = new_key();
    let options = Options { board: LARGE, release: RELEASE, bound: false };
    let elf = rich(LARGE, Slot::A).elf();
    let first = sign(&elf, &options, &key).unwrap().to_bytes();
    assert_eq!(first, sign(&elf, &options, &key).unwrap().to_bytes());
    let elsewhere = Signable::read(&elf, LARGE, false).unwrap().image(RELEASE, key.public().id()).unwrap();
    let signature = key.sign(&elsewhere.bytes_to_sign());
    assert_eq!(first, elsewhere.with_signature(signature).unwrap().to_bytes());
}

#[test]
fn rebasing_is_proved_by_relinking() {
    for board in [SMALL, LARGE] {
        let [a, b] = Slot::BOTH.map(|slot| rich(board, slot).elf());
        assert!(Signable::read_and_prove(&a, board, &b).unwrap().is_proved());
        assert!(!Signable::read(&a, board, false).unwrap().is_proved());
    }
}

/// The signer's word for it is signed with the image, and kept in its file.
#[test]
fn an_image_says_whether_it_was_proved() {
    let key = new_key();
    let [a, b] = Slot::BOTH.map(|slot| rich(LARGE, slot).elf());
    let proved = Signable::read_and_prove(&a, LARGE, &b).unwrap();
    for (program, expected) in [(proved, true), (Signable::read(&a, LARGE, false).unwrap(), false)] {
        let unsigned = program.image(RELEASE, key.public().id()).unwrap();
        let signature = key.sign(&unsigned.bytes_to_sign());
        let image = ImageFile::from_bytes(&unsigned.with_signature(signature).unwrap().to_bytes()).unwrap();
        image.check_signature(&key.public()).unwrap();
        assert_eq!(image.is_proved(), expected);
        let mut claimed = image.to_bytes();
        claimed[0x5A] ^= 1;
        assert!(ImageFile::from_bytes(&claimed).unwrap().check_signature(&key.public()).is_err());
    }
}

#[test]
fn a_difference_is_named() {
    let program = |slot, table_end: u32| {
        let mut program = rich(LARGE, slot);
        // As LONG(…) in a linker script: an address without a relocation.
        let value = program.address(TEXT, table_end);
        program.put(DATA, 0x0c, &value.to_le_bytes());
        program.elf()
    };
    assert_eq!(
        Signable::read_and_prove(&program(Slot::A, 0), LARGE, &program(Slot::B, 0)).unwrap_err().to_string(),
        "rebased and relinked payload differ in 1 bytes, first at 0x080202ac in `ram_function` (.data): 0x08020240 is \
         not 0x08080240"
    );
}

#[test]
fn programs_that_cannot_be_compared_are_refused() {
    let refused = |relinked: &[u8]| match Signable::read_and_prove(&rich(LARGE, Slot::A).elf(), LARGE, relinked) {
        Err(SignError::Relinked(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(refused(&rich(LARGE, Slot::A).elf()), RelinkedError::SameSlot(Slot::A)));
    let mut longer = rich(LARGE, Slot::B);
    longer.sections[3].bytes.push(0);
    assert!(matches!(refused(&longer.elf()), RelinkedError::Length { rebased: 0xc0, relinked: 0xc1 }));
    assert!(matches!(refused(b"no ELF file"), RelinkedError::Elf(_)));
}

#[test]
fn an_image_for_both_slots_is_linked_for_slot_a() {
    assert!(matches!(Signable::read(&rich(LARGE, Slot::B).elf(), LARGE, false), Err(SignError::LinkedForSlotB)));
    assert!(Signable::read(&rich(LARGE, Slot::B).elf(), LARGE, true).is_ok());
}

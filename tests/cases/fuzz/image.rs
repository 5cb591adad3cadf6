//! Images: a slot is accepted exactly if an independent check finds nothing wrong, no matter who made its bytes; an
//! image that was changed after signing is never accepted.

mod verdict;

use super::check;
use super::choices::Choices;
use crate::signed_image::{SignedImage, info, key, key_ids, sign};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;
use lifeboot_core::image::{HEADER_LENGTH, Header, HeaderBytes, Invalid, Trust};
use lifeboot_core::layout::Board;
use lifeboot_core::record::Record;
use lifeboot_core::verify::verify;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_tests::simulated_flash::SimulatedFlash;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use verdict::{fits, is_acceptable, part};

static IMAGES: LazyLock<[SignedImage; 5]> = LazyLock::new(|| {
    [
        SignedImage::new(&MICROBIT, 1001),
        SignedImage::new(&STM32F405, 1001),
        SignedImage::new(&MICROBIT, 600).bound(),
        SignedImage::linked_for(Slot::B, &STM32F405, 700).bound(),
        SignedImage::new(&STM32F405, 768).signed_with(2),
    ]
});

#[test]
fn images() {
    for image in 0..IMAGES.len() as u8 {
        // Unchanged, by either key; with one bit changed; with the payload's length changed and signed again.
        assert!(property(&[1, image]) && property(&[2, image]));
        assert!(!property(&[1, image, 1, 1, 40, 0]) && !property(&[1, image, 0, 1, 0, 3, 1, 7]));
        assert!(!property(&[2, image, 1, 1, 0x2c, 0, 3, 0, 23]));
    }
    assert!(!property(&[0, 0, b'L', b'B', b'I', b'M', 1]));
    check!(400, property);
}

/// Returns whether a slot with these bytes was accepted.
pub fn property(input: &[u8]) -> bool {
    let mut choices = Choices::new(input);
    match choices.byte() % 4 {
        0 => arbitrary(&mut choices),
        1 => changed(&mut choices),
        _ => signed_again(&mut choices),
    }
}

/// Unsigned bytes, with or without a beginning that looks right.
fn arbitrary(choices: &mut Choices) -> bool {
    let image = &IMAGES[choices.below(IMAGES.len())];
    let start = choices.below(0x61);
    let mut content = image.content(Slot::A)[..start].to_vec();
    content.extend(choices.rest());
    content.resize(content.len().max(HEADER_LENGTH), 0xff);
    read_as_file(image.board, &content);
    for slot in Slot::BOTH {
        assert!(accepted(image.board, &content, slot, &Record::FACTORY).is_err());
    }
    false
}

/// A good image, changed without the key: accepted only if no covered byte differs.
fn changed(choices: &mut Choices) -> bool {
    let image = &IMAGES[choices.below(IMAGES.len())];
    let linked_for = image.header.linked_for(image.board).unwrap_or(Slot::A);
    let moved = choices.chance() && !image.table.is_empty();
    let slot = if moved { linked_for.other() } else { linked_for };
    let good = image.content(slot);
    let mut content = good.clone();
    for _ in 0..choices.below(4) {
        choices.mutate(&mut content);
    }
    content.resize(content.len().max(good.len()), 0xff);
    let payload = image.board.header_length as usize..image.board.header_length as usize + image.filling.len();
    let table = image.table_offset() as usize..good.len();
    let same = [0..HEADER_LENGTH, payload, table].into_iter().all(|range| content[range.clone()] == good[range]);
    let verdict = accepted(image.board, &content, slot, &Record::FACTORY);
    assert_eq!(verdict.is_ok(), same, "{verdict:?}");
    if slot == linked_for && read_as_file(image.board, &content) {
        let is_good = content[..good.len()] == good[..];
        assert!(is_good || content[..HEADER_LENGTH] != good[..HEADER_LENGTH]);
    }
    same
}

/// Whatever a signer who owns the key, and is careless or hostile, can make of an image.
fn signed_again(choices: &mut Choices) -> bool {
    let image = &IMAGES[choices.below(IMAGES.len())];
    let board = image.board;
    let linked_for = image.header.linked_for(board).unwrap_or(Slot::A);
    let mut content = image.content(linked_for);
    for _ in 0..choices.below(5) {
        // The header's fields, but not its magic and format, as often as everything else.
        if choices.chance() {
            choices.mutate(&mut content);
        } else {
            let mut fields = content[0x06..0x70].to_vec();
            choices.mutate(&mut fields);
            fields.resize(0x70 - 0x06, 0);
            content.splice(0x06..0x70, fields);
        }
        content.resize(content.len().max(HEADER_LENGTH), 0xff);
    }
    if choices.byte() % 8 != 7 {
        let covered = [part(&content, 0), part(&content, 1)];
        let mut hash = Sha256::new();
        covered.into_iter().flatten().for_each(|part| hash.update(part));
        content[0x34..0x54].copy_from_slice(&hash.finalize());
    }
    let mut header: HeaderBytes = *content.first_chunk().expect("a header");
    sign(&mut header, &image.key);
    content[..HEADER_LENGTH].copy_from_slice(&header);
    let (revoked, floor) = if choices.byte() % 8 == 7 { (choices.byte() % 4, choices.edge(1)) } else { (0, 0) };

    let revoked_keys: Vec<u8> = (1..=2).filter(|number| revoked & 1 << (number - 1) != 0).collect();
    let record = Record { revoked: key_ids(&revoked_keys), epoch_floor: floor, ..Record::FACTORY };

    let verdict = accepted(board, &content, linked_for, &record);
    let key_index = usize::from(image.key.to_bytes() == key(2).to_bytes());
    let trusted = revoked & 1 << key_index == 0 && part_of_key(&header, image);
    let acceptable = trusted && is_acceptable(board, &content, linked_for, floor);
    assert_eq!(verdict.is_ok(), acceptable, "{verdict:?} {:x?}", Header::parse(&header));
    let readable = read_as_file(board, &content);
    if readable && part_of_key(&header, image) {
        let policy =
            [Invalid::Entry, Invalid::Stack, Invalid::Epoch, Invalid::Bootloader, Invalid::RevokedKey, Invalid::OwnKey];
        let other = [Invalid::Bounds, Invalid::OtherSlot];
        let expected = |invalid| policy.contains(&invalid) || other.contains(&invalid);
        assert!(verdict.is_ok() || verdict.is_err_and(expected), "a file that the host takes: {verdict:?}");
    }
    if verdict.is_ok() && readable {
        moved(&content, board, linked_for.other(), &record);
    }
    acceptable
}

/// An image that was good in one slot is refused in the other one only if its vectors move out of bounds.
fn moved(content: &[u8], board: &'static Board, slot: Slot, record: &Record) {
    let file = ImageFile::from_slot(content, board).expect("read before");
    match file.for_slot(board, slot) {
        Ok(content) => {
            let verdict = accepted(board, &content, slot, record);
            assert!(matches!(verdict, Ok(()) | Err(Invalid::Stack | Invalid::Entry)), "{verdict:?}");
        }
        Err(_) => assert!(file.is_bound()),
    }
}

/// What the verifier says; that it only reads, and that a header which it knows is what its fields say.
fn accepted(board: &'static Board, content: &[u8], slot: Slot, record: &Record) -> Result<(), Invalid> {
    let info = info().for_board(board);
    let trust = Trust { board, info: &info, record };
    let header: &HeaderBytes = content.first_chunk().expect("a header");
    if let (Ok(parsed), Some(signature)) = (Header::parse(header), header.last_chunk()) {
        assert_eq!(parsed.to_bytes(*signature), *header);
        assert_eq!(parsed.image_length(), fits(content).map(|range| range.end as u32));
    }
    let mut flash = SimulatedFlash::new(board);
    let room = board.slot(slot).length as usize;
    flash.put(board.slot(slot).start, &content[..content.len().min(room)]);
    let checked = trust.check(header, slot);
    let verdict = verify(&mut flash, &trust, slot);
    assert_eq!((flash.misuse(), flash.operations()), (None, 0), "a verifier only reads, and aligned");
    match (&checked, &verdict) {
        (Err(invalid), verdict) => assert_eq!(verdict, &Err(*invalid), "the header decides first"),
        (Ok(checked), Ok(verified)) => {
            assert_eq!((verified.slot(), verified.digest()), (slot, &checked.header().digest));
            assert!(board.slot_at(verified.entry()) == Some(slot) && verified.vectors() == board.payload_address(slot));
        }
        (Ok(_), Err(_)) => {}
    }
    verdict.map(|_| ())
}

/// Whether the host accepts these bytes as an image file; then it must write the same bytes.
fn read_as_file(board: &'static Board, content: &[u8]) -> bool {
    let Ok(file) = ImageFile::from_slot(content, board) else { return false };
    // What is behind the image in the slot is no part of it.
    assert!(content.starts_with(&file.image_bytes()));
    assert!(file.entries().last().is_none_or(|entry| entry.end() as usize <= file.payload().len()));
    true
}

fn part_of_key(header: &HeaderBytes, image: &SignedImage) -> bool {
    header[0x5c..0x60] == image.header.key_id
}

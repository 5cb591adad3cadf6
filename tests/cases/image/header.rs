//! The header, a field at a time: signed with the wrong value in it, and altered after it was signed.

use super::{LENGTH, content_verdict, verdict};
use crate::signed_image::{SignedImage, key, sign};
use lifeboot_core::Slot;
use lifeboot_core::image::{HEADER_LENGTH, Invalid, PROVED};
use lifeboot_core::info::{FORMAT, key_id};
use lifeboot_core::layout::{BLOCK, Board};
use lifeboot_example_boards::BOARDS;

/// A name, a change to a good image before it is signed, and the verifier's result in slot A and in slot B.
type Case = (&'static str, fn(&mut SignedImage), Invalid, Invalid);

const fn both(name: &'static str, change: fn(&mut SignedImage), invalid: Invalid) -> Case {
    (name, change, invalid, invalid)
}

const CASES: [Case; 50] = [
    both("header length 0", |image| image.header.header_length = 0, Invalid::Bounds),
    both("header length 255", |image| image.header.header_length = 255, Invalid::Bounds),
    both("header length one more", |image| image.header.header_length += 1, Invalid::Bounds),
    both("header length a block more", |image| image.header.header_length += BLOCK as u16, Invalid::Bounds),
    both("header length greatest", |image| image.header.header_length = u16::MAX, Invalid::Bounds),
    both("board of zeros", |image| image.header.board = [0; 16], Invalid::Board),
    both("another board", |image| image.header.board = *b"another board\0\0\0", Invalid::Board),
    both("board's first letter", |image| image.header.board[0] ^= 0x20, Invalid::Board),
    both("board's padding", |image| image.header.board[15] = b' ', Invalid::Board),
    both("no map digest", |image| image.header.map_digest = 0, Invalid::Map),
    both("map digest's last bit", |image| image.header.map_digest ^= 1, Invalid::Map),
    both("link address 0", |image| image.header.link_address = 0, Invalid::Bounds),
    both("link address a word more", |image| image.header.link_address += 4, Invalid::Bounds),
    both("link address one less", |image| image.header.link_address -= 1, Invalid::Bounds),
    both("link address of the header", |image| image.header.link_address -= image.board.header_length, Invalid::Bounds),
    both("link address greatest", |image| image.header.link_address = u32::MAX, Invalid::Bounds),
    both("payload length 0", |image| image.header.payload_length = 0, Invalid::Bounds),
    both("payload length 7", |image| image.header.payload_length = 7, Invalid::Bounds),
    both("payload length 8", |image| image.header.payload_length = 8, Invalid::Table),
    both("payload length two less", |image| image.header.payload_length -= 2, Invalid::Table),
    both("payload length one more", |image| image.header.payload_length += 1, Invalid::Digest),
    both("payload fills the slot", |image| image.header.payload_length = image.board.capacity(), Invalid::Bounds),
    both("payload one block too long", |image| image.header.payload_length = too_long(image, 1), Invalid::Bounds),
    both("payload in no slot", |image| image.header.payload_length = image.board.flash_length, Invalid::Bounds),
    both("payload length 2³¹ - 1", |image| image.header.payload_length = i32::MAX as u32, Invalid::Bounds),
    both("payload length 2³¹", |image| image.header.payload_length = 1 << 31, Invalid::Bounds),
    both("payload length wraps to a block", |image| image.header.payload_length = u32::MAX - 254, Invalid::Bounds),
    both(
        "payload length wraps at the table",
        |image| image.header.payload_length = 0_u32.wrapping_sub(256),
        Invalid::Bounds,
    ),
    both(
        "payload length wraps past it",
        |image| image.header.payload_length = 0_u32.wrapping_sub(1024),
        Invalid::Bounds,
    ),
    both("payload length greatest", |image| image.header.payload_length = u32::MAX, Invalid::Bounds),
    ("table length 0", |image| image.header.table_length = 0, Invalid::Digest, Invalid::OtherSlot),
    both("table length 1", |image| image.header.table_length = 1, Invalid::Digest),
    both("table length one less", |image| image.header.table_length -= 1, Invalid::Table),
    both("table length one more", |image| image.header.table_length += 1, Invalid::Table),
    both("table one byte too long", |image| image.header.table_length = longest_table(image) + 1, Invalid::Bounds),
    both("table as long as it can be", |image| image.header.table_length = longest_table(image), Invalid::Table),
    both("table in no slot", |image| image.header.table_length = image.board.flash_length, Invalid::Bounds),
    both("table length wraps to 0", |image| image.header.table_length = wrapping(image, 0), Invalid::Bounds),
    both(
        "table length wraps to the slot's",
        |image| image.header.table_length = wrapping(image, 1024),
        Invalid::Bounds,
    ),
    both("table length greatest", |image| image.header.table_length = u32::MAX, Invalid::Bounds),
    both("digest of zeros", |image| image.header.digest = [0; 32], Invalid::Digest),
    both("digest's first bit", |image| image.header.digest[0] ^= 1, Invalid::Digest),
    both("digest's middle", |image| image.header.digest[16] ^= 0xff, Invalid::Digest),
    both("digest's last bit", |image| image.header.digest[31] ^= 0x80, Invalid::Digest),
    both("the next bootloader", |image| image.header.lowest_bootloader = FORMAT + 1, Invalid::Bootloader),
    both("the last bootloader", |image| image.header.lowest_bootloader = u16::MAX, Invalid::Bootloader),
    both("key id of nobody", |image| image.header.key_id = [0; 4], Invalid::UnknownKey),
    both("key id of another key", |image| image.header.key_id = id_of(2), Invalid::Signature),
    both("another key under this id", |image| image.key = key(2), Invalid::Signature),
    both("an unknown key under this id", |image| image.key = key(3), Invalid::Signature),
];

fn too_long(image: &SignedImage, blocks: u32) -> u32 {
    image.board.capacity() + blocks * BLOCK
}

fn longest_table(image: &SignedImage) -> u32 {
    image.board.slot(Slot::A).length - image.table_offset()
}

/// The table length with which the image's length, in 32 bits, would be `length`.
fn wrapping(image: &SignedImage, length: u32) -> u32 {
    length.wrapping_sub(image.table_offset())
}

fn id_of(number: u8) -> [u8; 4] {
    key_id(key(number).verifying_key().as_bytes())
}

#[test]
fn each_field_is_judged_though_it_is_signed() {
    for board in BOARDS {
        for (name, change, in_a, in_b) in CASES {
            let mut image = SignedImage::new(board, LENGTH);
            let (a, b) = (image.content(Slot::A), image.content(Slot::B));
            change(&mut image);
            for (slot, mut content, expected) in [(Slot::A, a, in_a), (Slot::B, b, in_b)] {
                content[..HEADER_LENGTH].copy_from_slice(&image.header_bytes());
                assert_eq!(content_verdict(board, &content, slot), Err(expected), "{name}, {}, {slot}", board.name);
            }
        }
    }
}

/// The link address of the other slot is valid, but the payload was not linked for it.
#[test]
fn a_payload_that_was_not_linked_for_its_link_address() {
    for board in BOARDS {
        let mut image = SignedImage::new(board, LENGTH);
        let content = image.content(Slot::A);
        image.header.link_address = board.payload_address(Slot::B);
        for slot in Slot::BOTH {
            let mut content = content.clone();
            content[..HEADER_LENGTH].copy_from_slice(&image.header_bytes());
            // In slot B the digest fits: no distance. But the entry point lies in slot A.
            let expected = if slot == Slot::A { Invalid::Digest } else { Invalid::Entry };
            assert_eq!(content_verdict(board, &content, slot), Err(expected), "{}, {slot}", board.name);
        }
    }
}

/// Magic, format and reserved bytes, signed with other values; the header of a later format is refused as such.
#[test]
fn what_makes_it_a_header_is_judged_first() {
    for board in BOARDS {
        let content = SignedImage::new(board, LENGTH).content(Slot::A);
        let header: [u8; HEADER_LENGTH] = content[..HEADER_LENGTH].try_into().unwrap();
        let magic = (0x00..0x04).map(|at| (at, Invalid::NoImage));
        // One is the only value of 0x5A with a meaning.
        let reserved = [0x04, 0x05, 0x5A, 0x5B].into_iter().chain(0x70..0xC0).map(|at| (at, Invalid::Format));
        for (at, expected) in magic.chain(reserved) {
            for value in [0x00, 0x02, 0x80, 0xff] {
                let (mut content, mut header) = (content.clone(), header);
                if header[at] == value {
                    continue;
                }
                header[at] = value;
                sign(&mut header, &key(1));
                content[..HEADER_LENGTH].copy_from_slice(&header);
                assert_eq!(content_verdict(board, &content, Slot::A), Err(expected), "{value:#x} at {at:#x}");
            }
        }
    }
}

/// Whatever the order of the checks, a refusal names the first thing that is wrong: the signature before all else.
#[test]
fn nothing_counts_before_the_signature() {
    for board in BOARDS {
        let mut image = SignedImage::new(board, LENGTH);
        image.header.board = [b'x'; 16];
        image.header.payload_length = u32::MAX;
        image.header.lowest_bootloader = u16::MAX;
        assert_eq!(verdict(&image, Slot::A), Err(Invalid::Board));
        image.key = key(2);
        assert_eq!(verdict(&image, Slot::A), Err(Invalid::Signature));
        image.header.key_id = [0; 4];
        assert_eq!(verdict(&image, Slot::A), Err(Invalid::UnknownKey));
    }
}

fn expected_of_a_flip(bit: usize) -> Invalid {
    match bit / 8 {
        // The signer's word for a proof, which no device looks at.
        PROVED if bit.is_multiple_of(8) => Invalid::Signature,
        0x00..0x04 => Invalid::NoImage,
        0x04..0x06 | 0x5A..0x5C | 0x70..0xC0 => Invalid::Format,
        0x5C..0x60 => Invalid::UnknownKey,
        _ => Invalid::Signature,
    }
}

#[test]
fn every_single_bit_of_the_header_counts() {
    for (board, slot) in BOARDS.into_iter().flat_map(|board: &Board| Slot::BOTH.map(|slot| (board, slot))) {
        let image = SignedImage::new(board, LENGTH);
        let content = image.content(slot);
        let mut flash = lifeboot_tests::simulated_flash::SimulatedFlash::new(board);
        let (start, verify) = (board.slot(slot).start, super::trusted(board));
        for bit in 0..8 * HEADER_LENGTH {
            let mut flipped = content.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flash.put(start, &flipped);
            assert_eq!(verify(&mut flash, slot), Err(expected_of_a_flip(bit)), "bit {bit}, {}, {slot}", board.name);
        }
        flash.put(start, &content);
        assert!(verify(&mut flash, slot).is_ok());
    }
}

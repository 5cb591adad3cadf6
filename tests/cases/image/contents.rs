//! Payload and table: altered after signing, and wrong when signed.

use super::{LENGTH, content_verdict, trusted, verdict};
use crate::signed_image::{Pointer, SignedImage, table_of};
use lifeboot_artifact::image_file::rebased;
use lifeboot_core::Slot;
use lifeboot_core::image::Invalid;
use lifeboot_core::layout::{Board, HANDOVER_LENGTH};
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_example_boards::{BOARDS, MICROBIT, STM32F405};
use lifeboot_tests::simulated_flash::SimulatedFlash;

fn boards_and_slots() -> impl Iterator<Item = (&'static Board, Slot)> {
    BOARDS.into_iter().flat_map(|board| Slot::BOTH.map(|slot| (board, slot)))
}

#[test]
fn every_bit_of_payload_and_table_counts() {
    for (board, slot) in boards_and_slots() {
        let image = SignedImage::new(board, LENGTH);
        let content = image.content(slot);
        let payload = board.header_length as usize..board.header_length as usize + LENGTH;
        let table = image.table_offset() as usize..content.len();
        let (mut flash, verify) = (SimulatedFlash::new(board), trusted(board));
        let start = board.slot(slot).start;
        // Both ends, all around pointers and the borders of blocks, and a bit of each byte between.
        let bits = payload.clone().chain(table.clone()).flat_map(|at| {
            let near = at < payload.start + 16 || at % 256 < 8 || at % 256 > 248 || at + 8 > payload.end;
            (0..8).filter(move |bit| near || at % 8 == *bit).map(move |bit| (at, bit))
        });
        for (at, bit) in bits {
            let mut flipped = content.clone();
            flipped[at] ^= 1 << bit;
            flash.put(start, &flipped);
            let verdict = verify(&mut flash, slot);
            if payload.contains(&at) {
                assert_eq!(verdict, Err(Invalid::Digest), "bit {bit} at {at:#x}, {}, {slot}", board.name);
            } else {
                let refused = matches!(verdict, Err(Invalid::Digest | Invalid::Table));
                assert!(refused, "bit {bit} at {at:#x}, {}, {slot}: {verdict:?}", board.name);
            }
        }
        flash.put(start, &content);
        assert!(verify(&mut flash, slot).is_ok());
    }
}

/// One slot's form of an image in the other slot is refused, though every byte of it is intact.
#[test]
fn an_image_that_was_not_rebased_is_refused() {
    for (board, slot) in boards_and_slots() {
        let image = SignedImage::new(board, LENGTH);
        let mut flash = SimulatedFlash::new(board);
        flash.put(board.slot(slot).start, &image.content(slot.other()));
        assert_eq!(trusted(board)(&mut flash, slot), Err(Invalid::Digest), "{}, {slot}", board.name);
    }
}

/// A good image with this signed table.
fn with_table(board: &'static Board, table: &[u8]) -> SignedImage {
    let mut image = SignedImage::new(board, LENGTH);
    image.table = table.to_vec();
    image.seal();
    image
}

#[test]
fn tables_that_do_not_decode_are_refused() {
    let tables: [(&str, &[u8]); 8] = [
        ("unfinished", &[0x80]),
        ("unfinished after good entries", &[0x04, 0x00, 0x81]),
        ("unfinished at four bytes", &[0xff, 0xff, 0xff]),
        ("over-long zero", &[0x80, 0x00]),
        ("over-long after good entries", &[0x04, 0x84, 0x00]),
        ("more than four bytes", &[0xff, 0xff, 0xff, 0xff, 0x01]),
        ("more than four bytes, all the way", &[0xff; 64]),
        ("over-long at four bytes", &[0x84, 0x80, 0x80, 0x00]),
    ];
    for (board, slot) in boards_and_slots() {
        for (name, table) in tables {
            assert_eq!(verdict(&with_table(board, table), slot), Err(Invalid::Table), "{name}, {}, {slot}", board.name);
        }
    }
}

#[test]
fn tables_that_point_past_the_payload_are_refused() {
    let end = LENGTH as u32;
    for (board, slot) in boards_and_slots() {
        for kind in [Kind::Word, Kind::UpperHalf] {
            // The payload's length is odd, and the places are even: the last that lies inside ends a byte before.
            let places = [end - 3, end - 1, end + 1, end + 255, board.capacity(), board.flash_length, (1 << 28) - 4];
            for offset in places {
                let table = table_of([Entry { offset: 4, kind: Kind::Word }, Entry { offset, kind }]);
                let image = with_table(board, &table);
                assert_eq!(verdict(&image, slot), Err(Invalid::Table), "{offset:#x}, {}, {slot}", board.name);
            }
        }
        // Past 2³¹, beyond what an offset can be.
        let table = [0xfe, 0xff, 0xff, 0x7f].repeat(9);
        assert_eq!(verdict(&with_table(board, &table), slot), Err(Invalid::Table), "{}, {slot}", board.name);
    }
}

/// Entries cannot overlap in a table; where they abut, each is moved once.
#[test]
fn entries_that_abut_are_moved_once_each() {
    for (board, slot) in boards_and_slots() {
        let mut image = SignedImage::new(board, LENGTH);
        let address = board.payload_address(Slot::A) + 0x101;
        image.pointers =
            (1..250).map(|number| Pointer { place: Entry { offset: 4 * number, kind: Kind::Word }, address }).collect();
        image.table = table_of(image.pointers.iter().map(|pointer| pointer.place));
        image.seal();
        assert!(image.table[1..].iter().all(|byte| *byte == 0));
        assert_eq!(verdict(&image, slot).map(|verified| verified.slot()), Ok(slot));
        // One entry less, and one more: the last word is not moved, or moved though it is no address.
        for table in [&image.table[..248], &[&image.table[..], &[0]].concat()[..]] {
            let mut other = image.clone();
            other.table = table.to_vec();
            other.seal();
            let expected = if table.len() > 249 {
                Err(Invalid::Table)
            } else if slot == Slot::A {
                Ok(slot)
            } else {
                Err(Invalid::Digest)
            };
            assert_eq!(verdict(&other, slot).map(|verified| verified.slot()), expected);
        }
    }
}

/// The slots of the micro:bit are not a multiple of 64 KiB apart: there the way back is another one for half an
/// address.
#[test]
fn half_an_address_is_refused_where_it_does_not_come_back() {
    let places = [(4, Kind::Word), (0x20, Kind::UpperHalf)].map(|(offset, kind)| Entry { offset, kind });
    for (board, in_b) in [(&STM32F405, Ok(Slot::B)), (&MICROBIT, Err(Invalid::Digest))] {
        let mut image = SignedImage::new(board, LENGTH);
        let address = board.payload_address(Slot::A) + 0x81;
        image.pointers = places.map(|place| Pointer { place, address }).to_vec();
        image.table = table_of(places);
        image.seal();
        assert_eq!(verdict(&image, Slot::A).map(|verified| verified.slot()), Ok(Slot::A), "{}", board.name);
        // What the updater writes.
        let there = rebased(image.payload(0), &places, board.distance(Slot::A, Slot::B));
        let mut content = image.content(Slot::B);
        content[board.header_length as usize..][..there.len()].copy_from_slice(&there);
        let verdict = content_verdict(board, &content, Slot::B);
        assert_eq!(verdict.map(|verified| verified.slot()), in_b, "{}", board.name);
    }
}

#[test]
fn the_entry_point_lies_inside_the_payload_and_is_thumb_code() {
    for (board, slot) in boards_and_slots() {
        // Even, so that an address can lie right behind the last halfword.
        let (start, length) = (board.payload_address(Slot::A), LENGTH as u32 + 1);
        let entries = [
            ("the first byte", start | 1, Ok(slot)),
            ("the last halfword", (start + length - 2) | 1, Ok(slot)),
            ("even", start + 0x80, Err(Invalid::Entry)),
            ("even, at the start", start, Err(Invalid::Entry)),
            ("right behind the payload", (start + length) | 1, Err(Invalid::Entry)),
            ("in the table", (start + length.next_multiple_of(256)) | 1, Err(Invalid::Entry)),
            ("in the header", (start - 2) | 1, Err(Invalid::Entry)),
            ("in the bootloader", board.flash_address | 1, Err(Invalid::Entry)),
            ("in the other slot", board.payload_address(Slot::B) | 1, Err(Invalid::Entry)),
            ("in RAM", board.ram.start | 1, Err(Invalid::Entry)),
            ("nowhere", 0xffff_ffff, Err(Invalid::Entry)),
        ];
        for (name, address, expected) in entries {
            let mut image = SignedImage::new(board, length as usize);
            image.pointers[0].address = address;
            image.seal();
            let verdict = verdict(&image, slot).map(|verified| verified.slot());
            assert_eq!(verdict, expected, "{name}, {}, {slot}", board.name);
        }
    }
}

/// In slot A it would run; in slot B the unlisted reset vector still points to slot A.
#[test]
fn a_table_that_forgets_the_reset_vector_is_refused_where_it_matters() {
    for board in BOARDS {
        let mut image = SignedImage::new(board, LENGTH);
        let reset = image.pointers.remove(0);
        image.filling[4..8].copy_from_slice(&reset.address.to_le_bytes());
        image.table = table_of(image.pointers.iter().map(|pointer| pointer.place));
        image.seal();
        assert!(verdict(&image, Slot::A).is_ok());
        assert_eq!(verdict(&image, Slot::B), Err(Invalid::Entry));
    }
}

#[test]
fn the_stack_pointer_points_into_ram_and_is_aligned() {
    for (board, slot) in boards_and_slots() {
        let (start, end) = (board.ram.start, board.ram.end());
        let stacks = [
            ("the end", end, Ok(slot)),
            ("below the end", end - 8, Ok(slot)),
            ("the middle", start + board.ram.length / 2, Ok(slot)),
            ("the start: no room", start, Err(Invalid::Stack)),
            ("on the words that are shared", start + HANDOVER_LENGTH, Err(Invalid::Stack)),
            ("right above them", start + HANDOVER_LENGTH + 8, Ok(slot)),
            ("below the start", start - 8, Err(Invalid::Stack)),
            ("above the end", end + 8, Err(Invalid::Stack)),
            ("aligned to a word only", end - 4, Err(Invalid::Stack)),
            ("odd", end - 1, Err(Invalid::Stack)),
            ("in flash", board.payload_address(Slot::A), Err(Invalid::Stack)),
            ("zero", 0, Err(Invalid::Stack)),
            ("erased flash", u32::MAX, Err(Invalid::Stack)),
        ];
        for (name, stack, expected) in stacks {
            let mut image = SignedImage::new(board, LENGTH);
            image.filling[..4].copy_from_slice(&stack.to_le_bytes());
            image.seal();
            let verdict = verdict(&image, slot).map(|verified| verified.slot());
            assert_eq!(verdict, expected, "{name}, {}, {slot}", board.name);
        }
    }
}

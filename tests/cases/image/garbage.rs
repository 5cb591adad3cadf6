//! Arbitrary bytes: refused without a panic, even if the signature fits.

use super::{LENGTH, content_verdict, trusted};
use crate::signed_image::{SignedImage, key, sign};
use lifeboot_core::KeyIds;
use lifeboot_core::Slot;
use lifeboot_core::image::{HEADER_LENGTH, Header, Invalid};
use lifeboot_core::info::key_id;
use lifeboot_core::layout::Board;
use lifeboot_core::rebase::{Decoder, ENTRY_LENGTH};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::chance::Chance;
use lifeboot_tests::simulated_flash::SimulatedFlash;
use proptest::prelude::*;

fn boards() -> impl Strategy<Value = &'static Board> {
    prop::sample::select(BOARDS.to_vec())
}

fn slots() -> impl Strategy<Value = Slot> {
    prop::sample::select(Slot::BOTH.to_vec())
}

/// Numbers near the limits, or any.
fn lengths() -> impl Strategy<Value = u32> {
    prop_oneof![
        any::<u32>(),
        0_u32..2048,
        (0_u32..1024).prop_map(|below| u32::MAX - below),
        (0_u32..1024).prop_map(|above| (1 << 31) - 512 + above),
        (0_u32..1024).prop_map(|above| 115 * 1024 - 512 + above),
        (0_u32..1024).prop_map(|above| 384 * 1024 - 1024 + above),
    ]
}

/// Whether a table decodes, and lists only places inside a payload of this length.
fn table_is_good(table: &[u8], payload_length: u32) -> bool {
    let mut decoder = Decoder::default();
    for byte in table {
        match decoder.push(*byte) {
            Ok(Some(entry)) if entry.offset + ENTRY_LENGTH as u32 > payload_length => return false,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    decoder.is_whole()
}

proptest! {
    #[test]
    fn any_bytes_as_a_header(board in boards(), slot in slots(), header in prop::collection::vec(any::<u8>(), 256)) {
        let mut content = SignedImage::new(board, LENGTH).content(slot);
        content[..HEADER_LENGTH].copy_from_slice(&header);
        prop_assert_eq!(content_verdict(board, &content, slot), Err(Invalid::NoImage));
    }

    #[test]
    fn any_fields_with_a_good_signature(
        board in boards(), slot in slots(),
        (header_length, epoch, link_address) in (any::<u16>(), any::<u32>(), any::<u32>()),
        (payload_length, table_length) in (lengths(), lengths()),
        (digest, lowest_bootloader, good) in (any::<[u8; 32]>(), any::<u16>(), any::<[bool; 4]>()),
        revokes in any::<[[u8; 4]; 3]>(),
    ) {
        let image = SignedImage::new(board, LENGTH);
        let header = Header {
            header_length: if good[0] { board.header_length as u16 } else { header_length },
            epoch,
            link_address: if good[1] { image.header.link_address } else { link_address },
            payload_length: if good[2] { image.header.payload_length } else { payload_length },
            table_length,
            digest,
            lowest_bootloader: if good[3] { 0 } else { lowest_bootloader },
            revokes: KeyIds::new(&revokes).unwrap(),
            ..image.header
        };
        let mut content = image.content(slot);
        let mut bytes = header.to_bytes([0; 64]);
        sign(&mut bytes, &key(1));
        content[..HEADER_LENGTH].copy_from_slice(&bytes);
        let invalid = content_verdict(board, &content, slot).unwrap_err();
        let inside = header.image_length().is_some_and(|length| length <= board.slot(slot).length);
        // Beyond the header it only goes for lengths that lie inside the slot.
        let beyond = matches!(invalid, Invalid::Digest | Invalid::Table);
        prop_assert!(!beyond || inside && good[1] && payload_length.max(header.payload_length) >= 8, "{invalid:?}");
        prop_assert_eq!(beyond || matches!(invalid, Invalid::Bootloader | Invalid::OtherSlot),
                        u32::from(header.header_length) == board.header_length && inside && header.payload_length >= 8
                        && header.linked_for(board).is_some(), "{:?}", invalid);
    }

    #[test]
    fn any_bytes_as_a_signed_table(
        board in boards(), slot in slots(),
        table in prop::collection::vec(prop_oneof![0_u8..0x40, any::<u8>()], 1..40),
    ) {
        let mut image = SignedImage::new(board, LENGTH);
        image.table = table.clone();
        image.seal();
        let mut flash = SimulatedFlash::new(board);
        image.put(&mut flash, slot);
        let verdict = trusted(board)(&mut flash, slot);
        if !table_is_good(&table, LENGTH as u32) {
            prop_assert_eq!(verdict, Err(Invalid::Table));
        } else if slot == Slot::A {
            prop_assert!(verdict.is_ok(), "{verdict:?}");
        } else {
            // What was written was rebased by the image's own pointers, not by this table.
            prop_assert_eq!(verdict, Err(Invalid::Digest));
        }
    }

    #[test]
    fn any_bytes_as_a_slot(board in boards(), slot in slots(), seed in any::<u64>(), magic in any::<bool>()) {
        let mut flash = SimulatedFlash::new(board);
        let mut content = Chance::new(seed).bytes(board.slot(slot).length as usize);
        if magic {
            // As far as the signature, at least.
            content[..6].copy_from_slice(b"LBIM\x01\0");
            content[0x5A..0x5C].fill(0);
            content[0x5C..0x60].copy_from_slice(&key_id(key(1).verifying_key().as_bytes()));
            content[0x60..0xC0].fill(0);
        }
        flash.put(board.slot(slot).start, &content);
        let expected = if magic { Invalid::Signature } else { Invalid::NoImage };
        prop_assert_eq!(trusted(board)(&mut flash, slot), Err(expected));
    }

    #[test]
    fn any_payload_behind_a_good_header(board in boards(), slot in slots(), seed in any::<u64>()) {
        let image = SignedImage::new(board, LENGTH);
        let mut flash = SimulatedFlash::new(board);
        let start = board.slot(slot).start;
        flash.put(start, &Chance::new(seed).bytes(board.slot(slot).length as usize));
        flash.put(start, &image.content(slot)[..HEADER_LENGTH]);
        let verdict = trusted(board)(&mut flash, slot);
        prop_assert!(matches!(verdict, Err(Invalid::Digest | Invalid::Table)), "{verdict:?}");
    }
}

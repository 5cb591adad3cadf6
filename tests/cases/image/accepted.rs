//! Accepted images: in either slot, up to the exact limits, on every board.

use super::{LENGTH, content_verdict, trusted, verdict};
use crate::signed_image::{Pointer, SignedImage, info, key_ids, table_of};
use lifeboot_core::image::{Invalid, Trust};
use lifeboot_core::layout::{BLOCK, EPOCH_STEP};
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::record::Record;
use lifeboot_core::verify::{RECHECK_OK, recheck, verify};
use lifeboot_core::{Slot, info};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::SimulatedFlash;

#[test]
fn one_image_runs_in_either_slot() {
    for board in BOARDS {
        // All remainders of a block's length, so that pointers lie across all borders.
        for length in LENGTH..LENGTH + BLOCK as usize {
            let image = SignedImage::new(board, length);
            for slot in Slot::BOTH {
                let verified = verdict(&image, slot).unwrap_or_else(|invalid| panic!("{length}, {slot}: {invalid:?}"));
                let vectors = board.payload_address(slot);
                assert_eq!((verified.slot(), verified.vectors()), (slot, vectors));
                assert_eq!((verified.stack(), verified.entry()), (board.ram.end(), vectors + 0x81));
                assert_eq!((verified.version(), verified.epoch()), (image.header.version, 0));
                assert_eq!(*verified.digest(), image.header.digest);
            }
            assert_ne!(image.content(Slot::A), image.content(Slot::B), "the slots hold different bytes");
        }
    }
}

/// Right before the jump: what lies in flash must still be what was verified, and still be trusted.
#[test]
fn what_was_verified_is_checked_again() {
    for board in BOARDS {
        let image = SignedImage::new(board, LENGTH);
        let mut flash = SimulatedFlash::new(board);
        image.put(&mut flash, Slot::A);
        let verified = trusted(board)(&mut flash, Slot::A).unwrap();
        assert_eq!((verified.version(), verified.stack()), (image.header.version, board.ram.end()));
        assert_eq!(verified.entry(), board.payload_address(Slot::A) + 0x81);
        assert_eq!(recheck(&verified, &mut flash, board, &info().for_board(board)), RECHECK_OK);
        let mut other = image.clone();
        other.header.digest[0] ^= 1;
        flash.put(board.slot(Slot::A).start, &other.header_bytes());
        assert_ne!(recheck(&verified, &mut flash, board, &info().for_board(board)), RECHECK_OK);
    }
}

#[test]
fn an_image_that_was_linked_for_slot_b_runs_in_either_too() {
    for board in BOARDS {
        let image = SignedImage::linked_for(Slot::B, board, LENGTH);
        for slot in Slot::BOTH {
            assert_eq!(verdict(&image, slot).unwrap().vectors(), board.payload_address(slot));
        }
    }
}

#[test]
fn a_bound_image_runs_in_its_own_slot_only() {
    for board in BOARDS {
        for slot in Slot::BOTH {
            let image = SignedImage::linked_for(slot, board, LENGTH).bound();
            assert_eq!(verdict(&image, slot).unwrap().slot(), slot);
            assert_eq!(verdict(&image, slot.other()), Err(Invalid::OtherSlot));
        }
    }
}

#[test]
fn an_image_that_fills_its_slot_to_the_last_byte() {
    for board in BOARDS {
        let capacity = board.capacity() as usize;
        let full = SignedImage::new(board, capacity).bound();
        assert_eq!(full.content(Slot::A).len(), board.slot(Slot::A).length as usize);
        assert!(verdict(&full, Slot::A).is_ok());

        // A table that ends with the slot: 128 pointers, two bytes each.
        let block = BLOCK as usize;
        let mut tabled = SignedImage::new(board, capacity - block);
        let places = (1..=block as u32 / 2).map(|number| Entry { offset: 200 * number, kind: Kind::Word });
        let address = board.payload_address(Slot::A) + 0x201;
        tabled.table = table_of([Entry { offset: 4, kind: Kind::Word }].into_iter().chain(places.clone()));
        tabled.pointers.retain(|pointer| pointer.place.offset == 4);
        tabled.pointers.extend(places.map(|place| Pointer { place, address }));
        // The pointer at 4 is one byte more: the last place goes.
        while tabled.table.len() > block {
            tabled.pointers.pop();
            tabled.table = table_of(tabled.pointers.iter().map(|pointer| pointer.place));
        }
        tabled.seal();
        assert!(board.slot(Slot::A).length as usize - tabled.content(Slot::A).len() < 2);
        for slot in Slot::BOTH {
            assert!(verdict(&tabled, slot).is_ok(), "{:?}", verdict(&tabled, slot));
        }
    }
}

#[test]
fn what_the_device_does_not_judge_is_free() {
    for board in BOARDS {
        let changes: [fn(&mut SignedImage); 6] = [
            |image| image.header.version = lifeboot_core::Version { major: u16::MAX, ..Default::default() },
            |image| image.header.epoch = u32::MAX,
            |image| image.header.schemas = (7, u16::MAX),
            |image| image.header.schemas = (u16::MAX, 0),
            |image| image.header.lowest_bootloader = 0,
            |image| image.header.lowest_bootloader = info::FORMAT,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut image = SignedImage::new(board, LENGTH);
            change(&mut image);
            for slot in Slot::BOTH {
                assert!(verdict(&image, slot).is_ok(), "change {number}");
            }
        }
    }
}

/// Neither the space around header, payload and table nor what lies behind them is covered by the signature; it
/// is never started or read.
#[test]
fn padding_does_not_count() {
    for board in BOARDS {
        let image = SignedImage::new(board, LENGTH);
        let payload_end = board.header_length + LENGTH as u32;
        let image_end = image.table_offset() + image.table.len() as u32;
        let padding = [256..board.header_length, payload_end..image.table_offset(), image_end..image_end + 64];
        for slot in Slot::BOTH {
            let mut content = image.content(slot);
            content.resize(image_end as usize + 64, 0xff);
            for place in padding.iter().cloned().flatten() {
                content[place as usize] = 0;
            }
            assert!(content_verdict(board, &content, slot).is_ok());
        }
    }
}

#[test]
fn every_key_of_the_device_counts_until_it_is_revoked() {
    for board in BOARDS {
        for number in [1, 2] {
            let image = SignedImage::new(board, LENGTH).signed_with(number);
            let mut flash = SimulatedFlash::new(board);
            image.put(&mut flash, Slot::A);
            for revoked in [&[][..], &[1], &[2], &[1, 2], &[3, 2, 1], &[7, 8, 9]] {
                let record = Record { revoked: key_ids(revoked), ..Record::FACTORY };
                let trust = Trust { board, info: &info().for_board(board), record: &record };
                let verdict = verify(&mut flash, &trust, Slot::A).map(|verified| verified.slot());
                let expected = if revoked.contains(&number) { Err(Invalid::RevokedKey) } else { Ok(Slot::A) };
                assert_eq!(verdict, expected, "key {number}, revoked {revoked:?}");
            }
        }
        let unknown = SignedImage::new(board, LENGTH).signed_with(3);
        assert_eq!(verdict(&unknown, Slot::A), Err(Invalid::UnknownKey));
    }
}

/// What was migrated must never be read by firmware that does not know it, by whatever path it would be started.
#[test]
fn the_image_must_support_the_schema_that_was_recorded() {
    for board in BOARDS {
        let mut image = SignedImage::new(board, LENGTH);
        image.header.schemas = (3, 5);
        let mut flash = SimulatedFlash::new(board);
        image.put(&mut flash, Slot::A);
        for (schema, good) in [(0, true), (1, false), (2, false), (3, true), (5, true), (6, false), (u16::MAX, false)] {
            let trust = Trust { board, info: &info().for_board(board), record: &Record { schema, ..Record::FACTORY } };
            let verdict = verify(&mut flash, &trust, Slot::A).map(|verified| verified.slot());
            assert_eq!(verdict, if good { Ok(Slot::A) } else { Err(Invalid::Schema) }, "schema {schema}");
        }
    }
}

/// A confirm raises the floor irreversibly, so a wrong epoch would use up those of all later images.
#[test]
fn an_epoch_far_above_the_floor_is_not_accepted() {
    for board in BOARDS {
        for (epoch_floor, epoch, good) in [
            (0, 0, true),
            (0, EPOCH_STEP, true),
            (0, EPOCH_STEP + 1, false),
            (0, u32::MAX, false),
            (7, EPOCH_STEP + 7, true),
            (7, EPOCH_STEP + 8, false),
            (u32::MAX - 1, u32::MAX, true),
            (9, 3, true),
        ] {
            let mut image = SignedImage::new(board, LENGTH);
            image.header.epoch = epoch;
            let trust =
                Trust { board, info: &info().for_board(board), record: &Record { epoch_floor, ..Record::FACTORY } };
            let expected = if good { Ok(()) } else { Err(Invalid::EpochStep) };
            assert_eq!(trust.check_epoch_step(&image.header), expected, "{epoch} on {epoch_floor}");
        }
    }
}

#[test]
fn the_epoch_must_reach_the_floor() {
    for board in BOARDS {
        let mut image = SignedImage::new(board, LENGTH);
        image.header.epoch = 5;
        let mut flash = SimulatedFlash::new(board);
        image.put(&mut flash, Slot::A);
        for (epoch_floor, good) in [(0, true), (4, true), (5, true), (6, false), (u32::MAX, false)] {
            let trust =
                Trust { board, info: &info().for_board(board), record: &Record { epoch_floor, ..Record::FACTORY } };
            let verdict = verify(&mut flash, &trust, Slot::A).map(|verified| verified.epoch());
            assert_eq!(verdict, if good { Ok(5) } else { Err(Invalid::Epoch) }, "floor {epoch_floor}");
        }
    }
}

#[test]
fn flash_that_cannot_be_read_is_not_started() {
    use lifeboot_tests::simulated_flash::Cut;
    for board in BOARDS {
        let mut flash = SimulatedFlash::new(board);
        SignedImage::new(board, LENGTH).put(&mut flash, Slot::A);
        flash.cut(0, Cut::Before);
        let start = board.journal.start;
        embedded_storage::nor_flash::NorFlash::erase(&mut flash, start, start + board.journal_unit).unwrap_err();
        assert_eq!(trusted(board)(&mut flash, Slot::A), Err(Invalid::Flash));
        flash.power_on();
        assert!(trusted(board)(&mut flash, Slot::A).is_ok());
    }
}

//! Without interruptions: appended records are found, erases are as few as the map allows, and a caller can make them
//! separately.

use super::{
    MAPS, assert_used_well, blank, change, filled, found, maps, newest_place, number_at, numbered, places, records,
    usable,
};
use lifeboot_core::Slot;
use lifeboot_core::journal::{Effort, Journal};
use lifeboot_core::record::{RECORD_LENGTH, Record, Trial};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::Part;
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_is_appended_is_found(
        board in maps(), appended in prop::collection::vec((records(), any::<bool>()), 0..120),
    ) {
        let mut flash = blank(board);
        let mut journal = Journal::open(&mut flash, board);
        prop_assert!(journal.is_blank());
        prop_assert_eq!(journal.record(), &Record::FACTORY);
        for (record, reopened) in appended {
            if reopened {
                journal = Journal::open(&mut flash, board);
            }
            journal.append(&mut flash, &record).unwrap();
            prop_assert!(!journal.is_blank());
            prop_assert_eq!(journal.record(), &record);
            prop_assert_eq!(found(&mut flash, board), record);
        }
        assert_used_well(&flash);
    }
}

#[test]
fn across_all_units_many_times() {
    for board in MAPS {
        let all = places(board).count() as u32;
        let mut flash = blank(board);
        let mut journal = Journal::open(&mut flash, board);
        assert!(journal.is_blank());
        for number in 1..=3 * all + 1 {
            journal.append(&mut flash, &numbered(number)).unwrap();
            assert!(!journal.is_blank() && !journal.is_failing(&mut flash), "{number} on {}", board.name);
            // At the borders of units, and now and then.
            if number % usable(board) < 2 || number % 31 == 0 {
                assert_eq!(found(&mut flash, board), numbered(number), "{}", board.name);
                journal = Journal::open(&mut flash, board);
            }
        }
        assert_used_well(&flash);
    }
}

/// Two records an update; each erase makes room for a unit of them.
#[test]
fn a_hundred_updates_cost_few_erases() {
    let erases = BOARDS.map(|board| filled(board, 200).wear(Part::Journal).erases);
    for (board, erases) in BOARDS.into_iter().zip(erases) {
        assert_eq!(erases, 200_u32.div_ceil(usable(board)) - 1, "{}", board.name);
    }
    // 8, 128 and, of a page each, 16 records a unit, three of them spare: 39 erases, spread over two units, 1, and 15.
    assert_eq!(erases, [39, 1, 15]);
}

#[test]
fn a_record_costs_one_write_and_an_erase_only_where_its_unit_is_full() {
    for board in MAPS {
        let mut flash = blank(board);
        let mut journal = Journal::open(&mut flash, board);
        for number in 0..2 * places(board).count() as u32 {
            let before = flash.wear(Part::Journal);
            change(&mut flash, &mut journal, numbered(number)).unwrap();
            let after = flash.wear(Part::Journal);
            let erases = u32::from(number > 0 && number.is_multiple_of(usable(board)));
            assert_eq!((after.erases - before.erases, after.writes - before.writes), (erases, 1), "{}", board.name);
            assert_eq!(after.bytes - before.bytes, super::stride(board));
        }
    }
}

#[test]
fn a_prepared_append_is_one_operation() {
    for board in MAPS {
        let mut flash = blank(board);
        let mut journal = Journal::open(&mut flash, board);
        for number in 0..2 * places(board).count() as u32 {
            let before = flash.operations();
            let erased = journal.prepare(&mut flash, Effort::Unbounded).unwrap();
            assert_eq!(erased, number > 0 && number.is_multiple_of(usable(board)), "{}", board.name);
            assert_eq!(flash.operations() - before, u32::from(erased));
            assert_eq!(journal.prepare(&mut flash, Effort::Unbounded), Ok(false), "once is enough");
            let prepared = flash.operations();
            change(&mut flash, &mut journal, numbered(number)).unwrap();
            assert_eq!(flash.operations() - prepared, 1);
            if number % 17 == 0 {
                assert_eq!(found(&mut flash, board), numbered(number), "{}", board.name);
            }
        }
        assert_used_well(&flash);
    }
}

/// Preparation does not survive a reset: after one, flash that merely reads as blank must not be trusted.
#[test]
fn a_unit_that_somebody_else_prepared_is_erased_again() {
    for board in MAPS {
        let mut flash = filled(board, usable(board));
        let before = flash.wear(Part::Journal).erases;
        for _ in 0..2 {
            assert_eq!(
                Journal::open(&mut flash, board).prepare(&mut flash, Effort::Unbounded),
                Ok(true),
                "{}",
                board.name
            );
        }
        assert_eq!(found(&mut flash, board), numbered(usable(board)));
        let mut journal = Journal::open(&mut flash, board);
        change(&mut flash, &mut journal, numbered(99_999)).unwrap();
        assert_eq!(flash.wear(Part::Journal).erases - before, 3);
        assert_eq!(found(&mut flash, board), numbered(99_999));
        assert_used_well(&flash);
    }
}

/// Flash counts, not what the journal was read as before: a caller that has misread it must not undo what it did not see.
#[test]
fn a_state_that_was_misread_is_not_written_over_a_newer_one() {
    for board in MAPS {
        let newer = Record { epoch_floor: 7, confirmed: Slot::B, ..Record::FACTORY };
        let mut flash = blank(board);
        let mut read_before = Journal::open(&mut flash, board);
        Journal::open(&mut flash, board).append(&mut flash, &newer).unwrap();
        let operations = flash.operations();
        let stale = Record { trial: Some(Trial::new(Slot::B)), ..Record::FACTORY };
        assert!(read_before.clone().append(&mut flash, &stale).is_err());
        assert_eq!((flash.operations(), found(&mut flash, board)), (operations, newer));
        // A change is applied to what is there.
        read_before.change(&mut flash, |record| record.trial = stale.trial).unwrap();
        assert_eq!(found(&mut flash, board), Record { trial: stale.trial, ..newer });
    }
}

/// Not even one with the same number, which is what a torn record may turn into.
#[test]
fn a_state_with_the_same_number_that_was_misread_counts_too() {
    for board in MAPS {
        let mut flash = filled(board, 3);
        let mut journal = Journal::open(&mut flash, board);
        let newest = newest_place(&flash, board);
        let number = number_at(&flash, newest).unwrap();
        flash.put(newest, &numbered(9).to_bytes(number));
        assert!(journal.append(&mut flash, &numbered(4)).is_err(), "{}", board.name);
        assert_eq!((*journal.record(), found(&mut flash, board)), (numbered(9), numbered(9)));
    }
}

/// What has got lost since it was read is no newer state.
#[test]
fn a_state_that_was_lost_is_continued() {
    for board in MAPS {
        let mut flash = filled(board, 3);
        let mut journal = Journal::open(&mut flash, board);
        let newest = newest_place(&flash, board);
        flash.put(newest, &[0; RECORD_LENGTH]);
        journal.append(&mut flash, &numbered(4)).unwrap();
        assert_eq!(found(&mut flash, board), numbered(4), "{}", board.name);
    }
}

#[test]
fn a_record_that_says_what_the_newest_says_is_not_written() {
    for board in MAPS {
        let mut flash = filled(board, 3);
        let operations = flash.operations();
        for _ in 0..5 {
            Journal::open(&mut flash, board).append(&mut flash, &numbered(3)).unwrap();
        }
        assert_eq!(flash.operations(), operations);
    }
}

#[test]
fn flash_that_refuses_keeps_the_old_record() {
    for board in MAPS {
        for number in [0, 1, usable(board)] {
            let mut flash = filled(board, number);
            flash.refuse(Part::Journal, true);
            let mut journal = Journal::open(&mut flash, board);
            let old = *journal.record();
            assert!(journal.append(&mut flash, &numbered(99_999)).is_err());
            assert_eq!((journal.record(), &found(&mut flash, board)), (&old, &old), "{}", board.name);
            flash.refuse(Part::Journal, false);
            journal.append(&mut flash, &numbered(99_999)).unwrap();
            assert_eq!(found(&mut flash, board), numbered(99_999), "{}", board.name);
            assert_used_well(&flash);
        }
    }
}

//! Without interruptions: appended records are found, erases are as few as the map allows, and a caller can make them
//! separately.

use super::{
    MAPS, assert_used_well, blank, filled, following, found, maps, numbered, places, records, records_of_a_unit,
};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::BOARDS;
use lifeboot_core::record::Record;
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
            let record = following(journal.record(), record);
            journal.append(&mut flash, record).unwrap();
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
        for number in 1..=3 * all + 1 {
            journal.append(&mut flash, numbered(number)).unwrap();
            // At the borders of units, and now and then.
            if number % records_of_a_unit(board) < 2 || number % 31 == 0 {
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
        assert_eq!(erases, 200_u32.div_ceil(records_of_a_unit(board)), "{}", board.name);
    }
    // 10, 170 and, of a page each, 16 records a unit: 20 erases, spread over two units, 2, and 13.
    assert_eq!(erases, [20, 2, 13]);
}

#[test]
fn a_record_costs_one_write_and_an_erase_only_where_its_unit_is_full() {
    for board in MAPS {
        let mut flash = blank(board);
        let mut journal = Journal::open(&mut flash, board);
        for number in 0..2 * places(board).count() as u32 {
            let before = flash.wear(Part::Journal);
            journal.append(&mut flash, numbered(number)).unwrap();
            let after = flash.wear(Part::Journal);
            let erases = u32::from(number.is_multiple_of(records_of_a_unit(board)));
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
            let erased = journal.prepare(&mut flash).unwrap();
            assert_eq!(erased, number.is_multiple_of(records_of_a_unit(board)), "{}", board.name);
            assert_eq!(flash.operations() - before, u32::from(erased));
            assert_eq!(journal.prepare(&mut flash), Ok(false), "once is enough");
            let prepared = flash.operations();
            journal.append(&mut flash, numbered(number)).unwrap();
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
        let mut flash = filled(board, records_of_a_unit(board));
        let before = flash.wear(Part::Journal).erases;
        for _ in 0..2 {
            assert_eq!(Journal::open(&mut flash, board).prepare(&mut flash), Ok(true), "{}", board.name);
        }
        assert_eq!(found(&mut flash, board), numbered(records_of_a_unit(board)));
        Journal::open(&mut flash, board).append(&mut flash, numbered(99_999)).unwrap();
        assert_eq!(flash.wear(Part::Journal).erases - before, 3);
        assert_eq!(found(&mut flash, board), numbered(99_999));
        assert_used_well(&flash);
    }
}

/// Flash counts, not what the journal was read as before.
#[test]
fn a_floor_that_falls_and_a_key_that_comes_back_are_refused() {
    for board in MAPS {
        let before = Record { epoch_floor: 7, revoked: 0b110, ..Record::FACTORY };
        let mut flash = blank(board);
        let mut read_before = Journal::open(&mut flash, board);
        Journal::open(&mut flash, board).append(&mut flash, before).unwrap();
        let operations = flash.operations();
        for worse in [Record { epoch_floor: 6, ..before }, Record { revoked: 0b1011, ..before }, Record::FACTORY] {
            for journal in [&mut read_before, &mut Journal::open(&mut flash, board)] {
                assert!(journal.append(&mut flash, worse).is_err(), "{worse:?}");
            }
        }
        assert_eq!((flash.operations(), found(&mut flash, board)), (operations, before));
        let better = Record { epoch_floor: 8, revoked: 0b1110, ..before };
        Journal::open(&mut flash, board).append(&mut flash, better).unwrap();
        assert_eq!(found(&mut flash, board), better);
    }
}

#[test]
fn flash_that_refuses_keeps_the_old_record() {
    for board in MAPS {
        for number in [0, 1, records_of_a_unit(board)] {
            let mut flash = filled(board, number);
            flash.refuse(Part::Journal, true);
            let mut journal = Journal::open(&mut flash, board);
            let old = *journal.record();
            assert!(journal.append(&mut flash, numbered(99_999)).is_err());
            assert_eq!((journal.record(), &found(&mut flash, board)), (&old, &old), "{}", board.name);
            flash.refuse(Part::Journal, false);
            journal.append(&mut flash, numbered(99_999)).unwrap();
            assert_eq!(found(&mut flash, board), numbered(99_999), "{}", board.name);
            assert_used_well(&flash);
        }
    }
}

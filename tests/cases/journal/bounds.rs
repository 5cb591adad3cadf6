//! What a write may cost, and which sequence numbers it uses up.

use super::{MAPS, change, filled, found, newest_place, number_at, numbered, places, stride, usable};
use crate::persistence::faulty::{Faulty, Lasting};
use lifeboot_core::journal::{Effort, Journal, SPARE, SPOILT};
use lifeboot_core::layout::Board;
use lifeboot_core::record::RECORD_LENGTH;
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash, Wear};

fn units(board: &Board) -> u32 {
    board.journal.length / board.journal_unit
}

/// The newest sequence number.
fn number(flash: &SimulatedFlash, board: &Board) -> u32 {
    number_at(flash, newest_place(flash, board)).unwrap_or(0)
}

/// A journal whose last unit is full, so that its first, which is as it was left, is the next.
fn full(board: &'static Board) -> SimulatedFlash {
    filled(board, units(board) * usable(board))
}

/// How a bounded caller erases the next unit, in a journal that is opened now.
fn prepare(flash: &mut SimulatedFlash, board: &'static Board) -> bool {
    Journal::open(flash, board).prepare(flash, Effort::Bounded).unwrap()
}

#[test]
fn three_places_that_take_nothing_are_enough_in_each_unit() {
    for board in MAPS {
        let mut flash = Faulty::new(filled(board, 1), board);
        flash.fault = Lasting::FailingWrites;
        let mut journal = Journal::open(&mut flash, board);
        assert!(journal.append(&mut flash, &numbered(2)).is_err());
        // The next unit is blank: for all that can be known, an erase of it was interrupted.
        assert_eq!((flash.writes, flash.erases), (SPOILT, 0), "{}", board.name);
        assert!(change(&mut flash, &mut journal, numbered(2)).is_err());
        assert_eq!((flash.writes, flash.erases), (SPOILT + units(board) * SPOILT, units(board) - 1), "{}", board.name);
    }
}

#[test]
fn what_somebody_has_requested_is_written_though_it_is_there_already_or_three_places_are_torn() {
    for board in MAPS {
        let mut flash = filled(board, 1);
        for spoilt in 0..=SPOILT {
            let mut torn = flash.clone();
            let before = torn.operations();
            Journal::open(&mut torn, board).append_unbounded(&mut torn, &numbered(1)).unwrap();
            assert!(torn.operations() > before, "{spoilt} torn places, {}", board.name);
            flash.put(newest_place(&flash, board) + (spoilt + 1) * stride(board), &[0; 8]);
        }
    }
}

/// The first erase of the next unit costs no record, and each further one does.
#[test]
fn a_bounded_caller_erases_the_next_unit_once() {
    for board in MAPS {
        let mut flash = full(board);
        let before = flash.wear(Part::Journal);
        let mut journal = Journal::open(&mut flash, board);
        assert!(journal.prepare(&mut flash, Effort::Bounded).unwrap(), "{}", board.name);
        assert!(!prepare(&mut flash, board), "{}: it is erased again without a record", board.name);
        journal.append(&mut flash, &numbered(1_000)).unwrap();
        let spent = flash.wear(Part::Journal).since(before);
        assert_eq!((spent.erases, spent.writes), (1, 1), "{}", board.name);
    }
}

#[test]
fn a_bounded_append_costs_one_erase_and_one_write() {
    for board in MAPS {
        let mut flash = full(board);
        let before = flash.wear(Part::Journal);
        Journal::open(&mut flash, board).append(&mut flash, &numbered(1_000)).unwrap();
        let spent = flash.wear(Part::Journal).since(before);
        assert_eq!(spent, Wear { erases: 1, writes: 1, bytes: stride(board) }, "{}", board.name);
    }
}

/// What an interrupted erase has left shows.
#[test]
fn a_bounded_caller_leaves_a_unit_alone_that_was_erased_in_part() {
    for board in MAPS {
        let [first, second, third] = [0, 1, 2].map(|place| board.journal.start + place * stride(board));
        let unit_end = board.journal.start + board.journal_unit;
        let blank = |from: u32, to: u32| vec![0xff; (to - from) as usize];
        for (place, bytes) in [
            (first, vec![0; stride(board) as usize]),
            (first, blank(first, second)),
            (second, blank(second, third)),
            (second, blank(second, unit_end)),
            (unit_end - stride(board), vec![0; stride(board) as usize]),
        ] {
            let mut flash = full(board);
            assert!(prepare(&mut flash.clone(), board), "{}", board.name);
            flash.put(place, &bytes);
            assert!(!prepare(&mut flash, board), "{} bytes at {place:#x}, {}", bytes.len(), board.name);
        }
    }
}

/// A bounded caller writes no more where it would only repeat what has failed, and the journal says so.
#[test]
fn a_journal_is_given_up_when_a_bounded_caller_writes_no_more() {
    fn assert_given_up(flash: &mut SimulatedFlash, board: &'static Board, is_given_up: bool, what: &str) {
        let mut journal = Journal::open(flash, board);
        assert_eq!(journal.is_given_up(flash), is_given_up, "{what}, {}", board.name);
        assert_eq!(journal.is_failing(flash), is_given_up, "{what}, {}", board.name);
        let before = flash.operations();
        assert_eq!(journal.append(flash, &numbered(1_000)).is_err(), is_given_up, "{what}, {}", board.name);
        assert_eq!(flash.operations() == before, is_given_up, "{what}, {}", board.name);
    }
    for board in MAPS {
        let mut flash = filled(board, 1);
        for spoilt in 1..=SPOILT {
            flash.put(newest_place(&flash, board) + spoilt * stride(board), &[0; 8]);
            assert_given_up(&mut flash.clone(), board, spoilt == SPOILT, "torn places");
        }

        // Its spare places are used up as well.
        let mut flash = full(board);
        let (newest, number) = (newest_place(&flash, board), number(&flash, board));
        for spare in 1..=SPARE {
            flash.put(newest + spare * stride(board), &numbered(spare).to_bytes(number + spare));
        }
        assert_given_up(&mut flash.clone(), board, false, "the next unit is as it was left");
        flash.put(board.journal.start, &vec![0xff; board.journal_unit as usize]);
        assert_given_up(&mut flash, board, true, "the next unit was erased");
    }
}

/// Flash that takes nothing, and shows nothing.
#[test]
fn a_journal_whose_last_write_has_failed_is_given_up_until_it_is_opened_again() {
    for board in MAPS {
        let mut flash = Faulty::new(filled(board, 1), board);
        flash.fault = Lasting::FailingWrites;
        let mut journal = Journal::open(&mut flash, board);
        assert!(!journal.is_given_up(&mut flash));
        assert!(journal.append(&mut flash, &numbered(2)).is_err());
        assert!(journal.is_given_up(&mut flash) && journal.is_failing(&mut flash), "{}", board.name);
        assert!(!Journal::open(&mut flash, board).is_given_up(&mut flash), "{}", board.name);
    }
}

/// A write uses up a number for each place that it may have torn, and no more: numbers must last.
#[test]
fn numbers_are_used_up_slowly() {
    for board in MAPS {
        let mut flash = filled(board, 0);
        let mut journal = Journal::open(&mut flash, board);
        let most = 1 + board.journal_unit / RECORD_LENGTH as u32;
        for appended in 1..=2 * places(board).count() as u32 {
            let before = number(&flash, board);
            change(&mut flash, &mut journal, numbered(appended)).unwrap();
            let used = number(&flash, board) - before;
            assert!(used == 1 || used == most, "{used} for record {appended}, {}", board.name);
        }
    }
}

/// A record in a spare place is newer than any that attempts to leave its unit may have torn.
#[test]
fn a_record_in_a_spare_place_has_a_number_that_no_other_place_can_have() {
    for board in MAPS {
        let mut flash = Faulty::new(filled(board, usable(board)), board);
        let before = number(&flash.flash, board);
        flash.fault = Lasting::FailingErases;
        let mut journal = Journal::open(&mut flash, board);
        change(&mut flash, &mut journal, numbered(1_000)).unwrap();
        assert_eq!(found(&mut flash.flash, board), numbered(1_000), "{}", board.name);
        let (used, all) = (number(&flash.flash, board) - before, board.journal.length / RECORD_LENGTH as u32);
        assert!((all + 1..=2 * all + 1).contains(&used), "{used}, {}", board.name);
    }
}

//! Before anything is done that only one reading of the journal permits, the newest record is written again until flash
//! holds it three times with nothing torn behind it.

use super::{MAPS, assert_used_well, blank, change, found, numbered, places, stride, usable};
use lifeboot_core::journal::{Effort, Journal};
use lifeboot_core::layout::{Board, Region};
use lifeboot_core::record::{RECORD_LENGTH, Record};
use lifeboot_tests::simulated_flash::{Cut, SimulatedFlash};

/// A journal that holds its newest record, the `number`th, once.
fn fresh(board: &'static Board, number: u32) -> SimulatedFlash {
    super::filled(board, number)
}

/// Settles the journal at one boot after the other, until nothing is left to do; returns how many flash operations that
/// took, one a step.
fn settle(flash: &mut SimulatedFlash, board: &'static Board) -> u32 {
    let (before, mut steps) = (flash.operations(), 0);
    while !Journal::open(flash, board).is_settled(flash) {
        let mut journal = Journal::open(flash, board);
        while journal.settle(flash, Effort::Unbounded).unwrap() {
            steps += 1;
        }
        assert!(journal.is_settled(flash), "what was written whole is no suspect");
    }
    assert_eq!(flash.operations() - before, steps, "{}", board.name);
    steps
}

/// The offsets of records with this state.
fn places_of(flash: &SimulatedFlash, board: &Board, record: &Record) -> Vec<u32> {
    let holds = |place: &u32| {
        let region = Region { start: *place, length: RECORD_LENGTH as u32 };
        let bytes = flash.region(region).try_into().unwrap();
        Record::from_bytes(bytes).is_some_and(|(_, state)| state == *record)
    };
    places(board).filter(holds).collect()
}

#[test]
fn three_equal_records() {
    for board in MAPS {
        let unit = usable(board);
        for number in [1, unit - 2, unit - 1, unit, 2 * unit - 2, 2 * unit] {
            let mut flash = fresh(board, number);
            assert!(!Journal::open(&mut flash, board).is_settled(&mut flash));
            // Two more, or where the unit ends before, three in the next one, which is erased first.
            let steps = if (1..=unit - 2).contains(&(number % unit)) { 2 } else { 4 };
            assert!((2..=steps + 1).contains(&settle(&mut flash, board)), "{number}, {}", board.name);
            assert_eq!(settle(&mut flash, board), 0);
            assert!(places_of(&flash, board, &numbered(number)).len() >= 3);
            assert_eq!(found(&mut flash, board), numbered(number));
            assert_used_well(&flash);
        }
    }
}

#[test]
fn without_a_record_there_is_nothing_to_settle() {
    for board in MAPS {
        assert_eq!(settle(&mut blank(board), board), 0);
    }
}

/// Also at the end of a unit, where the next one holds older records.
#[test]
fn three_equal_records_at_the_end_of_a_unit_are_settled() {
    for board in MAPS {
        let all = board.journal.length / board.journal_unit * usable(board);
        let mut flash = super::filled(board, all - 2);
        let mut journal = Journal::open(&mut flash, board);
        for _ in 0..2 {
            change(&mut flash, &mut journal, numbered(all - 2)).unwrap();
        }
        assert!(Journal::open(&mut flash, board).is_settled(&mut flash), "{}", board.name);
    }
}

/// Three that follow each other: if the newest is torn, an other state must not come back.
#[test]
fn three_equal_records_with_another_between_them_are_not_settled() {
    for board in MAPS {
        let mut flash = blank(board);
        let mut journal = Journal::open(&mut flash, board);
        for number in [1, 1, 2, 1] {
            change(&mut flash, &mut journal, numbered(number)).unwrap();
        }
        assert!(!Journal::open(&mut flash, board).is_settled(&mut flash), "{}", board.name);
    }
}

/// The purpose: any two of the three may turn out to be torn.
#[test]
fn what_is_settled_outlives_two_records() {
    for board in MAPS {
        let unit = usable(board);
        for number in [2, unit - 1, unit, 2 * unit] {
            let mut flash = fresh(board, number);
            settle(&mut flash, board);
            let places = places_of(&flash, board, &numbered(number));
            assert!((3..=5).contains(&places.len()), "{}", board.name);
            for spared in &places {
                let mut torn = flash.clone();
                for place in places.iter().filter(|place| *place != spared) {
                    torn.put(place + stride(board) - 8, &[0x5a; 8]);
                    torn.put(place + RECORD_LENGTH as u32 - 8, &[0x5a; 8]);
                }
                assert_eq!(found(&mut torn, board), numbered(number), "{}, {spared:#x} is left", board.name);
            }
        }
    }
}

/// A torn record behind the newest one may be invalid now and valid later, so a newer record must follow it.
#[test]
fn what_was_torn_behind_the_newest_record_never_becomes_the_state() {
    for board in MAPS {
        let unit = usable(board);
        for number in [0, 1, unit.saturating_sub(3), unit - 2, unit - 1, unit, 2 * unit - 2, 2 * unit] {
            let mut flash = fresh(board, number);
            settle(&mut flash, board);
            let state = found(&mut flash, board);
            let other = numbered(99_999);
            let mut journal = Journal::open(&mut flash, board);
            change(&mut flash, &mut journal, other).unwrap();
            let [place] = places_of(&flash, board, &other)[..] else { panic!("one append, one record") };
            let region = Region { start: place, length: RECORD_LENGTH as u32 };
            let (whole, mut torn) = (flash.region(region).to_vec(), flash.region(region).to_vec());
            torn[RECORD_LENGTH - 1] ^= 0x18;
            flash.put(place, &torn);
            assert_eq!(found(&mut flash, board), state);

            assert!(settle(&mut flash, board) > 0, "{number}, {}", board.name);
            if flash.region(region) == torn {
                flash.put(place, &whole);
            }
            assert_eq!(found(&mut flash, board), state, "{number}, {}", board.name);
        }
    }
}

#[test]
fn a_cut_while_settling_changes_nothing() {
    for board in MAPS {
        let unit = usable(board);
        for number in [1, unit - 1, unit] {
            for operation in 0..2 {
                for words in 0..=24 {
                    let mut flash = fresh(board, number);
                    flash.cut(operation, Cut::Inside { words, mask: 0xff00_ff00 });
                    let mut journal = Journal::open(&mut flash, board);
                    while journal.settle(&mut flash, Effort::Unbounded) == Ok(true) {}
                    flash.power_on();
                    assert_eq!(found(&mut flash, board), numbered(number), "{}, {words} words", board.name);
                    // And it is still firm in the end.
                    settle(&mut flash, board);
                    assert_eq!(settle(&mut flash, board), 0);
                    assert_eq!(found(&mut flash, board), numbered(number));
                    assert_used_well(&flash);
                }
            }
        }
    }
}

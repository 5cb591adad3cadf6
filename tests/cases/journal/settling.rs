//! After a reset that may have torn a record, it is rewritten until flash holds it three times with nothing behind it;
//! after any other reset, nothing is written.

use super::{MAPS, assert_used_well, blank, found, numbered, places, records_of_a_unit, stride};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::{Board, Region};
use lifeboot_core::record::{Cause, RECORD_LENGTH, Record};
use lifeboot_tests::simulated_flash::{Cut, SimulatedFlash};

const CAUSES: [Cause; 7] =
    [Cause::Unknown, Cause::PowerOn, Cause::BrownOut, Cause::Pin, Cause::Watchdog, Cause::Fault, Cause::Request];

/// A journal that holds its newest record, the `number`th, once.
fn fresh(board: &'static Board, number: u32) -> SimulatedFlash {
    super::filled(board, number)
}

fn rewrite_if_suspect(flash: &mut SimulatedFlash, board: &'static Board, cause: Cause) -> u32 {
    let before = flash.operations();
    Journal::open(flash, board).rewrite_if_suspect(flash, cause).unwrap();
    flash.operations() - before
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
fn three_equal_records_after_a_possible_tear() {
    for board in MAPS {
        let unit = records_of_a_unit(board);
        for (cause, number) in CAUSES
            .into_iter()
            .flat_map(|cause| [1, unit - 2, unit - 1, unit, 2 * unit - 2, 2 * unit].map(|number| (cause, number)))
        {
            if cause == Cause::Request || number == 0 {
                continue;
            }
            let mut flash = fresh(board, number);
            let boots: Vec<bool> = (0..6).map(|_| rewrite_if_suspect(&mut flash, board, cause) > 0).collect();
            assert_eq!(boots, [true, true, false, false, false, false], "{cause:?}, {number}, {}", board.name);
            assert_eq!(places_of(&flash, board, &numbered(number)).len(), 3);
            assert_eq!(found(&mut flash, board), numbered(number));
            assert_used_well(&flash);
        }
    }
}

#[test]
fn nothing_is_written_after_a_requested_reset_or_without_a_record() {
    for board in MAPS {
        for number in [1, 2, records_of_a_unit(board)] {
            assert_eq!(rewrite_if_suspect(&mut fresh(board, number), board, Cause::Request), 0);
        }
        for cause in CAUSES {
            assert_eq!(rewrite_if_suspect(&mut blank(board), board, cause), 0, "{cause:?}");
        }
    }
}

/// The purpose: any two of the three may turn out to be torn.
#[test]
fn what_is_settled_outlives_two_records() {
    for board in MAPS {
        let unit = records_of_a_unit(board);
        for number in [2, unit - 1, unit, 2 * unit] {
            let mut flash = fresh(board, number);
            rewrite_if_suspect(&mut flash, board, Cause::PowerOn);
            rewrite_if_suspect(&mut flash, board, Cause::PowerOn);
            let places = places_of(&flash, board, &numbered(number));
            assert_eq!(places.len(), 3, "{}", board.name);
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
        let unit = records_of_a_unit(board);
        for number in [0, 1, unit.saturating_sub(3), unit - 2, unit - 1, unit, 2 * unit - 2, 2 * unit] {
            let mut flash = fresh(board, number);
            while rewrite_if_suspect(&mut flash, board, Cause::PowerOn) > 0 {}
            let state = found(&mut flash, board);
            let other = numbered(99_999);
            Journal::open(&mut flash, board).append(&mut flash, other).unwrap();
            let [place] = places_of(&flash, board, &other)[..] else { panic!("one append, one record") };
            let region = Region { start: place, length: RECORD_LENGTH as u32 };
            let (whole, mut torn) = (flash.region(region).to_vec(), flash.region(region).to_vec());
            torn[RECORD_LENGTH - 1] ^= 0x18;
            flash.put(place, &torn);
            assert_eq!(found(&mut flash, board), state);

            assert!(rewrite_if_suspect(&mut flash, board, Cause::PowerOn) > 0, "{number}, {}", board.name);
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
        let unit = records_of_a_unit(board);
        for number in [1, unit - 1, unit] {
            for operation in 0..2 {
                for words in 0..=24 {
                    let mut flash = fresh(board, number);
                    flash.cut(operation, Cut::Inside { words, mask: 0xff00_ff00 });
                    let _ = Journal::open(&mut flash, board).rewrite_if_suspect(&mut flash, Cause::PowerOn);
                    flash.power_on();
                    assert_eq!(found(&mut flash, board), numbered(number), "{}, {words} words", board.name);
                    // And it is still firm in the end.
                    (0..3).for_each(|_| _ = rewrite_if_suspect(&mut flash, board, Cause::PowerOn));
                    assert_eq!(rewrite_if_suspect(&mut flash, board, Cause::PowerOn), 0);
                    assert_eq!(found(&mut flash, board), numbered(number));
                    assert_used_well(&flash);
                }
            }
        }
    }
}

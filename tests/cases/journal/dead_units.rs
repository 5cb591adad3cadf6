//! A unit of the journal that has died: with three units the journal goes on without it; with two it keeps the state and says
//! that it is failing.

use super::{MAPS, blank, change, found, numbered, records_of_a_unit};
use crate::persistence::faulty::{Faulty, Lasting};
use lifeboot_core::journal::Journal;

fn faults(unit: u32) -> [Lasting; 2] {
    [Lasting::DeafUnit(unit), Lasting::ClearedUnit(unit)]
}

#[test]
fn with_three_units_one_may_die() {
    for board in MAPS {
        let units = board.journal.length / board.journal_unit;
        if units < 3 {
            continue;
        }
        for fault in (0..units).flat_map(faults) {
            for before in [0, 3, records_of_a_unit(board)] {
                let mut flash = Faulty::new(super::filled(board, before), board);
                flash.fault = fault;
                // It shows while the newest record lies in the unit behind the dead one.
                let mut tells = 0;
                for number in 1_000..1_000 + 2 * units * records_of_a_unit(board) {
                    let mut journal = Journal::open(&mut flash, board);
                    let what = format!("{fault:?}, record {number} after {before}, {}", board.name);
                    if number % 2 == 0 {
                        change(&mut flash, &mut journal, numbered(number)).expect(&what);
                    } else {
                        journal.append(&mut flash, &numbered(number)).expect(&what);
                    }
                    let journal = Journal::open(&mut flash, board);
                    assert_eq!(journal.record(), &numbered(number), "{what}");
                    tells += u32::from(journal.is_failing(&mut flash));
                }
                assert!(
                    tells > records_of_a_unit(board) / 2,
                    "{fault:?} after {before}, {}: it tells {tells} times",
                    board.name
                );
                assert_eq!(flash.flash.misuse(), None);
            }
        }
    }
}

#[test]
fn with_two_units_the_state_stays_and_the_journal_says_so() {
    for board in MAPS {
        if board.journal.length / board.journal_unit > 2 {
            continue;
        }
        for fault in (0..2).flat_map(faults) {
            let mut flash = Faulty::new(blank(board), board);
            let mut state = None;
            flash.fault = fault;
            let mut refused = 0;
            for number in 0..4 * records_of_a_unit(board) {
                let mut journal = Journal::open(&mut flash, board);
                match journal.append(&mut flash, &numbered(number)) {
                    Ok(()) => state = Some(number),
                    Err(_) => {
                        refused += 1;
                        assert!(journal.is_failing(&mut flash), "{fault:?}, record {number}, {}", board.name);
                    }
                }
                assert_eq!(found(&mut flash.flash, board), state.map_or(*journal.record(), numbered), "{fault:?}");
            }
            let what = format!("{fault:?}, {}", board.name);
            assert!(refused > 0, "{what}");
            // Flash that takes nothing and shows nothing cannot be told from blank flash, once the journal is opened again.
            assert_eq!(Journal::open(&mut flash, board).is_failing(&mut flash), state.is_some(), "{what}");
            // It is well again as soon as the flash is.
            flash.fault = Lasting::Nothing;
            let mut journal = Journal::open(&mut flash, board);
            change(&mut flash, &mut journal, numbered(7)).unwrap();
            assert!(!Journal::open(&mut flash, board).is_failing(&mut flash));
        }
    }
}

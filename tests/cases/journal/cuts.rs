//! Power is lost before or inside any operation of an append: reading the journal anew finds the old or the new record,
//! never anything else, and the next append works.

use super::{MAPS, assert_used_well, blank, change, filled, found, maps, numbered, records, stride, usable};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Record;
use lifeboot_tests::simulated_flash::{Cut, SimulatedFlash};
use proptest::prelude::*;

const MASKS: [u32; 5] = [0, u32::MAX, 0xffff_0000, 0x00ff_00ff, 0x5555_5555];

/// Every way in which an operation of an append can be cut: each word of a write, and the relevant ones of an erase.
fn cuts(board: &Board) -> Vec<Cut> {
    let (record, unit) = (stride(board) as usize / 4, board.journal_unit as usize / 4);
    let mut words: Vec<usize> = (0..=24).chain([record - 1, record, unit / 2, unit - 16, unit - 1, unit]).collect();
    words.sort_unstable();
    words.dedup();
    let inside = words.into_iter().flat_map(|words| MASKS.map(|mask| Cut::Inside { words, mask }));
    [Cut::Before].into_iter().chain(inside).collect()
}

/// Appends with a cut at an operation. Returns what reading the journal anew finds.
fn cut_append(
    flash: &mut SimulatedFlash,
    board: &'static Board,
    record: Record,
    operation: u32,
    cut: Cut,
) -> (Record, bool) {
    let mut journal = Journal::open(flash, board);
    flash.cut(operation, cut);
    let appended = change(flash, &mut journal, record);
    let happened = !flash.is_powered();
    assert_ne!(happened, appended.is_ok(), "an append that was cut says so, and no other");
    flash.power_on();
    (found(flash, board), happened)
}

#[test]
fn every_cut_leaves_the_old_or_the_new_record() {
    for board in MAPS {
        let unit = usable(board);
        // Into a blank unit, an erased one, the last place of one; and across the first and the last border.
        for number in [0, 1, unit - 1, unit, unit + 1, 2 * unit, board.journal.length / board.journal_unit * unit] {
            let flash = filled(board, number);
            let old = if number == 0 { Record::FACTORY } else { numbered(number) };
            let new = numbered(77_777);
            let operations = if number > 0 && number % unit == 0 { 2 } else { 1 };
            for (operation, cut) in
                (0..operations).flat_map(|number| cuts(board).into_iter().map(move |cut| (number, cut)))
            {
                let what = format!("{}, {number} records, {cut:?} at operation {operation}", board.name);
                let mut flash = flash.clone();
                let (state, happened) = cut_append(&mut flash, board, new, operation, cut);
                assert!(happened, "{what}");
                assert!(state == old || state == new, "{what}: {state:?}");
                assert_eq!(Journal::open(&mut flash, board).is_blank(), state == Record::FACTORY, "{what}");
                // Twice, since a journal that was cut may find its next place in another unit.
                for next in [88_888, 99_999] {
                    let mut journal = Journal::open(&mut flash, board);
                    change(&mut flash, &mut journal, numbered(next)).expect(&what);
                    assert_eq!(found(&mut flash, board), numbered(next), "{what}");
                }
                assert_used_well(&flash);
            }
            let (state, happened) = cut_append(&mut flash.clone(), board, new, operations, Cut::Before);
            assert_eq!((state, happened), (new, false), "there is no operation {operations}");
        }
    }
}

/// Each later append is cut as well, and so is its repetition.
#[test]
fn two_cuts_in_a_row() {
    for board in MAPS {
        let unit = usable(board);
        let few = cuts(board).into_iter().step_by(9).collect::<Vec<Cut>>();
        for number in [unit - 1, unit] {
            let flash = filled(board, number);
            for (first, first_cut) in (0..2).flat_map(|number| few.iter().map(move |cut| (number, *cut))) {
                let mut once = flash.clone();
                let (state, happened) = cut_append(&mut once, board, numbered(1_000), first, first_cut);
                if !happened {
                    continue;
                }
                for (second, second_cut) in (0..2).flat_map(|number| few.iter().map(move |cut| (number, *cut))) {
                    let mut twice = once.clone();
                    let (then, happened) = cut_append(&mut twice, board, numbered(2_000), second, second_cut);
                    let what = format!("{first_cut:?} at {first}, then {second_cut:?} at {second}, {}", board.name);
                    assert!(then == state && happened || then == numbered(2_000), "{what}: {then:?}");
                    let mut journal = Journal::open(&mut twice, board);
                    change(&mut twice, &mut journal, numbered(3_000)).expect(&what);
                    assert_eq!(found(&mut twice, board), numbered(3_000), "{what}");
                    assert_used_well(&twice);
                }
            }
        }
    }
}

fn any_cut() -> impl Strategy<Value = (u32, Cut)> {
    let inside = (0_usize..80, prop_oneof![any::<u32>(), prop::sample::select(MASKS.to_vec())])
        .prop_map(|(words, mask)| Cut::Inside { words, mask });
    (0_u32..3, prop_oneof![Just(Cut::Before), inside])
}

proptest! {
    /// A life of cuts: the state is always what the last append left, and a whole record is there from the first one
    /// on.
    #[test]
    fn any_appends_and_any_cuts(
        board in maps(), steps in prop::collection::vec((records(), prop::option::of(any_cut())), 1..60),
    ) {
        let mut flash = blank(board);
        let mut state = None;
        for (record, cut) in steps {
            let (operation, cut) = cut.unwrap_or((99, Cut::Before));
            let (now, happened) = cut_append(&mut flash, board, record, operation, cut);
            let written = now == record;
            prop_assert!(happened || written);
            if !written {
                prop_assert_eq!(&now, state.as_ref().unwrap_or(&Record::FACTORY));
            }
            prop_assert!(state.is_none() || !Journal::open(&mut flash, board).is_blank());
            if written {
                state = Some(record);
            }
        }
        assert_used_well(&flash);
    }
}

//! Cuts in the journal, wherever it turns over, and a second cut in the boot after the first.

use super::{UPDATE, swept};
use lifeboot_tests::sweep::{Cut, Operation, Part, Plan, Update, cuts};
use lifeboot_tests::tier::one_in;

/// By default, one in so many of the cuts at each age of the journal; and of the first cuts that are followed by second ones.
const AT_AN_AGE: usize = 3;
const TWICE: usize = 57;

/// The cuts that meet a boot record.
fn in_the_journal(update: &Update, mut cuts: Vec<Cut>) -> Vec<Cut> {
    cuts.retain(|cut| {
        update.operations.get(cut.operation).is_some_and(|made| update.part(*made) == Some(Part::Journal))
    });
    cuts
}

#[test]
fn after_every_cut_in_the_journal_wherever_it_turns_over() {
    // The update writes four records: trial, attempt, confirm, epoch. Of the last three ages, the first, the last and the
    // third begin a unit that is full of older ones; in the update above the second does. At the first age it is the
    // bootloader that begins one that was never used.
    for age in [4, 15, 17, 18] {
        let update = UPDATE.record_end(age).unwrap();
        let cuts: Vec<_> =
            in_the_journal(&update, cuts(&update, true)).into_iter().step_by(one_in(AT_AN_AGE)).collect();
        let plan = Plan { asked: 37, pushed: cuts.len() / 2, ..Plan::default() };
        let swept = swept(&format!("its end, after {age} boot records"), &update, &cuts, plan);
        assert!(swept.failures.is_empty(), "{swept:#}");
        assert!(swept.boots * one_in(AT_AN_AGE) > 4 * 64 && swept.asked > 0 && swept.pushed > 0, "{swept:#}");
        let turns =
            |made: &&Operation| matches!(made, Operation::Erase { .. }) && update.part(**made) == Some(Part::Journal);
        assert_eq!(update.operations.iter().filter(turns).count(), 1, "it does not turn over once");
    }
}

#[test]
fn after_a_second_cut_in_the_boot_behind_the_first() {
    let first: Vec<_> = in_the_journal(&UPDATE, cuts(&UPDATE, true)).into_iter().step_by(one_in(TWICE)).collect();
    let swept = swept("a cut in a boot behind a cut", &UPDATE, &first, Plan { twice: true, ..Plan::default() });
    assert!(swept.failures.is_empty(), "{swept:#}");
    assert!(swept.cuts > first.len() * 10, "{swept:#}");
}

//! Power is lost at every flash operation of an update, on the emulated micro:bit with the released bootloader and
//! firmware; by default only a sample of the payload's words, in the deep tier all.
//!
//! The figures are printed: `cargo test -p lifeboot-tests sweep -- --nocapture`.

#[cfg(feature = "deep")]
mod believing;
#[cfg(feature = "deep")]
mod turnover;

use lifeboot_core::Slot;
use lifeboot_core::record::Ending;
use lifeboot_tests::product::MICROBIT;
use lifeboot_tests::sweep::{Cut, Operation, Part, Plan, Swept, Update, Violation, control, cuts, sweep};
use lifeboot_tests::tier::{IS_DEEP, Row};
use std::collections::HashSet;
use std::sync::LazyLock;

/// Made once, for all tests here.
static UPDATE: LazyLock<Update> = LazyLock::new(|| Update::record().unwrap());

/// Makes a sweep and prints what was done.
fn swept(what: &str, update: &Update, cuts: &[Cut], plan: Plan) -> Swept {
    let row = Row::begin(format!("micro:bit, {what}"));
    let swept = printed(what, update, cuts, plan);
    row.end(swept.cuts, swept.failures.len());
    swept
}

/// The same for a control, which must have failures.
fn printed(what: &str, update: &Update, cuts: &[Cut], plan: Plan) -> Swept {
    let swept = sweep(update, cuts, plan).unwrap();
    println!("{what:36} {swept}");
    swept
}

#[test]
fn the_updater_writes_only_where_it_may_and_the_trial_last() {
    let mut written = HashSet::new();
    for (number, operation) in UPDATE.operations.iter().enumerate() {
        let part = UPDATE.part(*operation).unwrap_or_else(|| panic!("operation {number} is {operation:x?}"));
        assert!(part == Part::Journal || number < UPDATE.trial, "operation {number} is behind the trial's record");
        match *operation {
            Operation::Erase { start, length } => written.retain(|place| !(start..start + length).contains(place)),
            Operation::Write { start, .. } => assert!(written.insert(start), "{start:#x} is written twice"),
        }
    }
    let slot = MICROBIT.board.slot(Slot::B).start;
    let image = UPDATE.new.for_slot(MICROBIT.board, Slot::B).unwrap();
    let pages = image.len().div_ceil(1024);
    let erased =
        UPDATE.operations.iter().filter(|made| matches!(made, Operation::Erase { .. }) && made.start() >= slot);
    assert_eq!(erased.count(), pages);
}

#[test]
fn after_every_cut_the_right_firmware_runs() {
    let cuts = cuts(&UPDATE, IS_DEEP);
    let pushes = if IS_DEEP { 48 } else { 12 };
    let plan = Plan { asked: 23, pushed: cuts.len() / pushes, ..Plan::default() };
    let swept = swept("update, on a journal that turns over", &UPDATE, &cuts, plan);
    assert!(swept.failures.is_empty(), "{swept:#}");
    assert!(swept.pushed >= pushes && swept.asked > 40 && swept.states.len() > cuts.len() * 9 / 10, "{swept:#}");
}

#[test]
fn an_updater_that_commits_its_metadata_before_its_data_is_caught() {
    let (wrong, window) = control::metadata_first(&UPDATE).unwrap();
    let cuts = control::cuts_within(window, 64);
    let row = Row::begin("micro:bit, control: metadata before data");
    let swept = printed("control: metadata before data", &wrong, &cuts, Plan::default());
    let caught = |(_, violation): &(Cut, Violation)| *violation == Violation::Rejected(Ending::Invalid);
    let caught = swept.failures.iter().filter(|failure| caught(failure)).count();
    row.end(cuts.len(), cuts.len() - caught);
    assert_eq!(caught, cuts.len(), "{swept:#}");
}

//! A control: a bootloader that trusts a header must be caught.

use super::{UPDATE, printed};
use lifeboot_core::Slot;
use lifeboot_tests::sweep::{Cut, Plan, Violation, control};
use lifeboot_tests::tier::Row;

#[test]
fn a_bootloader_that_starts_what_is_not_whole_is_caught() {
    let (mut wrong, window) = control::metadata_first(&UPDATE).unwrap();
    let (bootloader, gives_up) = control::believing_bootloader();
    wrong.start[..bootloader.len()].copy_from_slice(&bootloader);
    let cuts = control::cuts_within(window, 64);
    let plan = Plan { gives_up: Some(gives_up), ..Plan::default() };
    let row = Row::begin("micro:bit, control: a header is believed");
    let swept = printed("control: a header is believed", &wrong, &cuts, plan);
    let truncated = |(_, violation): &(Cut, Violation)| *violation == Violation::NotWhole(Slot::B);
    let nothing = |(_, violation): &(Cut, Violation)| *violation == Violation::NothingStarted;
    let started = swept.failures.iter().filter(|failure| truncated(failure)).count();
    let caught = started + swept.failures.iter().filter(|failure| nothing(failure)).count();
    row.end(cuts.len(), cuts.len() - caught);
    assert_eq!(caught, cuts.len(), "{swept:#}");
    assert!(started > cuts.len() / 2, "{swept:#}");
}

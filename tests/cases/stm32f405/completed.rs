//! A push after one that a power cut interrupted.

use super::cuts::UPDATE;
use super::{connect, image, push, status};
use lifeboot_client::push::PushOutcome;
use lifeboot_tests::bench::{runs, version};
use lifeboot_tests::emulator::stm32f4::chip::Settings;
use lifeboot_wire as wire;
use std::time::Duration;

/// Cuts that are followed by the same push again.
const PUSHED: usize = 3;

#[test]
fn a_push_behind_a_cut_is_completed() {
    let new = image(&[], 2, 1);
    let count = UPDATE.operations.len();
    for cut in (1..=PUSHED).map(|part| count * part / (PUSHED + 1)) {
        // The power fails in the push itself, at that operation to the nanosecond.
        let mut host = connect(&UPDATE.start, &Settings::default()).with_recovery(Duration::ZERO);
        host.pipe().chip().seen().cut = Some(cut as u64);
        push(&mut host, &new).unwrap_err();
        let flash = host.pipe().chip().flash();
        let mut expected = UPDATE.start.clone();
        UPDATE.operations[..cut].iter().for_each(|operation| operation.apply(&mut expected));
        assert!(flash == expected, "the cut before operation {cut} left other flash");

        let mut host = connect(&flash, &Settings { ram: cut as u64, ..Settings::default() });
        runs(&status(&mut host), wire::Slot::A, version(1)).unwrap();
        assert_eq!(push(&mut host, &new).unwrap().outcome, PushOutcome::Confirmed);
        runs(&status(&mut host), wire::Slot::B, version(2)).unwrap();
    }
}

//! Every firmware that must not survive its trial, on every emulated board: each is rolled back, and the device reports
//! why. Only in the deep tier; a sample of it is always tried, in `update`, `pico` and `stm32f405::updates`.

use crate::stm32f405;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::Retry;
use lifeboot_client::push::PushError;
use lifeboot_tests::bench::{Bench, connect, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Microbit, Pico};
use lifeboot_tests::product::{STM32F405, Target};
use lifeboot_tests::tier::Row;
use lifeboot_wire::{self as wire, OutcomeEnding, ResetCause, Status};

/// The feature that makes firmware misbehave, how its trial ends, and what ended its last start.
const BAD: [(&str, OutcomeEnding, ResetCause); 6] = [
    ("hang-at-start", OutcomeEnding::NotConfirmed, ResetCause::Watchdog),
    ("hang-later", OutcomeEnding::NotConfirmed, ResetCause::Watchdog),
    ("panic-later", OutcomeEnding::NotConfirmed, ResetCause::Fault),
    ("fault-later", OutcomeEnding::NotConfirmed, ResetCause::Fault),
    ("fail-self-test", OutcomeEnding::Requested, ResetCause::Unknown),
    ("never-confirm", OutcomeEnding::NotConfirmed, ResetCause::Request),
];

/// Pushes each bad firmware to a new device, by `push`, which returns the outcome and the device's state afterwards.
fn all_are_taken_back(target: &Target, push: impl Fn(&ImageFile, &ImageFile) -> (PushError, Status)) {
    let row = Row::begin(format!("{}, misbehaving firmware", target.board.name));
    let good = image(target, &[], version(1), 0).unwrap();
    for (feature, ending, cause) in BAD {
        let bad = image(target, &[feature], version(2), 0).unwrap();
        let (failure, status) = push(&good, &bad);
        assert!(matches!(failure, PushError::RolledBack { .. }), "{feature}: {failure:?}");
        runs(&status, wire::Slot::A, version(1)).unwrap();
        let outcome = status.outcome.unwrap();
        assert_eq!((outcome.ending, outcome.cause, outcome.slot), (ending, cause, wire::Slot::B), "{feature}");
        assert!(bad.header().digest.starts_with(&outcome.digest), "{feature}");
    }
    row.end(BAD.len(), 0);
}

/// On a board in real time.
fn on_a_bench<B: Emulated>() {
    all_are_taken_back(&B::TARGET, |good, bad| {
        let bench = Bench::<B>::start(good).unwrap();
        let failure = bench.push(bad).unwrap().unwrap_err();
        // A timeout for the slowest board.
        let status = connect(&bench.board.port()).unwrap().status(Retry::VERIFY).unwrap();
        (failure, status)
    });
}

#[test]
fn on_the_microbit() {
    on_a_bench::<Microbit>();
}

#[test]
fn on_the_pico() {
    on_a_bench::<Pico>();
}

#[test]
fn on_the_stm32f405() {
    all_are_taken_back(&STM32F405, |_, bad| stm32f405::updates::taken_back(bad));
}

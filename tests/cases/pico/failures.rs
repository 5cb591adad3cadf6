//! Updates that go wrong: firmware that hangs or panics, and a push that a power cut interrupts.

use super::update::{UPDATE, flash_after, status};
use super::usb;
use lifeboot_client::link::{Link, LinkError};
use lifeboot_client::push::{self, Options, PushError, PushOutcome};
use lifeboot_serial::Port;
use lifeboot_tests::bench::{self, Bench, image, runs, version};
use lifeboot_tests::emulator::pico;
use lifeboot_tests::emulator::{Emulated, Pico};
use lifeboot_tests::product::PICO;
use lifeboot_wire::{self as wire, OutcomeEnding, ResetCause, SlotContent};
use std::time::Duration;

#[test]
fn firmware_that_hangs_before_its_first_line_is_rolled_back_by_the_watchdog() {
    let bench = Bench::<Pico>::start(&image(&PICO, &[], version(1), 0).unwrap()).unwrap();
    let bad = image(&PICO, &["hang-at-start"], version(2), 0).unwrap();
    // Over USB, which goes away with each reset.
    let failure = push::push(&mut usb(&bench.board), &bad, &Options::default(), &mut ()).unwrap_err();
    assert!(matches!(failure, PushError::RolledBack { .. }), "{failure:?}");
    let found = status(&bench.board.port());
    runs(&found, wire::Slot::A, version(1)).unwrap();
    let outcome = found.outcome.unwrap();
    assert_eq!(
        (outcome.ending, outcome.cause, outcome.slot),
        (OutcomeEnding::NotConfirmed, ResetCause::Watchdog, wire::Slot::B)
    );
    assert!(bad.header().digest.starts_with(&outcome.digest));
}

#[test]
fn firmware_that_panics_is_rolled_back_with_that_cause() {
    let bench = Bench::<Pico>::start(&image(&PICO, &[], version(1), 0).unwrap()).unwrap();
    // It resets the whole chip, by the watchdog, and leaves the cause in RAM.
    let failure = bench.push(&image(&PICO, &["panic-later"], version(2), 0).unwrap()).unwrap().unwrap_err();
    assert!(matches!(failure, PushError::RolledBack { .. }), "{failure:?}");
    assert_eq!(status(&bench.board.port()).outcome.unwrap().cause, ResetCause::Fault);
}

#[test]
fn a_push_that_a_power_cut_interrupted_is_resumed() {
    const CUT: usize = 150;
    let update = &*UPDATE;
    let options = pico::Options { stop_before: Some(CUT), ..Default::default() };
    let mut board = Pico::power_on_with(&update.start, options).unwrap();
    board.started(1).unwrap();
    let port = board.port();
    let host = std::thread::spawn(move || {
        // A short timeout, as the board is gone.
        let mut link =
            Link::new(Port::open(&port, 115_200).unwrap(), bench::seed()).with_recovery(Duration::from_millis(200));
        push::push(&mut link, &UPDATE.new, &Options::default(), &mut ())
    });
    board.fails().unwrap();
    let flash = board.power_cut().unwrap();
    assert!(host.join().unwrap().is_err(), "the push went on without a device");
    assert!(flash == flash_after(update, CUT), "another update was made this time");

    let bench = Bench { board: Pico::power_on(&flash).unwrap() };
    let found = status(&bench.board.port());
    runs(&found, wire::Slot::A, version(1)).unwrap();
    assert_eq!(found.slots[1], SlotContent::Unfinished);
    // The host first requests digests, which take this slow device longer than a host waits: as its error says, push
    // again.
    let pushed = (0..5).find_map(|_| match bench.push(&update.new).unwrap() {
        Err(PushError::Link(LinkError::Silent)) => None,
        pushed => Some(pushed.unwrap().outcome),
    });
    assert_eq!(pushed, Some(PushOutcome::Confirmed));
    runs(&status(&bench.board.port()), wire::Slot::B, version(2)).unwrap();
}

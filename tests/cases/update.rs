//! The whole system on the emulated micro:bit: updates that succeed, and updates that the device rolls back.

use crate::log::Recorder;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::device;
use lifeboot_client::link::Retry;
use lifeboot_client::push::{self, Options, PushError, PushOutcome, Until};
use lifeboot_core::Slot;
use lifeboot_tests::bench::{Bench, connect, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT};
use lifeboot_wire::{self as wire, OutcomeEnding, ResetCause, SlotContent};
use std::time::Duration;

/// Starts 1.0.0, pushes `bad` and checks that it is rolled back.
fn rolled_back(bad: &ImageFile, ending: OutcomeEnding, cause: ResetCause) {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let failure = bench.push(bad).unwrap().unwrap_err();
    assert!(matches!(failure, PushError::RolledBack { .. }), "{failure:?}");
    let status = bench.status().unwrap();
    runs(&status, wire::Slot::A, version(1)).unwrap();
    let outcome = status.outcome.unwrap();
    assert_eq!((outcome.ending, outcome.cause, outcome.slot), (ending, cause, wire::Slot::B));
    assert_eq!(status.boot.map(|boot| boot.start), Some(wire::Start::Confirmed));
    assert!(bad.header().digest.starts_with(&outcome.digest));
}

#[test]
fn an_update_is_tried_and_confirmed_while_the_application_goes_on() {
    let mut bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let new = image(&MICROBIT, &[], version(2), 1).unwrap();
    let before = bench.status().unwrap();
    runs(&before, wire::Slot::A, version(1)).unwrap();
    assert!(before.demo_key, "the bootloader does not say that its key is a demo's");
    assert_eq!(before.slots[1], SlotContent::Empty);

    let (blinks, pushed) = bench
        .blinks_while(|port| push::push(&mut connect(&port).unwrap(), &new, &Options::default(), &mut ()))
        .unwrap();
    let pushed = pushed.unwrap();
    assert_eq!((pushed.outcome, pushed.retransmitted), (PushOutcome::Confirmed, 0));
    assert!(blinks > 2, "the LED changed {blinks} times during an update");

    let after = bench.status().unwrap();
    runs(&after, wire::Slot::B, version(2)).unwrap();
    assert_eq!(after.outcome.unwrap().ending, OutcomeEnding::Confirmed);
    assert_eq!(after.epoch_floor, 1);
    // The last start was that of the trial.
    let boot = after.boot.unwrap();
    assert_eq!((boot.cause, boot.start), (ResetCause::Request, wire::Start::Trial));

    // Slot B holds the rebased image, and slot A was not touched.
    let flash = bench.board.flash().unwrap();
    let slot = MICROBIT.board.slot(Slot::B);
    let expected = new.for_slot(MICROBIT.board, Slot::B).unwrap();
    assert!(flash[slot.start as usize..].starts_with(&expected));

    // And it is still the default after a loss of power.
    let bench = bench.cut_power().unwrap();
    runs(&bench.status().unwrap(), wire::Slot::B, version(2)).unwrap();
    // The same push again has nothing to do.
    assert_eq!(bench.push(&new).unwrap().unwrap().outcome, PushOutcome::AlreadyConfirmed);
}

#[test]
fn firmware_that_hangs_before_its_first_line_is_rolled_back_by_the_watchdog() {
    rolled_back(
        &image(&MICROBIT, &["hang-at-start"], version(2), 0).unwrap(),
        OutcomeEnding::NotConfirmed,
        ResetCause::Watchdog,
    );
}

#[cfg(feature = "deep")]
#[test]
fn firmware_that_hangs_later_is_rolled_back_by_the_watchdog() {
    rolled_back(
        &image(&MICROBIT, &["hang-later"], version(2), 0).unwrap(),
        OutcomeEnding::NotConfirmed,
        ResetCause::Watchdog,
    );
}

#[test]
fn firmware_that_panics_is_rolled_back() {
    rolled_back(
        &image(&MICROBIT, &["panic-later"], version(2), 0).unwrap(),
        OutcomeEnding::NotConfirmed,
        ResetCause::Fault,
    );
}

#[test]
fn firmware_that_never_confirms_is_rolled_back() {
    rolled_back(
        &image(&MICROBIT, &["never-confirm"], version(2), 0).unwrap(),
        OutcomeEnding::NotConfirmed,
        ResetCause::Request,
    );
}

#[test]
fn firmware_that_fails_its_self_test_rolls_itself_back() {
    rolled_back(
        &image(&MICROBIT, &["fail-self-test"], version(2), 0).unwrap(),
        OutcomeEnding::Requested,
        ResetCause::Unknown,
    );
}

#[test]
fn a_rollback_on_request_tries_the_previous_firmware_again() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    bench.push(&image(&MICROBIT, &[], version(2), 0).unwrap()).unwrap().unwrap();
    let status = device::rollback(&mut bench.link().unwrap(), Duration::from_secs(60)).unwrap();
    runs(&status, wire::Slot::A, version(1)).unwrap();
}

#[test]
fn a_pending_update_is_cancelled_and_may_be_pushed_again() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let new = image(&MICROBIT, &[], version(2), 0).unwrap();
    let options = Options { until: Until::Pending, ..Options::default() };
    push::push(&mut bench.link().unwrap(), &new, &options, &mut ()).unwrap();
    let status = device::cancel(&mut bench.link().unwrap()).unwrap();
    assert_eq!((status.trial, status.outcome.map(|outcome| outcome.ending)), (None, Some(OutcomeEnding::Cancelled)));
    let status = device::reset(&mut bench.link().unwrap(), Duration::from_secs(60)).unwrap();
    runs(&status, wire::Slot::A, version(1)).unwrap();
    bench.push(&new).unwrap().unwrap();
    runs(&bench.status().unwrap(), wire::Slot::B, version(2)).unwrap();
}

#[test]
fn a_destroyed_slot_is_not_started_but_the_other_one_is() {
    let mut bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    bench.push(&image(&MICROBIT, &[], version(2), 0).unwrap()).unwrap().unwrap();
    // One bit of the confirmed image, in slot B, flips.
    let somewhere = MICROBIT.board.payload_address(Slot::B) + 0x1000;
    let byte = bench.board.read_memory(somewhere, 1).unwrap()[0];
    bench.board.write_memory(somewhere, &[byte ^ 1]).unwrap();
    let bench = bench.cut_power().unwrap();
    let status = bench.status().unwrap();
    assert_eq!(status.running, wire::Slot::A);
    // It started as a trial and confirms itself.
    let confirmed = (0..40).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        bench.status().is_ok_and(|status| status.confirmed == Some(wire::Slot::A) && status.trial.is_none())
    });
    assert!(confirmed, "{:?}", bench.status());
}

#[test]
fn a_push_that_a_power_cut_interrupted_is_resumed() {
    let new = image(&MICROBIT, &[], version(2), 0).unwrap();
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let bench = bench.cut_in_push(&new, 16 * 1024).unwrap();

    let status = bench.status().unwrap();
    runs(&status, wire::Slot::A, version(1)).unwrap();
    assert_eq!(status.slots[1], SlotContent::Unfinished);
    let pushed = bench.push(&new).unwrap().unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    assert!(pushed.skipped >= 14 * 1024, "sent {} bytes again, skipped {}", pushed.sent, pushed.skipped);
    runs(&bench.status().unwrap(), wire::Slot::B, version(2)).unwrap();
}

#[test]
fn the_firmware_logs_on_the_same_line() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let elf = product::firmware(&MICROBIT, Slot::A, &[]).unwrap();
    let recorder = Recorder::new(&elf);
    let mut link = bench.link().unwrap().with_log(recorder.sink());
    let lines = (0..40).find_map(|_| {
        link.status(Retry::SHORT).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        Some(recorder.lines()).filter(|lines| lines.iter().any(|line| line.starts_with("blinked")))
    });
    assert!(lines.is_some(), "{:?}", recorder.lines());
}

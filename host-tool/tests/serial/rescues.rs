//! Rescues that fail: what a host wrote in recovery mode over broken confirmed firmware never confirms. What is left then was
//! never confirmed, so it must not become the default: it runs under the watchdog, and takes turns with the host.

use crate::device::{Device, Firmware};
use crate::images::Recipe;
use crate::line::Wire;
use crate::pushes::{push_to, recipe};
use crate::recovery::destroyed;
use lifeboot_client::device;
use lifeboot_client::device::DeviceError;
use lifeboot_client::link::Retry;
use lifeboot_client::push::{Options, PushError, PushOutcome, Until, push};
use lifeboot_client::state::is_on_trial;
use lifeboot_core::Slot;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_wire::{self as wire, Recovery, Start, Status};
use std::time::Duration;

fn status(wire: &Wire) -> Status {
    wire.link().status(Retry::SHORT).unwrap()
}

/// A minute of silence in recovery mode.
fn fall_silent(wire: &Wire) {
    assert!(wire.bench().device.is_in_recovery());
    let now = wire.link().now().as_millis() as u32;
    wire.bench_mut().device.reset(now, Cause::Request);
}

/// Overwrites the start of a slot's payload.
fn damage(wire: &Wire, slot: Slot) {
    let board = wire.bench().device.board;
    wire.bench_mut().device.flash.put(board.slot(slot).start + board.header_length, &[0; 64]);
}

/// Version 1 in slot B was rejected, and the confirmed firmware in slot A is broken since.
fn with_rejected_firmware_only(board: &'static Board) -> Wire {
    let wire = Wire::to(Device::new(board));
    wire.bench_mut().device.firmware_does(1, Firmware::Hangs);
    assert!(matches!(push_to(&wire, &recipe(board, 1, 3000).image()), Err(PushError::RolledBack { .. })));
    damage(&wire, Slot::A);
    wire.bench_mut().device.reset(0, Cause::PowerOn);
    assert_eq!(status(&wire).recovery, Some(Recovery::LastFirmware));
    wire
}

/// Checks that rejected firmware in this slot runs as firmware that has yet to confirm.
fn assert_fell_back(wire: &Wire, slot: wire::Slot) {
    let status = status(wire);
    assert_eq!((status.recovery, status.confirmed, status.running), (None, None, slot), "{status:?}");
    assert_eq!(status.boot.map(|boot| boot.start), Some(Start::FellBack));
    assert!(is_on_trial(&status) && wire.bench().device.is_trial());
}

#[test]
fn the_firmware_that_was_kept_does_not_become_the_default() {
    for board in [&MICROBIT, &STM32F405] {
        let wire = with_rejected_firmware_only(board);
        wire.bench_mut().device.firmware_does(2, Firmware::Hangs);

        // The rescue goes over the broken confirmed firmware, and hangs.
        let rescue = recipe(board, 2, 3000).image();
        let error = push_to(&wire, &rescue).unwrap_err();
        assert!(matches!(error, PushError::RolledBack { .. }), "{error:?}");
        // What was rejected may run well enough to answer.
        wire.bench_mut().device.firmware_does(1, Firmware::Unsure);
        for _ in 0..3 {
            let left = status(&wire);
            assert_eq!((left.recovery, left.confirmed), (Some(Recovery::LastFirmware), None), "{left:?}");
            fall_silent(&wire);
            assert_fell_back(&wire, wire::Slot::B);
            wire.bench_mut().device.reset(0, Cause::Watchdog);
        }

        // Another one is healthy.
        assert_eq!(push_to(&wire, &recipe(board, 3, 3000).image()).unwrap().outcome, PushOutcome::Confirmed);
        let saved = status(&wire);
        assert_eq!((saved.recovery, saved.confirmed, saved.running), (None, Some(wire::Slot::A), wire::Slot::A));
        assert!(!is_on_trial(&saved));
    }
}

/// With nothing that starts, the rescue itself is the last firmware.
#[test]
fn a_rescue_that_fails_does_not_become_the_default() {
    let wire = destroyed(&MICROBIT);
    wire.bench_mut().device.firmware_does(1, Firmware::Hangs);
    let bound = recipe(&MICROBIT, 1, 3000).bound_image();
    push_to(&wire, &bound).unwrap_err();
    let left = status(&wire);
    assert_eq!((left.recovery, left.confirmed), (Some(Recovery::LastFirmware), None));
    wire.bench_mut().device.firmware_does(1, Firmware::Unsure);
    fall_silent(&wire);
    assert_fell_back(&wire, wire::Slot::A);

    // It may still find itself healthy: then it is the default like any other.
    device::confirm(&mut wire.link()).unwrap();
    let confirmed = status(&wire);
    assert_eq!((confirmed.confirmed, is_on_trial(&confirmed)), (Some(wire::Slot::A), false));
}

/// Wherever power is lost in a rescue, also between the end of the transfer and the trial: what is there then has not confirmed,
/// and its confirm has no effects.
#[test]
fn a_rescue_that_a_power_cut_interrupts_confirms_nothing() {
    let from_broken = || (destroyed(&MICROBIT), true);
    let over_broken = || (with_rejected_firmware_only(&MICROBIT), false);
    for prepare in [&from_broken as &dyn Fn() -> (Wire, bool), &over_broken] {
        let mut operations = 0;
        loop {
            let (wire, is_bound) = prepare();
            wire.bench_mut().device.firmware_does(2, Firmware::Unsure);
            let rescue = Recipe { epoch: 7, ..recipe(&MICROBIT, 2, 3000) };
            let rescue = if is_bound { rescue.bound_image() } else { rescue.image() };
            wire.bench().device.flash.cut_after(operations);
            let _ = push(&mut wire.link(), &rescue, &Options { until: Until::Pending, ..Options::default() }, &mut ());
            let is_complete = wire.bench().device.flash.forget_cut();
            let left = status(&wire);
            let runs_unwatched = left.recovery.is_none() && !is_on_trial(&left);
            assert!(!runs_unwatched && left.epoch_floor == 0, "after {operations}: {left:?}");
            if is_complete {
                break;
            }
            operations += 1;
        }
        assert!(operations > 10, "only {operations} instants were tried");
    }
}

/// After a rescue in vain, the firmware that is left is never written: neither if it is the rescue itself, nor if recovery mode is
/// requested while it runs.
#[test]
fn what_can_still_be_started_is_never_written() {
    let in_vain = || {
        let wire = with_rejected_firmware_only(&MICROBIT);
        wire.bench_mut().device.firmware_does(2, Firmware::Hangs);
        push_to(&wire, &recipe(&MICROBIT, 2, 3000).image()).unwrap_err();
        wire.bench_mut().device.firmware_does(3, Firmware::Hangs);
        wire
    };
    let content = |wire: &Wire, slot| wire.bench().device.flash.bytes(MICROBIT.slot(slot).start, 4096);

    let wire = in_vain();
    damage(&wire, Slot::B);
    wire.bench_mut().device.reset(0, Cause::PowerOn);
    let (before, left) = (content(&wire, Slot::A), status(&wire));
    assert_eq!((left.recovery, left.confirmed, left.running), (Some(Recovery::Crashes), None, wire::Slot::A));
    push_to(&wire, &recipe(&MICROBIT, 3, 3000).image()).unwrap_err();
    assert!(content(&wire, Slot::A) == before, "the rescue in slot A was all that could be started");

    let wire = in_vain();
    wire.bench_mut().device.firmware_does(1, Firmware::Unsure);
    fall_silent(&wire);
    assert_fell_back(&wire, wire::Slot::B);
    let before = content(&wire, Slot::B);
    device::recover(&mut wire.link(), Duration::from_secs(30)).unwrap();
    assert_eq!(status(&wire).running, wire::Slot::B);
    push_to(&wire, &recipe(&MICROBIT, 3, 3000).image()).unwrap_err();
    assert!(content(&wire, Slot::B) == before, "the firmware in slot B had just been running");
}

/// A rollback to firmware that turns out to be broken: what was rolled back is started again, and may still confirm. The host
/// says what happened, and does not restart a bootloader that waits for it.
#[test]
fn firmware_that_was_rolled_back_for_nothing_may_confirm() {
    let wire = Wire::to(Device::new(&MICROBIT));
    wire.bench_mut().device.firmware_does(1, Firmware::Unsure);
    let options = Options { until: Until::Pending, ..Options::default() };
    push(&mut wire.link(), &recipe(&MICROBIT, 1, 3000).image(), &options, &mut ()).unwrap();
    wire.bench_mut().device.reset(0, Cause::Request);
    damage(&wire, Slot::A);
    assert_eq!(status(&wire).running, wire::Slot::B);
    let starts = wire.bench().device.starts;
    let error = device::rollback(&mut wire.link(), Duration::from_secs(30)).unwrap_err();
    assert!(matches!(error, DeviceError::InRecovery { .. }), "{error:?}");
    assert_eq!(wire.bench().device.starts, starts + 1);
    fall_silent(&wire);
    let left = status(&wire);
    assert_eq!((left.running, left.boot.map(|boot| boot.start)), (wire::Slot::B, Some(Start::FellBack)));
    device::confirm(&mut wire.link()).unwrap();
    assert_eq!(status(&wire).confirmed, Some(wire::Slot::B));
}

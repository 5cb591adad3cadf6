//! Rescues that fail: what a host wrote in recovery mode over broken confirmed firmware never confirms. What is left then was
//! never confirmed, so it must not become the default: it runs under the watchdog, and takes turns with the host.

use crate::device::{Device, Firmware};
use crate::line::Wire;
use crate::pushes::{push_to, recipe};
use crate::recovery::destroyed;
use lifeboot_client::device;
use lifeboot_client::link::Retry;
use lifeboot_client::push::{PushError, PushOutcome};
use lifeboot_client::state::is_on_trial;
use lifeboot_core::Slot;
use lifeboot_core::layout::{MICROBIT, STM32F405};
use lifeboot_core::record::Cause;
use lifeboot_wire::{self as wire, Recovery, Start, Status};

fn status(wire: &Wire) -> Status {
    wire.link().status(Retry::SHORT).unwrap()
}

/// A minute of silence in recovery mode.
fn fall_silent(wire: &Wire) {
    assert!(wire.bench().device.is_in_recovery());
    let now = wire.link().now().as_millis() as u32;
    wire.bench_mut().device.reset(now, Cause::Request);
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
        let wire = Wire::to(Device::new(board));
        for minor in [1, 2] {
            wire.bench_mut().device.firmware_does(minor, Firmware::Hangs);
        }
        assert!(matches!(push_to(&wire, &recipe(board, 1, 3000).image()), Err(PushError::RolledBack { .. })));
        let payload = board.slot(Slot::A).start + board.header_length;
        wire.bench_mut().device.flash.put(payload, &[0; 64]);
        wire.bench_mut().device.reset(0, Cause::PowerOn);
        assert_eq!(status(&wire).recovery, Some(Recovery::LastFirmware));

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

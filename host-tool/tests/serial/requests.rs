//! Status, confirm, cancel, rollback, reset.

use crate::device::{Device, Firmware, factory_image};
use crate::images::version;
use crate::line::{Faults, Wire};
use crate::pushes::{push_to, recipe};
use lifeboot_client::device::{self, DeviceError};
use lifeboot_client::link::Retry;
use lifeboot_client::push::{Options, PushError, PushOutcome, Until, push};
use lifeboot_client::{describe, state};
use lifeboot_core::Slot;
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::{OutcomeEnding, Refusal};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

/// A device with 1.1.0 confirmed in slot B, and 1.0.0 in slot A.
fn updated() -> Wire {
    let wire = Wire::to(Device::new(&MICROBIT));
    push_to(&wire, &recipe(&MICROBIT, 1, 5000).image()).unwrap();
    wire
}

/// A device that runs 1.1.0 on trial, which does not confirm by itself.
fn on_trial() -> Wire {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(1, Firmware::Unsure);
    let wire = Wire::to(device);
    let options = Options { until: Until::Pending, ..Options::default() };
    let mut link = wire.link();
    push(&mut link, &recipe(&MICROBIT, 1, 5000).image(), &options, &mut ()).unwrap();
    let status = device::reset(&mut link, SOON).unwrap();
    assert!(state::is_on_trial(&status));
    wire
}

#[test]
fn a_confirm_ends_the_trial() {
    let wire = on_trial();
    let status = device::confirm(&mut wire.link()).unwrap();
    assert_eq!(describe::running(&status), "1.1.0 in slot B, confirmed");
    let pushed = push(&mut wire.link(), &recipe(&MICROBIT, 1, 5000).image(), &Options::default(), &mut ()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::AlreadyConfirmed);
    // The session was given up: the next host need not wait.
    let before = wire.bench().now;
    let status = device::reset(&mut wire.link(), SOON).unwrap();
    assert_eq!(describe::running(&status), "1.1.0 in slot B, confirmed");
    assert!(wire.bench().now - before < 1500);
}

#[test]
fn a_trial_loses_one_start_to_a_reset_even_if_that_stays_unanswered() {
    let wire = on_trial();
    wire.bench_mut().device.flushes = false;
    let status = device::reset(&mut wire.link(), SOON).unwrap();
    assert_eq!(status.trial.unwrap().attempts, 1);
    let options = Options { until: Until::Pending, ..Options::default() };
    let pushed = push(&mut wire.link(), &recipe(&MICROBIT, 1, 5000).image(), &options, &mut ()).unwrap();
    assert_eq!((pushed.outcome, pushed.sent), (PushOutcome::OnTrial, 0));
}

#[test]
fn a_device_restarts_into_its_bootloader_and_back() {
    let wire = updated();
    let before = wire.bench().device.starts;
    let status = device::recover(&mut wire.link(), SOON).unwrap();
    assert_eq!(describe::running(&status), "the bootloader, in recovery mode as requested");
    // It repeats that answer, without another restart.
    assert_eq!(device::recover(&mut wire.link(), SOON).unwrap(), status);
    assert_eq!(wire.bench().device.starts, before + 1);
    let status = device::reset(&mut wire.link(), SOON).unwrap();
    assert_eq!(describe::running(&status), "1.1.0 in slot B, confirmed");
}

#[test]
fn a_trial_loses_no_start_to_a_recovery_even_if_that_stays_unanswered() {
    let wire = on_trial();
    wire.bench_mut().device.flushes = false;
    let before = wire.bench().device.starts;
    let status = device::recover(&mut wire.link(), SOON).unwrap();
    assert!(status.recovery.is_some());
    assert_eq!((status.trial.unwrap().attempts, wire.bench().device.starts), (2, before + 1));
}

#[test]
fn firmware_that_does_not_know_of_recovery_goes_on() {
    let wire = updated();
    wire.bench_mut().device.knows_recovery = false;
    let before = wire.bench().device.starts;
    let error = device::recover(&mut wire.link(), SOON).unwrap_err();
    let DeviceError::NotInRecovery { running } = error else { panic!("{error:?}") };
    assert_eq!(running, "1.1.0 in slot B, confirmed");
    assert_eq!(wire.bench().device.starts, before);
    let status = device::rollback(&mut wire.link(), SOON).unwrap();
    assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
}

#[test]
fn a_rollback_ends_a_trial() {
    let wire = on_trial();
    let status = device::rollback(&mut wire.link(), SOON).unwrap();
    assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
    let outcome = status.outcome.unwrap();
    assert_eq!(outcome.ending, OutcomeEnding::Requested);
    assert_eq!(describe::ending(&outcome), "1.1.0 in slot B was rejected: the firmware or a host requested a rollback");
}

/// A device that runs 1.0.0, with 1.1.0 pending.
fn pending() -> Wire {
    let wire = Wire::to(Device::new(&MICROBIT));
    let options = Options { until: Until::Pending, ..Options::default() };
    let pushed = push(&mut wire.link(), &recipe(&MICROBIT, 1, 5000).image(), &options, &mut ()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Marked);
    wire
}

#[test]
fn a_pending_image_is_cancelled_without_a_verdict() {
    let wire = pending();
    let status = wire.link().status(Retry::SHORT).unwrap();
    assert_eq!(state::pending(&status), Some((lifeboot_wire::Slot::B, version(1))));
    let status = device::cancel(&mut wire.link()).unwrap();
    assert_eq!((status.trial, state::pending(&status)), (None, None));
    let outcome = status.outcome.unwrap();
    assert_eq!((outcome.ending, outcome.version), (OutcomeEnding::Cancelled, version(1).into()));
    assert_eq!(outcome.digest, recipe(&MICROBIT, 1, 5000).image().header().digest[..16]);
    assert_eq!(describe::ending(&outcome), "1.1.0 in slot B was cancelled before it had confirmed");
    let status = device::reset(&mut wire.link(), SOON).unwrap();
    assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
    // It has never run here, so it is not what a rollback goes back to.
    let error = device::rollback(&mut wire.link(), SOON).unwrap_err();
    assert!(matches!(&error, DeviceError::Refused(refused) if refused.refusal == Refusal::Cancelled), "{error:?}");
    // It is as good as any other image: no force, and nothing of it is sent again but what has to be erased.
    let pushed = push_to(&wire, &recipe(&MICROBIT, 1, 5000).image()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
}

/// By firmware, and by a bootloader in recovery mode, which may also replace what was started.
#[test]
fn an_image_that_a_push_replaces_is_cancelled() {
    let newer = recipe(&MICROBIT, 2, 5000).image();
    let options = Options { until: Until::Pending, ..Options::default() };
    for (wire, in_recovery) in [(pending(), false), (pending(), true), (on_trial(), true)] {
        if in_recovery {
            device::recover(&mut wire.link(), SOON).unwrap();
        }
        let pushed = push(&mut wire.link(), &newer, &options, &mut ()).unwrap();
        assert_eq!(pushed.outcome, PushOutcome::Marked);
        let status = wire.link().status(Retry::SHORT).unwrap();
        let outcome = status.outcome.unwrap();
        assert_eq!((outcome.ending, outcome.version), (OutcomeEnding::Cancelled, version(1).into()));
        assert_eq!(state::pending(&status), Some((lifeboot_wire::Slot::B, version(2))));
        device::reset(&mut wire.link(), SOON).unwrap();
        assert_eq!(push_to(&wire, &newer).unwrap().outcome, PushOutcome::Confirmed);
    }
}

#[test]
fn what_was_started_is_not_cancelled() {
    let refusal = |wire: &Wire| match device::cancel(&mut wire.link()) {
        Err(DeviceError::Refused(refused)) => refused.refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(&Wire::to(Device::new(&MICROBIT))), Refusal::NothingPending);
    assert_eq!(refusal(&updated()), Refusal::NothingPending);
    assert_eq!(refusal(&on_trial()), Refusal::AlreadyStarted);
    let wire = pending();
    device::cancel(&mut wire.link()).unwrap();
    assert_eq!(refusal(&wire), Refusal::NothingPending, "not twice");
    // Nor by a bootloader in recovery mode.
    let wire = pending();
    device::recover(&mut wire.link(), SOON).unwrap();
    assert_eq!(refusal(&wire), Refusal::Recovery);
    // A rollback of a pending image still rejects it.
    let wire = pending();
    let status = device::rollback(&mut wire.link(), SOON).unwrap();
    assert_eq!(status.outcome.unwrap().ending, OutcomeEnding::Requested);
}

/// An image that was rejected before, and that a push with force made pending: a cancel takes that verdict from nobody.
#[test]
fn a_cancel_leaves_an_earlier_rejection() {
    let wire = on_trial();
    device::rollback(&mut wire.link(), SOON).unwrap();
    let image = recipe(&MICROBIT, 1, 5000).image();
    let options = Options { until: Until::Pending, force: true, ..Options::default() };
    push(&mut wire.link(), &image, &options, &mut ()).unwrap();
    device::cancel(&mut wire.link()).unwrap();
    let error = push_to(&wire, &image).unwrap_err();
    assert!(matches!(&error, PushError::Refused(refused) if refused.refusal == Refusal::Rejected), "{error:?}");
}

#[test]
fn a_push_of_what_runs_sees_that_another_image_is_pending() {
    let wire = pending();
    let before = wire.bench().device.starts;
    let error = push_to(&wire, &factory_image(&MICROBIT)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1.0.0 in slot A, confirmed runs already, but 1.1.0 in slot B is pending: the next reset starts it"
    );
    device::cancel(&mut wire.link()).unwrap();
    let pushed = push_to(&wire, &factory_image(&MICROBIT)).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::AlreadyConfirmed);
    assert_eq!(wire.bench().device.starts, before);
}

#[test]
fn a_rollback_tries_the_previous_firmware_and_another_one_returns() {
    let wire = updated();
    for (slot, name) in [(Slot::A, "1.0.0"), (Slot::B, "1.1.0")] {
        let status = device::rollback(&mut wire.link(), SOON).unwrap();
        assert!(describe::running(&status).starts_with(name), "{}", describe::running(&status));
        assert_eq!(wire.bench().device.running(), Some(slot));
        for _ in 0..1000 {
            wire.bench_mut().step();
        }
        assert!(!wire.bench().device.is_trial());
    }
}

#[test]
fn without_a_previous_firmware_there_is_no_rollback() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let error = device::rollback(&mut wire.link(), SOON).unwrap_err();
    let DeviceError::Refused(refused) = &error else { panic!("{error:?}") };
    assert_eq!(refused.refusal, Refusal::NoImage);
}

#[test]
fn previous_firmware_that_fails_is_told() {
    let wire = updated();
    wire.bench_mut().device.firmware_does(0, Firmware::Hangs);
    let error = device::rollback(&mut wire.link(), SOON).unwrap_err();
    let DeviceError::Stayed { running, reason } = &error else { panic!("{error:?}") };
    assert_eq!(running, "1.1.0 in slot B, confirmed");
    assert!(reason.contains("watchdog"), "{reason}");
}

#[test]
fn an_image_on_trial_is_awaited_by_a_push_of_it_and_refused_to_another() {
    let wire = on_trial();
    let error = push_to(&wire, &recipe(&MICROBIT, 2, 5000).image()).unwrap_err();
    assert!(error.to_string().contains("on trial"), "{error}");
    device::confirm(&mut wire.link()).unwrap();
    let pushed = push_to(&wire, &recipe(&MICROBIT, 1, 5000).image()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::AlreadyConfirmed);
}

#[test]
fn requests_get_through_a_bad_line() {
    for seed in 0..30 {
        let wire = on_trial();
        wire.bench_mut().faults = Faults { lost_byte: 200, flipped_bit: 400, noise: 3, ..Faults::default() };
        let mut link = wire.link();
        for _ in 0..seed {
            wire.bench_mut().step();
        }
        device::rollback(&mut link, SOON).unwrap();
        assert_eq!(wire.bench().device.running(), Some(Slot::A));
        assert!(link.status(Retry::SHORT).is_ok());
    }
}

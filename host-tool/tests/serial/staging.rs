//! Images that are staged, and activated later.

use crate::device::{Device, Firmware};
use crate::images::{id, key, next_key, version};
use crate::line::Wire;
use crate::ports::{lifeboot, listener, serve_at};
use crate::pushes::{assert_holds, push_to, recipe};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::describe;
use lifeboot_client::device::{self, DeviceError};
use lifeboot_client::link::Retry;
use lifeboot_client::push::{
    Activation, Interruption, Options, Progress, PushError, PushOutcome, Step, Until, activate, push,
};
use lifeboot_client::state::{self, WantedImage};
use lifeboot_core::Slot;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::MICROBIT;
use lifeboot_report as report;
use lifeboot_wire::{OutcomeEnding, Refusal};
use serde_json::Value;
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const STAGE: Options = Options { force: false, patch: true, until: Until::Staged, timeout: SOON };
const ACTIVATE: Activation = Activation { force: false, wait: true, timeout: SOON };
const LEAVE_PENDING: Activation = Activation { wait: false, ..ACTIVATE };

fn release() -> ImageFile {
    recipe(&MICROBIT, 1, 5000).image()
}

/// A device with 1.1.0 staged, and 1.0.0 running.
fn staged() -> Wire {
    let wire = Wire::to(Device::new(&MICROBIT));
    let pushed = push(&mut wire.link(), &release(), &STAGE, &mut ()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Staged);
    assert!(pushed.sent > 5000);
    wire
}

fn restart(wire: &Wire, cause: Cause) {
    let now = wire.bench().now;
    wire.bench_mut().device.reset(now, cause);
}

fn refusal(error: PushError) -> Refusal {
    match error {
        PushError::Refused(refused) => refused.refusal,
        error => panic!("{error:?}"),
    }
}

/// The steps of a push.
#[derive(Default)]
struct Steps(Vec<Step>);

impl Progress for Steps {
    fn step(&mut self, step: Step) {
        self.0.push(step);
    }
}

#[test]
fn a_staged_image_stays_through_resets_and_is_reported() {
    let wire = staged();
    for cause in [Cause::PowerOn, Cause::Watchdog, Cause::Request] {
        let status = wire.link().status(Retry::SHORT).unwrap();
        assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
        assert_eq!((status.trial, state::pending(&status)), (None, None));
        let outcome = state::staged(&status).unwrap();
        assert_eq!((outcome.ending, outcome.version), (OutcomeEnding::Staged, version(1).into()));
        assert_eq!(describe::ending(&outcome), "1.1.0 in slot B was staged, to be activated later");
        let text = report::Device::from(&status).to_string();
        let line = "\nstaged       1.1.0 in slot B; no reset starts it, lifeboot activate does\n";
        assert!(text.contains(line) && text.contains(" | staged          |\n"), "{text}");
        restart(&wire, cause);
    }
    assert_holds(&wire, Slot::B, &release());
}

#[test]
fn what_is_staged_is_not_sent_again() {
    let wire = staged();
    let again = push(&mut wire.link(), &release(), &STAGE, &mut ()).unwrap();
    assert_eq!((again.outcome, again.sent, again.frames), (PushOutcome::Staged, 0, 0));
    // Nor by a push that wants it tried.
    let options = Options { until: Until::Pending, ..STAGE };
    let pending = push(&mut wire.link(), &release(), &options, &mut ()).unwrap();
    assert_eq!((pending.outcome, pending.sent), (PushOutcome::Marked, 0));
    let status = wire.link().status(Retry::SHORT).unwrap();
    assert_eq!((state::staged(&status), state::pending(&status)), (None, Some((lifeboot_wire::Slot::B, version(1)))));

    let wire = staged();
    let mut steps = Steps::default();
    let pushed = push(&mut wire.link(), &release(), &Options::default(), &mut steps).unwrap();
    assert_eq!((pushed.outcome, pushed.sent), (PushOutcome::Confirmed, 0));
    assert!(steps.0.contains(&Step::Activating) && !steps.0.contains(&Step::Beginning), "{:?}", steps.0);
}

#[test]
fn an_activated_image_runs_by_its_file_or_its_digest() {
    let digest = *release().header().digest.first_chunk().unwrap();
    for image in [WantedImage::from(&release()), WantedImage::named(digest)] {
        let wire = staged();
        assert_eq!(activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap(), PushOutcome::Confirmed);
        let status = wire.link().status(Retry::SHORT).unwrap();
        assert_eq!(describe::running(&status), "1.1.0 in slot B, confirmed");
        let again = activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap();
        assert_eq!(again, PushOutcome::AlreadyConfirmed);

        // Left pending, twice, and then waited for.
        let wire = staged();
        for _ in 0..2 {
            let outcome = activate(&mut wire.link(), &image, &LEAVE_PENDING, &mut ()).unwrap();
            assert_eq!(outcome, PushOutcome::Marked);
        }
        assert_eq!(wire.bench().device.starts, 1, "it was not restarted");
        assert_eq!(activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap(), PushOutcome::Confirmed);
    }
}

#[test]
fn an_activated_image_that_does_not_confirm_is_rolled_back_with_its_outcome() {
    let wire = staged();
    wire.bench_mut().device.firmware_does(1, Firmware::Hangs);
    let image = WantedImage::from(&release());
    let error = activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap_err();
    let PushError::RolledBack { outcome, .. } = error else { panic!("{error:?}") };
    assert_eq!((outcome.ending, outcome.digest), (OutcomeEnding::NotConfirmed, image.digest));
    // It is refused from now on, unless forced; the refusal has the reason and the digits to type.
    for image in [image, WantedImage::named(image.digest)] {
        let error = activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap_err();
        let PushError::Refused(refused) = &error else { panic!("{error:?}") };
        assert_eq!(refused.refusal, Refusal::Rejected);
        assert!(refused.meaning().starts_with("this image was rejected here before: it did not confirm"), "{refused}");
        assert!(refused.next().ends_with(&lifeboot_artifact::hex(&image.digest)), "{}", refused.next());
    }
    wire.bench_mut().device.firmware_does(1, Firmware::Healthy);
    let forced = Activation { force: true, ..ACTIVATE };
    assert_eq!(activate(&mut wire.link(), &image, &forced, &mut ()).unwrap(), PushOutcome::Confirmed);
}

#[test]
fn only_what_is_staged_is_activated() {
    let wire = staged();
    let other = WantedImage::from(&recipe(&MICROBIT, 2, 5000).image());
    let error = activate(&mut wire.link(), &other, &ACTIVATE, &mut ()).unwrap_err();
    assert_eq!(refusal(error), Refusal::NotStaged);
    // The previous firmware was never staged: a rollback is the way back to it.
    let wire = Wire::to(Device::new(&MICROBIT));
    push_to(&wire, &release()).unwrap();
    let previous = WantedImage::from(&crate::device::factory_image(&MICROBIT));
    assert_eq!(refusal(activate(&mut wire.link(), &previous, &ACTIVATE, &mut ()).unwrap_err()), Refusal::NotStaged);
}

#[test]
fn what_is_staged_is_no_previous_firmware() {
    let wire = staged();
    let error = device::rollback(&mut wire.link(), SOON).unwrap_err();
    assert!(matches!(&error, DeviceError::Refused(refused) if refused.refusal == Refusal::Staged), "{error:?}");
    let status = wire.link().status(Retry::SHORT).unwrap();
    assert!(state::staged(&status).is_some());
}

/// Cancelled before it was started, it is activated like a staged one.
#[test]
fn a_cancelled_image_is_activated() {
    let wire = staged();
    let image = WantedImage::from(&release());
    activate(&mut wire.link(), &image, &LEAVE_PENDING, &mut ()).unwrap();
    let status = device::cancel(&mut wire.link()).unwrap();
    assert_eq!(state::staged(&status), None);
    assert_eq!(activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap(), PushOutcome::Confirmed);
}

/// To stage what is pending: it must not be tried any more.
#[test]
fn what_is_pending_is_staged_instead() {
    let wire = Wire::to(Device::new(&MICROBIT));
    push(&mut wire.link(), &release(), &Options { until: Until::Pending, ..STAGE }, &mut ()).unwrap();
    let pushed = push(&mut wire.link(), &release(), &STAGE, &mut ()).unwrap();
    // Of the image no more than the header's unit is sent.
    assert!(pushed.outcome == PushOutcome::Staged && pushed.sent <= 1024, "{pushed:?}");
    let status = device::reset(&mut wire.link(), SOON).unwrap();
    assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
    assert!(state::staged(&status).is_some());
}

/// Flash went bad since: what is staged is sent again, and an activation by itself is refused.
#[test]
fn what_is_not_whole_any_more_is_sent_again() {
    let wire = staged();
    let payload = MICROBIT.slot(Slot::B).start + MICROBIT.header_length;
    wire.bench_mut().device.flash.put(payload + 2048, &[0; 64]);
    let image = WantedImage::from(&release());
    assert_eq!(refusal(activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap_err()), Refusal::Digest);
    let mut steps = Steps::default();
    let pushed = push(&mut wire.link(), &release(), &Options::default(), &mut steps).unwrap();
    assert!(pushed.outcome == PushOutcome::Confirmed && pushed.sent > 0, "{pushed:?}");
    assert!(steps.0.contains(&Step::StartingOver(Interruption::NotAsStaged)), "{:?}", steps.0);
    assert_holds(&wire, Slot::B, &release());
}

/// The key was revoked after the image had been staged: by an update in between, which took the other slot and gave it back.
#[test]
fn another_update_takes_the_place_of_what_is_staged() {
    let wire = staged();
    let newer = recipe(&MICROBIT, 2, 5000).image_by(&next_key(), &[id(&key())]);
    push_to(&wire, &newer).unwrap();
    let error = activate(&mut wire.link(), &WantedImage::from(&release()), &ACTIVATE, &mut ()).unwrap_err();
    assert_eq!(refusal(error), Refusal::NotStaged);
    // Nor is it staged again.
    assert_eq!(refusal(push(&mut wire.link(), &release(), &STAGE, &mut ()).unwrap_err()), Refusal::RevokedKey);
}

#[test]
fn a_bootloader_in_recovery_mode_stages_nothing() {
    let wire = Wire::to(Device::new(&MICROBIT));
    device::recover(&mut wire.link(), SOON).unwrap();
    let flash = || wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
    let before = flash();
    let error = push(&mut wire.link(), &release(), &STAGE, &mut ()).unwrap_err();
    let PushError::CannotStage { reason } = error else { panic!("{error:?}") };
    assert_eq!(reason, "its bootloader is in recovery mode, since no firmware runs");
    let image = WantedImage::from(&release());
    assert_eq!(refusal(activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap_err()), Refusal::Recovery);
    assert!(flash() == before, "something was written");
}

/// What is staged stays so while the bootloader is asked for recovery mode and left again.
#[test]
fn recovery_mode_leaves_what_is_staged() {
    let wire = staged();
    let status = device::recover(&mut wire.link(), SOON).unwrap();
    assert!(state::staged(&status).is_some(), "{status:?}");
    device::reset(&mut wire.link(), SOON).unwrap();
    let image = WantedImage::from(&release());
    assert_eq!(activate(&mut wire.link(), &image, &ACTIVATE, &mut ()).unwrap(), PushOutcome::Confirmed);
}

/// The commands: two devices are staged first and switched together.
#[test]
fn a_fleet_is_staged_first_and_switched_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    std::fs::write(&path, release().to_bytes()).unwrap();
    let path = path.to_str().unwrap();
    let devices = [3, 2].map(|connections| {
        let (listener, port) = listener();
        (thread::spawn(move || serve_at(&mut Wire::to(Device::new(&MICROBIT)), &listener, connections)), port)
    });
    let ports = ["--port", &devices[0].1, "--port", &devices[1].1];
    let staged = lifeboot(&[&["push", path, "--stage"], &ports[..]].concat());
    let out = String::from_utf8(staged.stdout).unwrap();
    assert_eq!(staged.status.code(), Some(0), "{out}");
    let line = "1.1.0 is in its slot, verified and staged; no reset starts it before lifeboot activate";
    assert_eq!(out.matches(line).count(), 2, "{out}");

    let digest = lifeboot_artifact::hex(&release().header().digest[..16]);
    let status = lifeboot(&["status", "--json", "--port", &devices[0].1]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["staged"], serde_json::json!({ "slot": "B", "version": "1.1.0", "digest": digest }));
    assert_eq!((&status["pending"], &status["last_outcome"]["ending"]), (&Value::Null, &"staged".into()));

    let switched = lifeboot(&["activate", path, "--port", &devices[0].1]);
    assert_eq!(String::from_utf8(switched.stdout).unwrap(), "1.1.0 runs and is confirmed\n");
    let switched = lifeboot(&["activate", &digest, "--json", "--port", &devices[1].1]);
    let out = String::from_utf8(switched.stdout).unwrap();
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(last, serde_json::json!({ "digest": digest, "version": null, "outcome": "confirmed" }));
    for (server, _) in devices {
        server.join().unwrap();
    }
}

#[test]
fn an_activation_that_is_stopped_says_how_to_go_on() {
    let image = release();
    let stopped = |wire: &Wire, image: &ImageFile| match activate(
        &mut wire.link().with_stop(|| true),
        &WantedImage::from(image),
        &ACTIVATE,
        &mut (),
    )
    .unwrap_err()
    {
        PushError::Stopped { state, next } => (state, next),
        error => panic!("{error:?}"),
    };
    let wire = staged();
    let (state, next) = stopped(&wire, &image);
    assert_eq!(state, "the device goes on with 1.0.0 in slot A, confirmed; the new image is staged in the other slot");
    assert_eq!(next, "to go on, lifeboot activate again");
    let (state, next) = stopped(&wire, &recipe(&MICROBIT, 2, 5000).image());
    assert_eq!(state, "the device goes on with 1.0.0 in slot A, confirmed; the image is not in its other slot");
    assert_eq!(next, "bring it there first: lifeboot push, or lifeboot push --stage");
    activate(&mut wire.link(), &WantedImage::from(&image), &LEAVE_PENDING, &mut ()).unwrap();
    assert_eq!(
        stopped(&wire, &image).1,
        "to go on, lifeboot activate again, or lifeboot reset; to call it off, lifeboot cancel"
    );
}

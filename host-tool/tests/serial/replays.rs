//! A recording of a good push, replayed to devices.

use crate::device::{Device, Firmware};
use crate::images::{Recipe, version};
use crate::line::Wire;
use crate::messages::scenes::{BELIEVED, image};
use crate::pushes::{push_to, recipe};
use crate::stranger::Stranger;
use lifeboot_client::device;
use lifeboot_client::link::Retry;
use lifeboot_client::pipe::Pipe;
use lifeboot_client::push::PushOutcome;
use lifeboot_core::Slot;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::{self as wire, Command, SESSION_TIMEOUT_MS};
use std::time::Duration;

/// A device that runs version 1.0.0, and everything that a host sent to bring it 1.1.0.
fn recorded(firmware: Firmware) -> (Wire, Vec<u8>) {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(1, firmware);
    let wire = Wire::to(device);
    wire.clone().pause(Duration::from_millis(310));
    let mut host = Stranger::new(&wire, 1234);
    assert!(host.begin(image(), BELIEVED).starts_with("begun"));
    host.write_all(image());
    assert_eq!(host.ask(&Command::Finish), "done");
    assert_eq!(host.ask(&Command::Reset), "done");
    wire.clone().pause(Duration::from_millis(3000));
    assert_eq!(wire.bench().device.running(), Some(Slot::B));
    (wire, host.sent)
}

/// Replays everything, frame by frame, with time for each.
fn replay(wire: &Wire, recording: &[u8]) {
    wire.bench_mut().now += SESSION_TIMEOUT_MS;
    let mut wire = wire.clone();
    for frame in recording.split_inclusive(|byte| *byte == 0) {
        wire.write(frame).unwrap();
        wire.pause(Duration::from_millis(300));
    }
    wire.pause(Duration::from_millis(2000));
}

fn everything(wire: &Wire) -> Vec<u8> {
    wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize)
}

#[test]
fn a_push_that_is_played_again_changes_nothing() {
    let (wire, recording) = recorded(Firmware::Healthy);
    for _ in 0..2 {
        let (before, starts) = (everything(&wire), wire.bench().device.starts);
        replay(&wire, &recording);
        assert!(before == everything(&wire), "flash changed");
        assert_eq!(wire.bench().device.running(), Some(Slot::B));
        // Of the whole recording, only the reset had an effect.
        assert_eq!(wire.bench().device.starts, starts + 1);
    }
    assert_eq!(push_to(&wire, &recipe(&MICROBIT, 2, 700).image()).unwrap().outcome, PushOutcome::Confirmed);
}

#[test]
fn on_trial_it_costs_one_start_as_any_reset_does() {
    let (wire, recording) = recorded(Firmware::Unsure);
    let slots =
        |wire: &Wire| MICROBIT.slots.map(|slot| wire.bench().device.flash.bytes(slot.start, slot.length as usize));
    let before = slots(&wire);
    let attempts = |wire: &Wire| wire.link().status(Retry::SHORT).unwrap().trial.map(|trial| trial.attempts);
    assert_eq!(attempts(&wire), Some(2));
    replay(&wire, &recording);
    assert_eq!(attempts(&wire), Some(1));
    assert_eq!(wire.bench().device.running(), Some(Slot::B));
    assert!(before == slots(&wire), "a slot changed");
}

/// A rejected image stays rejected, no matter who pushes it again.
#[test]
fn an_image_that_was_rejected_does_not_come_back_by_a_replay() {
    let (wire, recording) = recorded(Firmware::Unsure);
    device::rollback(&mut wire.link(), Duration::from_secs(30)).unwrap();
    assert_eq!(wire.bench().device.running(), Some(Slot::A));
    let before = everything(&wire);
    replay(&wire, &recording);
    assert!(before == everything(&wire), "flash changed");
    assert_eq!(wire.bench().device.running(), Some(Slot::A));
}

/// An image of an epoch that is past, in a push of which nothing else is wrong.
#[test]
fn below_the_epoch_nothing_comes_back() {
    let (wire, recording) = recorded(Firmware::Healthy);
    // Into slot A, and on to slot B: the recording's target again.
    for (minor, epoch) in [(2, 3), (0, 3)] {
        let image = Recipe { epoch, ..recipe(&MICROBIT, minor, 700) }.image();
        assert_eq!(push_to(&wire, &image).unwrap().outcome, PushOutcome::Confirmed);
    }
    let up = Recipe { epoch: 3, ..recipe(&MICROBIT, 0, 900) }.image();
    assert_eq!(push_to(&wire, &up).unwrap().outcome, PushOutcome::Confirmed);
    assert_eq!(wire.bench().device.running(), Some(Slot::A));
    let status = wire.link().status(Retry::SHORT).unwrap();
    assert_eq!((status.epoch_floor, status.slots[0]), (3, content(&up)));
    let before = everything(&wire);
    wire.bench_mut().device.flash.take_erases();
    replay(&wire, &recording);
    assert!(before == everything(&wire), "flash changed");
    assert!(wire.bench().device.flash.take_erases().is_empty());
    wire.bench_mut().now += SESSION_TIMEOUT_MS;
    assert_eq!(Stranger::new(&wire, 5).begin(image(), version(0).into()), "refused: Epoch");

    // A bootloader in recovery mode refuses it as well: all of it was right when it was recorded.
    wire.bench().device.flash.put(MICROBIT.slot(Slot::A).start + MICROBIT.header_length, &[0; 64]);
    wire.bench().device.flash.put(MICROBIT.slot(Slot::B).start + MICROBIT.header_length, &[0; 64]);
    let now = wire.bench().now;
    wire.bench_mut().device.reset(now, Cause::Pin);
    assert!(wire.bench().device.is_in_recovery());
    let before = everything(&wire);
    replay(&wire, &recording);
    assert!(wire.bench().device.is_in_recovery());
    assert!(before == everything(&wire), "flash changed");
    wire.bench_mut().now += SESSION_TIMEOUT_MS;
    assert_eq!(Stranger::new(&wire, 5).begin(image(), BELIEVED), "refused: Epoch");
    assert_eq!(push_to(&wire, &up).unwrap().outcome, PushOutcome::Confirmed);
}

fn content(image: &lifeboot_artifact::image_file::ImageFile) -> wire::SlotContent {
    let header = image.header();
    let digest = *header.digest.first_chunk().unwrap();
    wire::SlotContent::Image { version: header.version.into(), epoch: header.epoch, digest }
}

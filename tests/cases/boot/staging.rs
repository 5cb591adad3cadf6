//! Images that are staged: whole in their slot, never started by themselves, and checked again when they are activated.

use super::{Device, Started, firmware};
use crate::signed_image::{SignedImage, key_ids};
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::layout::{BLOCK, Board};
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, Ending, Trial};
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::{BOARDS, MICROBIT};
use lifeboot_tests::simulated_flash::{Part, WriteUnits};
use lifeboot_updater::wire::IMAGE_NAME;
use lifeboot_updater::{Expected, Refusal, Step, Updater};

/// Another firmware than that from the factory, by its payload's length.
fn release(board: &'static Board, length: usize) -> SignedImage {
    SignedImage::new(board, length).release(Version { major: 2, ..Version::default() }, 0)
}

fn name(image: &SignedImage) -> [u8; IMAGE_NAME] {
    *image.header.digest.first_chunk().unwrap()
}

fn work(updater: &mut Updater<impl NorFlash>) -> Result<Step, Refusal> {
    loop {
        match updater.step()? {
            Step::Busy => {}
            step => return Ok(step),
        }
    }
}

/// Stages an image in slot B, by the firmware in slot A.
fn stage(device: &mut Device, image: &SignedImage, force: bool) -> Result<Step, Refusal> {
    // The driver of a Pico's flash writes whole pages.
    match image.board.write_size {
        256 => stage_by(Updater::running_in(Slot::A, WriteUnits::<256>(&mut device.flash), image.board), image, force),
        _ => stage_by(Updater::running_in(Slot::A, &mut device.flash, image.board), image, force),
    }
}

fn stage_by<F: NorFlash>(
    updater: Result<Updater<F>, Refusal>,
    image: &SignedImage,
    force: bool,
) -> Result<Step, Refusal> {
    let (mut updater, board) = (updater.unwrap(), image.board);
    let expected = Expected { running: firmware(board, 1, 0).header.version, target: Slot::B };
    let transfer = updater.begin(&image.header_bytes(), expected, force)?;
    while work(&mut updater)? == Step::Receiving {}
    let content = image.content(Slot::A);
    let payload_end = board.header_length + image.header.payload_length;
    while let Some(next) = updater.next().filter(|next| *next != payload_end) {
        let end = if next >= image.table_offset() { content.len() as u32 } else { payload_end };
        let bytes = &content[next as usize..end.min(next + BLOCK) as usize];
        updater.feed(transfer, next, bytes)?;
        work(&mut updater)?;
    }
    updater.stage(transfer)?;
    work(&mut updater)
}

fn activate(device: &mut Device, board: &'static Board, image: [u8; IMAGE_NAME], force: bool) -> Result<Step, Refusal> {
    let mut updater = Updater::running_in(Slot::A, &mut device.flash, board).unwrap();
    updater.request_activate(&image, force)?;
    work(&mut updater)
}

fn rolls_back(device: &mut Device, board: &'static Board) -> Result<Step, Refusal> {
    let mut updater = Updater::running_in(Slot::A, &mut device.flash, board).unwrap();
    updater.request_rollback()?;
    work(&mut updater)
}

/// A device with version 2 staged.
fn staged(board: &'static Board) -> (Device, SignedImage) {
    let (mut device, image) = (Device::from_factory(board), release(board, 900));
    assert_eq!(stage(&mut device, &image, false), Ok(Step::Staged), "{}", board.name);
    (device, image)
}

#[test]
fn a_staged_image_is_reported_and_no_reset_starts_it() {
    for board in BOARDS {
        let (mut device, image) = staged(board);
        let record = device.record();
        assert_eq!((record.trial, record.confirmed), (None, Slot::A));
        let outcome = record.outcomes.last().unwrap();
        assert_eq!((outcome.ending, outcome.slot, outcome.digest), (Ending::Staged, Slot::B, name(&image)));
        for cause in [Cause::PowerOn, Cause::Watchdog, Cause::Request, Cause::Pin] {
            assert_eq!(device.boot(cause), Started::Confirmed(Slot::A));
        }
        assert_eq!(device.record(), record, "no boot has changed anything");
        let mut updater = Updater::running_in(Slot::A, &mut device.flash, board).unwrap();
        assert_eq!(updater.staged(), Some(name(&image)));
    }
}

#[test]
fn an_activated_image_is_tried_and_confirms() {
    for board in BOARDS {
        let (mut device, image) = staged(board);
        device.boot(Cause::PowerOn);
        assert_eq!(activate(&mut device, board, name(&image), false), Ok(Step::Pending));
        assert_eq!(device.record().trial, Some(Trial::new(Slot::B)));
        let mut updater = Updater::running_in(Slot::A, &mut device.flash, board).unwrap();
        assert_eq!(updater.staged(), None, "it is pending");
        assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
        device.confirm(Slot::B).unwrap();
        assert_eq!(device.boot(Cause::PowerOn), Started::Confirmed(Slot::B));
        assert_eq!(device.flash.misuse(), None);
    }
}

/// Neither written again nor given its attempts back.
#[test]
fn what_is_pending_already_is_done_and_not_written() {
    for board in BOARDS {
        let (mut device, image) = staged(board);
        activate(&mut device, board, name(&image), false).unwrap();
        for trial in [Trial::new(Slot::B), Trial::new(Slot::B).started(Cause::Watchdog).unwrap()] {
            device.record_with(|record| record.trial = Some(trial));
            // Until no cut so far can undo it.
            for _ in 0..3 {
                assert_eq!(activate(&mut device, board, name(&image), false), Ok(Step::Pending));
            }
            let written = device.flash.wear(Part::Journal).writes;
            assert_eq!(activate(&mut device, board, name(&image), false), Ok(Step::Pending));
            assert_eq!(device.flash.wear(Part::Journal).writes, written, "{}", board.name);
            assert_eq!(device.record().trial, Some(trial));
        }
    }
}

#[test]
fn only_the_image_that_is_named_is_activated() {
    for board in BOARDS {
        let (mut device, image) = staged(board);
        let other = name(&release(board, 800));
        assert_eq!(activate(&mut device, board, other, false), Err(Refusal::NotStaged));
        // The slot was written since, by something that told no outcome: power may have been lost while the header was written.
        let mut device = Device::from_factory(board);
        device.put(Slot::B, &image);
        assert_eq!(activate(&mut device, board, name(&image), false), Err(Refusal::NotStaged));
        assert_eq!(device.record().trial, None);
        // Nothing there.
        let mut device = Device::from_factory(board);
        assert_eq!(activate(&mut device, board, name(&image), false), Err(Refusal::NotStaged));
    }
}

#[test]
fn the_payload_is_verified_again() {
    for board in BOARDS {
        let (mut device, image) = staged(board);
        device.damage(Slot::B);
        assert_eq!(activate(&mut device, board, name(&image), false), Err(Refusal::Digest));
        assert_eq!(device.record().trial, None);
        assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
    }
}

/// What was true when it was staged may not be so any more.
#[test]
fn the_rules_are_asked_as_they_are_at_the_activation() {
    for board in BOARDS {
        let (mut device, image) = staged(board);
        device.record_with(|record| record.epoch_floor = 1);
        assert_eq!(activate(&mut device, board, name(&image), true), Err(Refusal::Epoch));

        let (mut device, image) = staged(board);
        device.record_with(|record| record.revoked = key_ids(&[1]));
        assert_eq!(activate(&mut device, board, name(&image), true), Err(Refusal::RevokedKey));

        let (mut device, image) = staged(board);
        device.record_with(|record| record.schema = 7);
        assert_eq!(activate(&mut device, board, name(&image), true), Err(Refusal::Schema));

        let (mut device, image) = staged(board);
        device.record_with(|record| record.confirmed = Slot::B);
        assert_eq!(activate(&mut device, board, name(&image), true), Err(Refusal::TrialRunning));
    }
}

/// Staging is no verdict: what was rejected stays so, and each of the two wants to be forced.
#[test]
fn a_rejected_image_is_staged_and_activated_only_by_force() {
    let (mut device, image) = staged(&MICROBIT);
    activate(&mut device, &MICROBIT, name(&image), false).unwrap();
    for _ in 0..CRASH_ATTEMPTS {
        assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
    }
    assert_eq!(device.boot(Cause::Watchdog), Started::Confirmed(Slot::A));
    assert_eq!(activate(&mut device, &MICROBIT, name(&image), false), Err(Refusal::Rejected));
    assert_eq!(stage(&mut device, &image, false), Err(Refusal::Rejected));
    assert_eq!(stage(&mut device, &image, true), Ok(Step::Staged));
    assert_eq!(activate(&mut device, &MICROBIT, name(&image), false), Err(Refusal::Rejected));
    assert_eq!(activate(&mut device, &MICROBIT, name(&image), true), Ok(Step::Pending));
    assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
}

/// It was never started, so it is not what a rollback goes back to.
#[test]
fn a_rollback_goes_to_no_staged_image() {
    for board in BOARDS {
        let (mut device, image) = staged(board);
        assert_eq!(rolls_back(&mut device, board), Err(Refusal::Staged));
        // Activated and cancelled, it can be activated again.
        activate(&mut device, board, name(&image), false).unwrap();
        let mut updater = Updater::running_in(Slot::A, &mut device.flash, board).unwrap();
        updater.request_cancel().unwrap();
        assert_eq!(work(&mut updater), Ok(Step::Cancelled));
        assert_eq!(updater.staged(), None);
        assert_eq!(rolls_back(&mut device, board), Err(Refusal::Cancelled));
        assert_eq!(activate(&mut device, board, name(&image), false), Ok(Step::Pending));
    }
}

/// The image that is pending is staged instead: then no reset starts it any more.
#[test]
fn what_was_pending_is_staged_instead() {
    let (mut device, image) = staged(&MICROBIT);
    activate(&mut device, &MICROBIT, name(&image), false).unwrap();
    assert_eq!(stage(&mut device, &image, false), Ok(Step::Staged));
    assert_eq!(device.record().trial, None);
    assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
}

/// The last resort, as for an image that was cancelled: any firmware that verifies beats none. It gets one trial.
#[test]
fn a_staged_image_is_started_if_nothing_else_can_be() {
    for board in BOARDS {
        let (mut device, image) = staged(board);
        let mut cancelled = Device::from_factory(board);
        cancelled.put(Slot::B, &image);
        cancelled.record_with(|record| record.trial = Some(Trial::new(Slot::B)));
        let mut updater = Updater::running_in(Slot::A, &mut cancelled.flash, board).unwrap();
        updater.request_cancel().unwrap();
        assert_eq!(work(&mut updater), Ok(Step::Cancelled));
        for device in [&mut device, &mut cancelled] {
            device.damage(Slot::A);
            assert_eq!(device.boot(Cause::PowerOn), Started::FellBack(Slot::B));
            let record = device.record();
            assert_eq!(record.trial, Trial::new(Slot::B).started(Cause::PowerOn));
            assert_eq!(record.outcomes.last().map(|outcome| outcome.ending), Some(Ending::FellBack));
            device.confirm(Slot::B).unwrap();
            assert_eq!(device.boot(Cause::PowerOn), Started::Confirmed(Slot::B));
        }
    }
}

#[test]
fn an_activation_that_is_refused_leaves_a_transfer_alone() {
    let (mut device, image) = staged(&MICROBIT);
    let mut updater = Updater::running_in(Slot::A, &mut device.flash, &MICROBIT).unwrap();
    let expected = Expected { running: firmware(&MICROBIT, 1, 0).header.version, target: Slot::B };
    let transfer = updater.begin(&release(&MICROBIT, 800).header_bytes(), expected, false).unwrap();
    assert_eq!(work(&mut updater), Ok(Step::Receiving));
    assert_eq!(updater.request_activate(&[0; IMAGE_NAME], false), Err(Refusal::NotStaged));
    assert!(updater.next_in(transfer).is_ok());
    // Nothing was erased yet, so the staged image is still there, and takes the transfer's place.
    let activation = updater.request_activate(&name(&image), false).unwrap();
    assert_eq!(updater.next_in(transfer), Err(Refusal::Superseded));
    assert_eq!(work(&mut updater), Ok(Step::Pending));
    assert_eq!(updater.result(activation), Some(Ok(Step::Pending)));
}

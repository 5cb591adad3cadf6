//! Updates that succeed, and updates that the device rolls back or refuses.

use super::{Host, connect, factory, image, push, status};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::push::{Options, PatchUse, PushError, PushOutcome, Until, push as push_with};
use lifeboot_core::Slot;
use lifeboot_tests::bench::{runs, version};
use lifeboot_tests::emulator::stm32f4::chip::Settings;
use lifeboot_tests::product::STM32F405;
use lifeboot_wire::{self as wire, OutcomeEnding, Refusal, ResetCause, SlotContent, Status};

/// From production to 2.0.0, confirmed.
fn updated(new: &ImageFile) -> Host {
    let mut host = connect(&factory(), &Settings::default());
    let before = status(&mut host);
    runs(&before, wire::Slot::A, version(1)).unwrap();
    let boot = before.boot.unwrap();
    assert_eq!((boot.cause, boot.start), (ResetCause::PowerOn, wire::Start::Confirmed));
    assert!(before.demo_key, "the bootloader does not say that its key is a demo's");
    assert_eq!(before.slots[1], SlotContent::Empty);
    let pushed = push(&mut host, new).unwrap();
    assert_eq!((pushed.outcome, pushed.retransmitted), (PushOutcome::Confirmed, 0));
    host
}

#[test]
fn an_update_is_tried_and_confirmed_and_the_same_each_time() {
    let new = image(&[], 2, 1);
    let mut host = updated(&new);
    let after = status(&mut host);
    runs(&after, wire::Slot::B, version(2)).unwrap();
    assert_eq!((after.outcome.unwrap().ending, after.epoch_floor), (OutcomeEnding::Confirmed, 1));
    let now = host.pipe().chip().now();
    let flash = host.pipe().chip().flash();
    let slot = STM32F405.board.slot(Slot::B).start as usize;
    assert!(flash[slot..].starts_with(&new.for_slot(STM32F405.board, Slot::B).unwrap()));

    // Another device does the same, to the nanosecond.
    let mut again = updated(&new);
    status(&mut again);
    assert_eq!(again.pipe().chip().now(), now);
    assert!(again.pipe().chip().flash() == flash);

    // And it is still the default after a loss of power.
    host.pipe().chip().power_cycle(&flash, 9).unwrap();
    runs(&status(&mut host), wire::Slot::B, version(2)).unwrap();
    assert_eq!(push(&mut host, &new).unwrap().outcome, PushOutcome::AlreadyConfirmed);
}

/// The running image is rebased in its slot, including halves of addresses in instructions.
#[test]
fn a_patch_is_applied_while_slot_b_runs() {
    let new = image(&[], 2, 0);
    let mut host = updated(&new);
    let third = image(&["panic-later"], 3, 0).with_patch_from(&new).unwrap();
    let options = Options { until: Until::Pending, ..Options::default() };
    let pushed = push_with(&mut host, &third, &options, &mut ()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Marked, "verified in its slot");
    assert!(matches!(pushed.patch, Some(PatchUse::Sent { .. })), "{pushed:?}");
    let flash = host.pipe().chip().flash();
    let slot = STM32F405.board.slot(Slot::A).start as usize;
    assert!(flash[slot..].starts_with(&third.for_slot(STM32F405.board, Slot::A).unwrap()));
}

/// Pushes an image that must not stay. Returns the outcome, and the device's state afterwards.
pub fn taken_back(bad: &ImageFile) -> (PushError, Status) {
    // A watchdog ten times as fast as any chip's: half a second in which firmware hangs is enough to emulate.
    let mut host = connect(&factory(), &Settings { lsi: 470_000, ..Settings::default() });
    let failure = push(&mut host, bad).unwrap_err();
    (failure, status(&mut host))
}

/// Pushes an image that must not stay, and checks that it is rolled back.
fn rolled_back(bad: &ImageFile, ending: OutcomeEnding, cause: ResetCause) {
    let (failure, status) = taken_back(bad);
    assert!(matches!(failure, PushError::RolledBack { .. }), "{failure:?}");
    runs(&status, wire::Slot::A, version(1)).unwrap();
    let outcome = status.outcome.unwrap();
    assert_eq!((outcome.ending, outcome.cause, outcome.slot), (ending, cause, wire::Slot::B));
    let boot = status.boot.unwrap();
    assert_eq!((boot.cause, boot.start), (cause, wire::Start::Confirmed));
}

#[test]
fn firmware_that_hangs_before_its_first_line_is_brought_back_by_the_watchdog() {
    rolled_back(&image(&["hang-at-start"], 2, 0), OutcomeEnding::NotConfirmed, ResetCause::Watchdog);
}

#[test]
fn firmware_that_panics_is_rolled_back() {
    rolled_back(&image(&["panic-later"], 2, 0), OutcomeEnding::NotConfirmed, ResetCause::Fault);
}

#[cfg(feature = "deep")]
#[test]
fn firmware_that_never_confirms_is_rolled_back() {
    rolled_back(&image(&["never-confirm"], 2, 0), OutcomeEnding::NotConfirmed, ResetCause::Request);
}

#[test]
fn a_bad_image_is_refused_before_anything_is_erased() {
    let mut host = connect(&factory(), &Settings::default());
    status(&mut host);
    let before = host.pipe().chip().flash();
    let mut bytes = image(&[], 2, 0).to_bytes();
    bytes[0x18] ^= 1; // the version
    let failure = push(&mut host, &ImageFile::from_bytes(&bytes).unwrap()).unwrap_err();
    let PushError::Refused(refused) = &failure else { panic!("{failure:?}") };
    assert_eq!(refused.refusal, Refusal::Signature);
    assert!(host.pipe().chip().flash() == before, "flash changed");
    assert_eq!(host.pipe().chip().seen().count, 0);
}

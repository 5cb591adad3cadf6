//! The memory of rejected images, kept by bootloader and updater together: the last outcome and the three before it.

use super::{Device, Started};
use crate::signed_image::{SignedImage, info};
use lifeboot_core::boot::boot;
use lifeboot_core::handover::{FAULT, fault_in, fault_words};
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, Ending, Fault, QUARANTINED, Rejection, Reset, Trial};
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::MICROBIT;
use lifeboot_updater::{Expected, Refusal, Step, Updater};

/// An image that differs for each number.
fn image(number: u16) -> SignedImage {
    let version = Version { major: number, ..Version::default() };
    SignedImage::new(&MICROBIT, 700 + 4 * usize::from(number)).release(version, 0)
}

fn from_factory() -> Device {
    let mut device = Device::from_factory(&MICROBIT);
    device.put(Slot::A, &image(1));
    device
}

fn on_trial(device: &mut Device, number: u16, attempts: u8) {
    device.put(Slot::B, &image(number));
    let trial = Trial { attempts, power_attempts: attempts, ..Trial::new(Slot::B) };
    device.record_with(|record| record.trial = Some(trial));
}

/// An update fails its trial, and is rejected by the boot after the last of its starts.
fn reject(device: &mut Device, number: u16, cause: Cause) {
    on_trial(device, number, 0);
    assert_eq!(device.boot(cause), Started::Confirmed(Slot::A));
}

/// The image in slot B runs on trial, and confirms; then slot A is the default again.
fn confirm(device: &mut Device, number: u16) {
    on_trial(device, number, 3);
    assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
    device.confirm(Slot::B).unwrap();
    device.record_with(|record| record.confirmed = Slot::A);
}

/// The numbers of the images in quarantine.
fn quarantine(device: &mut Device) -> Vec<u16> {
    let number = |rejection: Rejection| (1..20).find(|number| is_of(&rejection, *number)).expect("a known image");
    device.record().outcomes.quarantine().map(number).collect()
}

fn is_of(rejection: &Rejection, number: u16) -> bool {
    image(number).header.digest.starts_with(&rejection.digest)
}

/// Whether the running firmware accepts a transfer of the image.
fn begins(device: &mut Device, number: u16, force: bool) -> Result<(), Refusal> {
    let belief = Expected { running: Version { major: 1, ..Version::default() }, target: Slot::B };
    let mut updater = Updater::running_in(Slot::A, &mut device.flash, &MICROBIT).unwrap();
    updater.begin(&image(number).header_bytes(), belief, force)?;
    while updater.step()? == Step::Busy {}
    Ok(())
}

#[test]
fn the_last_four_that_were_rejected_are_refused_and_no_others() {
    let mut device = from_factory();
    let causes = [Cause::Watchdog, Cause::Fault, Cause::BrownOut, Cause::Request, Cause::Pin, Cause::Watchdog];
    for (number, cause) in (2..).zip(causes) {
        assert_eq!(begins(&mut device, number, false), Ok(()), "{number} is not known yet");
        reject(&mut device, number, cause);
        let expected: Vec<u16> = (2..number).rev().take(QUARANTINED).collect();
        assert_eq!(quarantine(&mut device), expected, "after {number}");
        let quarantine: Vec<_> = device.record().outcomes.quarantine().collect();
        for rejection in quarantine {
            let before = causes[(2..8).position(|number| is_of(&rejection, number)).unwrap()];
            assert_eq!((rejection.ending, rejection.cause), (Ending::NotConfirmed, before));
        }
    }
    for number in 2..8 {
        let expected = if number < 4 { Ok(()) } else { Err(Refusal::Rejected) };
        assert_eq!(begins(&mut device, number, false), expected, "{number}");
        assert_eq!(begins(&mut device, number, true), Ok(()), "{number}, forced");
    }
    device.assert_used_well();
}

#[test]
fn a_confirm_of_another_image_forgets_nothing() {
    let mut device = from_factory();
    reject(&mut device, 2, Cause::Watchdog);
    confirm(&mut device, 3);
    assert_eq!(quarantine(&mut device), [2]);
    confirm(&mut device, 4);
    assert_eq!(quarantine(&mut device), [2]);
    reject(&mut device, 5, Cause::Fault);
    assert_eq!(quarantine(&mut device), [2], "what was confirmed is not in quarantine");
    assert_eq!(begins(&mut device, 2, false), Err(Refusal::Rejected));
    assert_eq!(begins(&mut device, 3, false), Ok(()));
}

#[test]
fn an_image_that_confirms_after_all_leaves_the_quarantine() {
    // It was the last one to be rejected, or one before.
    for later in [&[][..], &[3], &[3, 4], &[3, 4, 5]] {
        let mut device = from_factory();
        reject(&mut device, 2, Cause::Watchdog);
        later.iter().for_each(|number| reject(&mut device, *number, Cause::Watchdog));
        assert_eq!(begins(&mut device, 2, false), Err(Refusal::Rejected));
        confirm(&mut device, 2);
        assert_eq!(begins(&mut device, 2, false), Ok(()), "{later:?}");
        let rest: Vec<u16> = later.iter().rev().copied().collect();
        assert_eq!(quarantine(&mut device), rest);
    }
}

#[test]
fn an_image_that_is_rejected_again_is_remembered_once() {
    let mut device = from_factory();
    for number in [2, 3, 2, 2, 4, 3] {
        reject(&mut device, number, Cause::Watchdog);
    }
    assert_eq!(quarantine(&mut device), [4, 2]);
    assert!(is_of(&device.record().ended(&device.outcome().unwrap()).outcomes.quarantine().next().unwrap(), 4));
    assert_eq!(device.outcome().unwrap().version.major, 3);
}

/// Any firmware is better than none; but being started for lack of a better one does not confirm it.
#[test]
fn a_rejected_image_that_is_started_in_need_stays_in_quarantine() {
    let mut device = from_factory();
    reject(&mut device, 2, Cause::Watchdog);
    reject(&mut device, 3, Cause::Watchdog);
    device.damage(Slot::A);
    for boot in 0..8 {
        let reset = Reset { listened: true, ..Cause::Watchdog.into() };
        assert_eq!(device.boot_after(reset), Started::FellBack(Slot::B), "{boot}");
    }
    assert_eq!(device.outcome().unwrap().ending, Ending::NotConfirmed);
    assert_eq!(quarantine(&mut device), [2]);
    // Until it confirms.
    device.confirm(Slot::B).unwrap();
    assert_eq!(quarantine(&mut device), [2]);
}

/// An image is pending, and the running firmware cancels it.
fn cancelled(device: &mut Device, number: u16, attempts: u8) -> Result<(), Refusal> {
    device.put(Slot::B, &image(number));
    let trial = Trial { attempts, ..Trial::new(Slot::B) };
    device.record_with(|record| record.trial = Some(trial));
    let mut updater = Updater::running_in(Slot::A, &mut device.flash, &MICROBIT).unwrap();
    updater.request_cancel()?;
    while updater.step()? == Step::Busy {}
    Ok(())
}

/// Pending by force, and cancelled: nothing was learnt of it.
#[test]
fn a_rejected_image_that_is_cancelled_stays_in_quarantine() {
    for later in [&[][..], &[3]] {
        let mut device = from_factory();
        reject(&mut device, 2, Cause::Watchdog);
        later.iter().for_each(|number| reject(&mut device, *number, Cause::Watchdog));
        assert_eq!(cancelled(&mut device, 2, CRASH_ATTEMPTS), Ok(()));
        let outcome = device.outcome().unwrap();
        assert_eq!((outcome.ending, outcome.version.major), (Ending::Cancelled, 2));
        assert_eq!(device.record().trial, None);
        assert_eq!(begins(&mut device, 2, false), Err(Refusal::Rejected), "{later:?}");
    }
    // One that was never rejected is as good as before.
    let mut device = from_factory();
    // It was started, and something else runs: that is more than pending.
    assert_eq!(cancelled(&mut device, 2, CRASH_ATTEMPTS - 1), Err(Refusal::AlreadyStarted));
    assert_eq!(cancelled(&mut device, 2, CRASH_ATTEMPTS), Ok(()));
    assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
    assert!(quarantine(&mut device).is_empty());
    assert_eq!(begins(&mut device, 2, false), Ok(()));
}

/// An image without a header has no digest to refuse by. All such images together take one place.
#[test]
fn what_has_no_name_is_not_told_of() {
    let mut device = from_factory();
    reject(&mut device, 2, Cause::Watchdog);
    for _ in 0..4 {
        on_trial(&mut device, 3, 3);
        device.flash.put(MICROBIT.slot(Slot::B).start, &[0xff; 256]);
        assert_eq!(device.boot(Cause::Watchdog), Started::Confirmed(Slot::A));
        assert_eq!(device.outcome().unwrap().ending, Ending::Invalid);
    }
    assert_eq!(quarantine(&mut device), [2]);
}

#[test]
fn a_rollback_goes_to_no_image_that_was_rejected() {
    let back = |device: &mut Device| {
        let mut updater = Updater::running_in(Slot::A, &mut device.flash, &MICROBIT).unwrap();
        updater.request_rollback()?;
        while updater.step()? == Step::Busy {}
        Ok(())
    };
    let mut device = from_factory();
    reject(&mut device, 2, Cause::Watchdog);
    assert_eq!(back(&mut device), Err(Refusal::Rejected));
    // Also if it was not the last one.
    reject(&mut device, 3, Cause::Watchdog);
    device.put(Slot::B, &image(2));
    assert_eq!(back(&mut device), Err(Refusal::Rejected));
    assert_eq!(device.record().trial, None);
    device.put(Slot::B, &image(4));
    assert_eq!(back(&mut device), Ok(()));
    assert_eq!(device.record().trial, Some(Trial::new(Slot::B)));
}

/// The address of a crash reaches the outcome, by words in RAM; but only after a crash, and only with their mark.
#[test]
fn a_crash_is_told_by_words_that_carry_their_mark() {
    let fault = Fault { pc: 0x0002_3456, status: 0x0000_8200 };
    let mut ram = [0x5a5a_5a5a_u32; 16];
    let words = |ram: &[u32; 16]| *ram[FAULT as usize / 4..].first_chunk().unwrap();
    assert_eq!(fault_in(words(&ram), Cause::Fault), None, "garbage");
    for (number, (offset, word)) in fault_words(fault).into_iter().enumerate() {
        // An interrupted boot has reported nothing.
        assert_eq!(fault_in(words(&ram), Cause::Fault).is_some(), number > 2, "{number} words");
        ram[offset as usize / 4] = word;
    }
    for cause in (0..=6).filter_map(Cause::from_byte) {
        let told = fault_in(words(&ram), cause);
        assert_eq!(told, (cause == Cause::Fault).then_some(fault), "{cause:?}");
        let mut device = from_factory();
        on_trial(&mut device, 2, 0);
        boot(
            &mut device.flash,
            &MICROBIT,
            &info().for_board(&MICROBIT),
            Reset { cause, fault: told, ..Reset::default() },
        );
        let outcome = device.outcome().unwrap();
        assert_eq!((outcome.cause, outcome.fault), (cause, told));
    }
    for bit in 0..32 {
        let [mark, pc, status] = words(&ram);
        assert_eq!(fault_in([mark ^ 1 << bit, pc, status], Cause::Fault), None, "bit {bit} of the mark");
    }
}

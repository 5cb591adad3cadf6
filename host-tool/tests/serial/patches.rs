//! Patches: what they make, when they are sent, and how bad ones are handled.

use crate::device::{Device, Firmware, factory_image};
use crate::images::{Chance, Recipe, version};
use crate::line::{Faults, Wire};
use crate::pushes::{assert_holds, assert_untouched, push_patiently, push_to, recipe};
use lifeboot_artifact::image_file::{ImageFile, Patch};
use lifeboot_client::push::{Interruption, Options, PatchUse, Progress, PushOutcome, Pushed, Step, push};
use lifeboot_core::Slot;
use lifeboot_core::layout::{Board, MAP_LENGTH};
use lifeboot_example_boards::{MICROBIT, PICO, STM32F405};
use lifeboot_wire::Refusal;
use std::time::Duration;

/// An image of the next version: much of it as it was, moved, and changed in places.
fn edited(old: &Recipe, seed: u64) -> Recipe {
    let mut chance = Chance(seed);
    let length = old.length + chance.below(2000) as u32 - 500;
    Recipe { minor: old.minor + 1, length, relocations: chance.below(u64::from(length / 30)) as u32, ..*old }
}

fn edit(payload: &mut [u8], seed: u64) {
    let mut chance = Chance(seed);
    let end = payload.len() as u64;
    for _ in 0..chance.below(12) {
        let (from, to) = (chance.below(end), chance.below(end));
        let length = chance.below(1200).min(end - from.max(to)) as usize;
        let (from, to) = (from as usize, to as usize);
        match chance.below(4) {
            0 => payload.copy_within(from..from + length, to),
            1 => payload[from..from + length].rotate_left(length / 3),
            2 => payload[from..from + length].iter_mut().step_by(40).for_each(|byte| *byte = byte.wrapping_add(8)),
            _ => payload[from..from + length.min(60)].iter_mut().for_each(|byte| *byte = chance.next() as u8),
        }
    }
}

/// The image of a recipe, edited.
fn image(recipe: &Recipe, seed: u64) -> ImageFile {
    recipe.image_with(|payload| edit(payload, seed))
}

pub fn push_counting(wire: &Wire, image: &ImageFile) -> (Pushed, Reported) {
    let mut reported = Reported::default();
    let pushed = push(&mut wire.link(), image, &Options::default(), &mut reported).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    (pushed, reported)
}

/// What a push reports of patches, and its steps.
#[derive(Default)]
pub struct Reported(Vec<PatchUse>, Vec<Step>);

impl Progress for Reported {
    fn step(&mut self, step: Step) {
        self.1.push(step);
    }

    fn patch(&mut self, used: &PatchUse) {
        self.0.push(*used);
    }
}

fn is_sent(used: Option<PatchUse>) -> bool {
    matches!(used, Some(PatchUse::Sent { .. }))
}

#[test]
fn a_patch_makes_the_image() {
    for seed in 0..300 {
        let old = recipe(&MICROBIT, 1, 600 + 37 * (seed as u32 % 200));
        let new = image(&edited(&old, seed), seed);
        let old = image(&old, seed / 2);
        let patch = Patch::between(&old, &new).unwrap();
        let whole = [new.table(), new.payload()].concat();
        assert!(patch.apply(&old, whole.len()).unwrap() == whole, "seed {seed}");
        assert!(patch.apply(&old, whole.len() - 1).is_err(), "seed {seed}: more than the image");
    }
}

#[test]
fn the_same_image_is_a_patch_of_a_few_bytes() {
    let image = recipe(&STM32F405, 1, 100_000).image();
    let patch = Patch::between(&image, &image).unwrap();
    assert!(patch.bytes().len() < 8, "{} bytes", patch.bytes().len());
}

/// From slot A as from slot B, where the old bytes have to be brought back to their canonical form.
#[test]
fn an_update_as_a_patch_arrives_in_either_slot() {
    for board in [&MICROBIT, &STM32F405, &PICO] {
        for seed in 0..6 {
            let wire = Wire::to(Device::new(board));
            let mut runs = factory_image(board);
            let mut next = recipe(board, 1, 9000);
            for slot in [Slot::B, Slot::A, Slot::B] {
                let new = image(&next, seed);
                let with_patch = new.clone().with_patch_from(&runs).unwrap();
                let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
                let (pushed, reported) = push_counting(&wire, &with_patch);
                assert_holds(&wire, slot, &new);
                assert_untouched(&before, &wire, slot);
                let patch = with_patch.patches()[0].bytes().len() as u64;
                // The first is another program altogether.
                if slot != Slot::B || next.minor > 1 {
                    assert!(is_sent(pushed.patch), "{:?}, a patch of {patch} bytes", pushed.patch);
                    assert_eq!((pushed.sent, pushed.skipped), (patch, 0));
                    assert_eq!(reported.0, [pushed.patch.unwrap()]);
                }
                (runs, next) = (new, edited(&next, seed));
            }
        }
    }
}

/// A device with a good deal on it, an image of the next version, and the same with a patch.
pub fn update(board: &'static Board) -> (Device, ImageFile, ImageFile) {
    let old = recipe(board, 0, 9000);
    let new = image(&edited(&old, 5), 5);
    let old = old.image();
    let with_patch = new.clone().with_patch_from(&old).unwrap();
    assert!(with_patch.patches()[0].bytes().len() < new.payload().len() / 2);
    (Device::with_image(&old), new, with_patch)
}

#[test]
fn what_runs_decides_which_patch_is_sent() {
    let (device, new, with_patch) = update(&MICROBIT);
    let wire = Wire::to(device);
    let other = recipe(&MICROBIT, 7, 4000).image();
    let only_other = new.clone().with_patch_from(&other).unwrap();
    let (pushed, reported) = push_counting(&wire, &only_other);
    assert_eq!(pushed.patch, Some(PatchUse::OtherRuns(version(0))));
    assert_eq!(reported.0, [PatchUse::OtherRuns(version(0))]);
    assert_eq!(pushed.sent, (new.payload().len() + new.table().len()) as u64);

    let wire = Wire::to(update(&MICROBIT).0);
    let both = with_patch.clone().with_patch_from(&other).unwrap();
    assert!(is_sent(push_counting(&wire, &both).0.patch));

    let wire = Wire::to(update(&MICROBIT).0);
    let options = Options { patch: false, ..Options::default() };
    let pushed = push(&mut wire.link(), &with_patch, &options, &mut ()).unwrap();
    assert_eq!((pushed.patch, pushed.outcome), (None, PushOutcome::Confirmed));
    assert_holds(&wire, Slot::B, &new);
}

#[test]
fn patches_go_with_their_image_in_its_file() {
    let (device, new, with_patch) = update(&MICROBIT);
    let bytes = with_patch.to_bytes();
    assert!(bytes.starts_with(&new.to_bytes()));
    assert_eq!(with_patch.image_bytes(), new.image_bytes());
    let read = ImageFile::from_bytes(&bytes).unwrap();
    assert_eq!(read.patches(), with_patch.patches());
    assert_eq!(read.to_bytes(), bytes);
    for cut in [1, 40, with_patch.patches()[0].bytes().len() + 10] {
        assert!(ImageFile::from_bytes(&bytes[..bytes.len() - cut]).is_err(), "{cut} bytes cut off");
    }

    // A damaged patch is reported, and not used.
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let damaged = ImageFile::from_bytes(&damaged).unwrap();
    assert!(!damaged.patches()[0].is_whole());
    let wire = Wire::to(device);
    let (pushed, _) = push_counting(&wire, &damaged);
    assert_eq!(pushed.patch, Some(PatchUse::Damaged(version(0))));
    assert_holds(&wire, Slot::B, &new);
}

/// A valid patch from the running image that makes another image: the image itself is sent then.
#[test]
fn a_patch_that_makes_something_else_costs_time_and_nothing_else() {
    for (length, seed) in [(9000, 6), (12_000, 7), (5000, 8)] {
        let (device, new, with_patch) = update(&MICROBIT);
        let other = image(&Recipe { length, ..edited(&recipe(&MICROBIT, 0, 9000), seed) }, seed);
        let other = other.with_patch_from(&recipe(&MICROBIT, 0, 9000).image()).unwrap();
        // The other's patch, behind the new image.
        let section = &other.to_bytes()[other.image_bytes().len() + 4 + MAP_LENGTH..];
        let wrong = ImageFile::from_bytes(&[&new.to_bytes()[..], section].concat()).unwrap();
        assert!(wrong.patches()[0].is_whole() && wrong.patches() != with_patch.patches());
        let wire = Wire::to(device);
        let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
        let (pushed, reported) = push_counting(&wire, &wrong);
        let Some(PatchUse::Refused(refusal)) = pushed.patch else { panic!("{pushed:?}") };
        assert!(
            [Refusal::Digest, Refusal::Patch, Refusal::Table, Refusal::Incomplete].contains(&refusal),
            "{refusal:?}"
        );
        assert!(reported.1.contains(&Step::StartingOver(Interruption::PatchFailed)));
        assert_holds(&wire, Slot::B, &new);
        assert_untouched(&before, &wire, Slot::B);
    }
}

#[test]
fn what_is_there_already_may_be_less_than_a_patch() {
    let (device, new, with_patch) = update(&MICROBIT);
    let mut there = new.for_slot(&MICROBIT, Slot::B).unwrap();
    there[5000] ^= 1;
    device.flash.put(MICROBIT.slot(Slot::B).start, &there);
    let wire = Wire::to(device);
    let (pushed, _) = push_counting(&wire, &with_patch);
    assert!(matches!(pushed.patch, Some(PatchUse::Dearer { .. })), "{pushed:?}");
    assert!(pushed.skipped > 5000);
    assert_holds(&wire, Slot::B, &new);
}

#[test]
fn a_bad_line_costs_time_only() {
    for seed in 0..24 {
        let faults = [
            Faults { lost_byte: 900, ..Faults::default() },
            Faults { flipped_bit: 700, ..Faults::default() },
            Faults { repeated_frame: 3, delayed_frame: 4, ..Faults::default() },
            Faults { noise: 2, lost_byte: 2000, ..Faults::default() },
        ];
        let (device, new, with_patch) = update(&MICROBIT);
        let wire = Wire::with_faults(device, faults[seed as usize % 4], seed);
        let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
        push_patiently(&wire, &with_patch);
        assert_holds(&wire, Slot::B, &new);
        assert_untouched(&before, &wire, Slot::B);
    }
}

/// The device starts the same image again, and the push continues by itself.
#[test]
fn power_may_fail_at_any_flash_operation_of_a_patch() {
    for board in [&MICROBIT, &STM32F405] {
        let mut patched = 0;
        for operations in 0.. {
            let (device, new, with_patch) = update(board);
            let wire = Wire::to(device);
            let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
            wire.bench().device.flash.cut_after(operations);
            let pushed = push_to(&wire, &with_patch);
            let Ok(pushed) = pushed else { panic!("{operations}: {pushed:?}") };
            assert_holds(&wire, Slot::B, &new);
            assert_untouched(&before, &wire, Slot::B);
            patched += u32::from(is_sent(pushed.patch));
            if wire.bench().device.starts == 2 {
                assert!(operations > 30 && patched > 5, "{operations} operations, {patched} patches");
                break;
            }
        }
    }
}

#[test]
fn a_push_gets_through_wherever_the_host_vanished_in_a_patch() {
    let mut patched = 0;
    for frames in 0.. {
        let (device, new, with_patch) = update(&MICROBIT);
        let wire = Wire::to(device);
        let link = &mut wire.vanishing_after(frames).link().with_recovery(Duration::ZERO);
        let done = push(link, &with_patch, &Options::default(), &mut ()).is_ok();
        // Where the host vanished last of all, there was nothing left to do.
        let pushed = push_to(&wire, &with_patch).unwrap();
        assert_holds(&wire, Slot::B, &new);
        assert_eq!((wire.bench().device.running(), wire.bench().device.is_trial()), (Some(Slot::B), false));
        patched += u32::from(is_sent(pushed.patch));
        if done {
            assert!(frames > 8 && patched > 3, "{frames} frames, {patched} patches");
            break;
        }
    }
}

/// If the host is gone by then, the old firmware runs on.
#[test]
fn after_a_power_cut_the_old_firmware_runs() {
    let (device, new, with_patch) = update(&MICROBIT);
    let wire = Wire::to(device);
    wire.bench().device.flash.cut_after(25);
    let link = &mut wire.vanishing_after(20).link().with_recovery(Duration::ZERO);
    assert!(push(link, &with_patch, &Options::default(), &mut ()).is_err());
    wire.link().status(lifeboot_client::link::Retry::SHORT).unwrap();
    assert_eq!(wire.bench().device.running(), Some(Slot::A));
    assert!(!wire.bench().device.is_trial());
    push_counting(&wire, &with_patch);
    assert_holds(&wire, Slot::B, &new);
}

#[test]
fn a_patched_image_that_hangs_is_rolled_back() {
    let (mut device, _, with_patch) = update(&MICROBIT);
    device.firmware_does(1, Firmware::Hangs);
    let wire = Wire::to(device);
    assert!(push_to(&wire, &with_patch).is_err());
    assert_eq!(wire.bench().device.running(), Some(Slot::A));
}

//! Hosts that vanish, devices that lose their power, and what must be sent again afterwards.

use crate::device::Device;
use crate::images::Recipe;
use crate::line::{Faults, Wire};
use crate::pushes::{assert_holds, assert_untouched, push_patiently, push_to, recipe};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::LinkError;
use lifeboot_client::push::{Options, PushError, PushOutcome, push};
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_wire::Refusal;
use proptest::prelude::*;
use std::time::Duration;

/// A device whose other slot holds something already.
fn device(board: &'static Board, old: bool) -> Device {
    let device = Device::new(board);
    if old {
        let image = recipe(board, 9, 14_000).image();
        device.flash.put(board.slot(Slot::B).start, &image.for_slot(board, Slot::B).unwrap());
    }
    device
}

/// Pushes, and vanishes after so many frames. Returns whether the push was complete before.
fn vanish(wire: &Wire, frames: u32, image: &ImageFile) -> bool {
    let link = &mut wire.vanishing_after(frames).link().with_recovery(Duration::ZERO);
    match push(link, image, &Options::default(), &mut ()) {
        Ok(_) => true,
        Err(PushError::Link(_) | PushError::Unconfirmed { .. }) => false,
        Err(PushError::Refused(refused)) if refused.refusal == Refusal::Busy => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn a_push_resumes_wherever_the_host_vanished() {
    for (board, length, old) in [(&MICROBIT, 7000, false), (&MICROBIT, 7000, true), (&STM32F405, 9000, true)] {
        let image = recipe(board, 1, length).image();
        for frames in 0.. {
            let wire = Wire::to(device(board, old));
            let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
            let done = vanish(&wire, frames, &image);
            let there = wire.bench().device.flash.bytes(board.slot(Slot::B).start + 1024, length as usize - 1024);
            let expected = &image.for_slot(board, Slot::B).unwrap()[1024..length as usize];
            let whole_kilobytes =
                there.chunks(1024).zip(expected.chunks(1024)).filter(|(one, other)| one == other).count();

            let pushed = push_to(&wire, &image).unwrap();
            assert_holds(&wire, Slot::B, &image);
            assert_untouched(&before, &wire, Slot::B);
            // What was there, except the unit that was interrupted, was not sent again.
            let held = whole_kilobytes.saturating_sub(2) as u64 * 1024;
            assert!(pushed.sent == 0 || pushed.skipped >= held, "{frames} frames: {pushed:?}, {held} bytes were there");
            if done {
                assert!(frames > 15);
                break;
            }
        }
    }
}

#[test]
fn a_push_goes_on_by_itself_when_the_power_fails_at_any_flash_operation() {
    for (board, length, old) in [(&MICROBIT, 5000, true), (&STM32F405, 4000, false), (&STM32F405, 4000, true)] {
        let image = recipe(board, 1, length).image();
        for operations in 0.. {
            let wire = Wire::to(device(board, old));
            let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
            let flash = wire.bench().device.flash.clone();
            flash.cut_after(operations);
            let pushed = push_to(&wire, &image);
            assert!(
                matches!(&pushed, Ok(pushed) if pushed.outcome == PushOutcome::Confirmed),
                "{operations}: {pushed:?}"
            );
            assert_holds(&wire, Slot::B, &image);
            assert_untouched(&before, &wire, Slot::B);
            if wire.bench().device.starts == 2 {
                assert!(operations > 20);
                break;
            }
        }
    }
}

#[test]
fn an_adapter_may_be_unplugged_for_a_while() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let image = recipe(&MICROBIT, 1, 12_000).image();
    let pushed = push_to(&wire.unplugged_at(800, 6000), &image).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    assert_holds(&wire, Slot::B, &image);

    let wire = Wire::to(Device::new(&MICROBIT));
    let error = push_to(&wire.unplugged_at(800, 60_000), &image).unwrap_err();
    assert!(matches!(error, PushError::Link(LinkError::Pipe(_))), "{error:?}");
    assert!(wire.bench().now > 10_000);
}

#[test]
fn inside_of_a_large_unit_a_push_resumes_at_the_block() {
    for old in [true, false] {
        let wire = Wire::to(device(&STM32F405, old));
        let image = Recipe { relocations: 0, ..recipe(&STM32F405, 1, 100_000) }.image();
        let flash = wire.bench().device.flash.clone();
        assert!(!vanish(&wire, 100, &image));
        flash.take_erases();
        let pushed = push_to(&wire, &image).unwrap();
        assert!(pushed.skipped > 40_000, "{pushed:?}");
        let erases: Vec<u32> = flash.take_erases().into_iter().filter(|offset| *offset >= 0x2_0000).collect();
        assert!(erases.is_empty(), "the unit was erased again");
        assert_holds(&wire, Slot::B, &image);
    }
}

#[test]
fn a_unit_that_reads_right_is_erased_again_where_its_erase_may_have_been_torn() {
    for board in [&MICROBIT, &STM32F405] {
        let wire = Wire::to(Device::new(board));
        let image = recipe(board, 1, 300_000.min(board.capacity() / 2)).image();
        let mut content = image.for_slot(board, Slot::B).unwrap();
        content[..256].fill(0xff);
        let slot = board.slot(Slot::B);
        let flash = wire.bench().device.flash.clone();
        flash.put(slot.start, &content);
        let pushed = push_to(&wire, &image).unwrap();
        assert!(flash.take_erases().contains(&slot.start));
        // And what lies behind it, up to the end and the table, is kept.
        assert!(
            pushed.skipped + u64::from(3 * board.unit_at(board.slots[0].start).length) > content.len() as u64,
            "{pushed:?}"
        );
        assert_holds(&wire, Slot::B, &image);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_interrupts_it_and_however_often_the_image_arrives(
        large in any::<bool>(), old in any::<bool>(), seed in any::<u64>(), length in 100u32..14_000,
        relocations in 0u32..400, interruptions in prop::collection::vec((any::<bool>(), 0u32..80), 0..5), bad in any::<bool>(),
    ) {
        let board: &'static Board = if large { &STM32F405 } else { &MICROBIT };
        let faults = if bad { Faults { lost_byte: 3000, repeated_frame: 9, delayed_frame: 9, ..Faults::default() } }
            else { Faults::default() };
        let wire = Wire::with_faults(device(board, old), faults, seed);
        let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
        let image = Recipe { relocations, ..recipe(board, 1, length) }.image();
        for (host, after) in interruptions {
            if host {
                vanish(&wire, after, &image);
            } else {
                let flash = wire.bench().device.flash.clone();
                flash.cut_after(after);
            }
        }
        push_patiently(&wire, &image);
        assert_holds(&wire, Slot::B, &image);
        assert_untouched(&before, &wire, Slot::B);
    }
}

#[test]
fn another_image_after_half_of_one() {
    for board in [&MICROBIT, &STM32F405] {
        let wire = Wire::to(Device::new(board));
        assert!(!vanish(&wire, 20, &recipe(board, 1, 14_000).image()));
        let image = recipe(board, 2, 11_000).image();
        push_to(&wire, &image).unwrap();
        assert_holds(&wire, Slot::B, &image);
        assert_eq!(image.header().version, Version { major: 1, minor: 2, patch: 0, build: 0 });
    }
}

#[test]
fn a_device_that_is_reset_in_the_middle_goes_on() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let image = recipe(&MICROBIT, 1, 14_000).image();
    assert!(!vanish(&wire, 20, &image));
    let now = wire.bench().now;
    wire.bench_mut().device.reset(now, Cause::Pin);
    let pushed = push_to(&wire, &image).unwrap();
    assert!(pushed.skipped > 4000, "{pushed:?}");
    assert_holds(&wire, Slot::B, &image);
}

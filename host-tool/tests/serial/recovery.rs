//! A bootloader in recovery mode: pushes to it, what it refuses, what a bad line or a loss of power do to it.

use crate::device::{Device, Firmware};
use crate::images::Recipe;
use crate::line::{Faults, Wire};
use crate::pushes::{Steps, assert_holds, assert_untouched, push_patiently, push_to, recipe};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::device;
use lifeboot_client::link::{Link, Reply, Retry};
use lifeboot_client::push::{Options, PushError, PushOutcome, Step, push};
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;
use lifeboot_core::{Slot, recovery};
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_wire::{self as wire, Command, Recovery, Refusal, SlotContent};
use std::time::Duration;

/// A board whose both slots are destroyed: the first bytes of each payload are gone, and slot B holds rubbish.
pub fn destroyed(board: &'static Board) -> Wire {
    let mut device = Device::new(board);
    device.flash.put(board.slot(Slot::A).start + board.header_length, &[0; 64]);
    device.flash.put(board.slot(Slot::B).start, &[0x5a; 512]);
    device.reset(0, Cause::PowerOn);
    assert!(device.is_in_recovery());
    Wire::to(device)
}

fn asked(board: &'static Board) -> Wire {
    let mut device = Device::new(board);
    device.asks_for_recovery = true;
    device.reset(0, Cause::Request);
    assert!(device.is_in_recovery());
    Wire::to(device)
}

/// Checks that only this image was rejected before the last outcome.
fn assert_quarantine(link: &mut Link<Wire>, image: &ImageFile) {
    let quarantine = link.quarantine(Retry::SHORT).unwrap().unwrap();
    let [earlier] = &quarantine[..] else { panic!("{quarantine:?}") };
    assert!(image.header().digest.starts_with(&earlier.digest));
}

/// Recovery mode keeps the memory of rejected images.
#[test]
fn an_image_in_quarantine_is_taken_by_force_only() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let images = [1, 2].map(|minor| recipe(&MICROBIT, minor, 3000).image());
    for (minor, image) in (1..).zip(&images) {
        wire.bench_mut().device.firmware_does(minor, Firmware::Hangs);
        assert!(matches!(push_to(&wire, image), Err(PushError::RolledBack { .. })));
    }
    wire.bench_mut().device.asks_for_recovery = true;
    wire.bench_mut().device.reset(0, Cause::Request);
    let mut link = wire.link();
    assert_eq!(link.status(Retry::SHORT).unwrap().recovery, Some(Recovery::Requested));
    assert_quarantine(&mut link, &images[0]);

    let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
    for image in &images {
        assert_eq!(refusal(push_to(&wire, image)), Refusal::Rejected);
    }
    assert!(wire.bench().device.flash.bytes(0, before.len()) == before, "flash changed");

    wire.bench_mut().device.firmware_does(1, Firmware::Healthy);
    let forced = Options { force: true, ..Options::default() };
    assert_eq!(push(&mut wire.link(), &images[0], &forced, &mut ()).unwrap().outcome, PushOutcome::Confirmed);
    assert_quarantine(&mut wire.link(), &images[1]);
}

fn refusal(result: Result<impl std::fmt::Debug, PushError>) -> Refusal {
    match result {
        Err(PushError::Refused(refused)) => refused.refusal,
        other => panic!("{other:?}"),
    }
}

fn begin(header: &[u8], target: wire::Slot) -> Command<'_> {
    let running = wire::Version { major: 0, minor: 0, patch: 0, build: 0 };
    Command::Begin { header, running, target, force: false }
}

/// Sends a slot's content as that of an image; the answer to the end of it.
fn transfer(link: &mut Link<Wire>, slot: &[u8], image: &ImageFile) -> Reply {
    let header = image.header();
    let (payload, table) = (header.header_length.into(), header.table_offset().unwrap());
    link.ask(&begin(image.header_bytes(), wire::Slot::B), Retry::LONG).unwrap();
    for part in [table..table + header.table_length, payload..payload + header.payload_length] {
        for offset in part.clone().step_by(recovery::CHUNK) {
            let end = part.end.min(offset + recovery::CHUNK as u32);
            let bytes = &slot[offset as usize..end as usize];
            match link.ask(&Command::Write { offset, bytes }, Retry::LONG).unwrap() {
                Reply::Written(_) => {}
                other => return other,
            }
        }
    }
    link.ask(&Command::Finish, Retry::VERIFY).unwrap()
}

#[test]
fn flash_that_takes_nothing_is_reported() {
    let wire = destroyed(&MICROBIT);
    let image = recipe(&MICROBIT, 1, 3000).image();
    wire.bench_mut().device.flash.refuse(true);
    let reply = wire.link().ask(&begin(image.header_bytes(), wire::Slot::B), Retry::LONG).unwrap();
    assert_eq!(reply, Reply::Refused(Refusal::Flash));
}

#[test]
fn with_both_slots_destroyed_a_push_brings_it_back() {
    for board in [&MICROBIT, &STM32F405] {
        let wire = destroyed(board);
        let status = wire.link().status(Retry::SHORT).unwrap();
        assert_eq!(status.recovery, Some(Recovery::NothingStarts));
        assert_eq!((status.board, status.confirmed, status.trial), (board.name_bytes(), Some(wire::Slot::A), None));
        assert!(matches!(status.slots[0], SlotContent::Image { .. }), "{status:?}");
        assert_eq!(status.slots[1], SlotContent::Unfinished);

        let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
        let image = recipe(board, 1, 20_000).image();
        let mut steps = Steps::default();
        let pushed = push(&mut wire.link(), &image, &Options::default(), &mut steps).unwrap();
        assert_eq!(pushed.outcome, PushOutcome::Confirmed);
        assert_eq!((pushed.skipped, pushed.retransmitted), (0, 0));
        assert!(steps.0.contains(&Step::Recovery(Recovery::NothingStarts)), "{:?}", steps.0);
        assert_holds(&wire, Slot::B, &image);
        assert_untouched(&before, &wire, Slot::B);
        assert_eq!(wire.bench().device.running(), Some(Slot::B));
        let after = wire.link().status(Retry::SHORT).unwrap();
        assert_eq!((after.recovery, after.confirmed), (None, Some(wire::Slot::B)));
    }
}

#[test]
fn the_image_that_was_destroyed_can_be_pushed_itself() {
    // Its header is still there, in the slot that was confirmed.
    let wire = destroyed(&MICROBIT);
    let image = recipe(&MICROBIT, 0, 3000).image();
    let same = Recipe { relocations: 9, ..recipe(&MICROBIT, 0, 3000) }.image();
    for image in [same, image] {
        assert_eq!(push_to(&wire, &image).unwrap().outcome, PushOutcome::Confirmed);
    }
}

#[test]
fn every_length_of_payload_and_table_arrives() {
    for length in [8, 255, 256, 257, 511, 512, 513, 1024, 1790, 4096, 4097] {
        for relocations in [0, 1, 63, length / 8] {
            let wire = destroyed(&MICROBIT);
            let recipe = Recipe { relocations, length: length.max(24), ..recipe(&MICROBIT, 1, length) };
            push_to(&wire, &recipe.image()).unwrap();
            assert_holds(&wire, Slot::B, &recipe.image());
        }
    }
}

#[test]
fn an_image_that_is_bound_to_the_confirmed_slot_goes_there() {
    let wire = destroyed(&MICROBIT);
    let image = recipe(&MICROBIT, 1, 3000).bound_image();
    assert_eq!(push_to(&wire, &image).unwrap().outcome, PushOutcome::Confirmed);
    assert_holds(&wire, Slot::A, &image);
    // If recovery mode was requested, that slot may hold a good image.
    let wire = asked(&MICROBIT);
    let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
    assert_eq!(refusal(push_to(&wire, &image)), Refusal::OtherSlot);
    let answer = wire.link().ask(&begin(image.header_bytes(), wire::Slot::A), Retry::LONG).unwrap();
    assert_eq!(answer, Reply::Refused(Refusal::OtherTarget));
    assert!(wire.bench().device.flash.bytes(0, before.len()) == before, "flash changed");
}

#[test]
fn what_is_not_acceptable_is_refused_before_anything_is_erased() {
    let wire = destroyed(&MICROBIT);
    let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
    let image = recipe(&MICROBIT, 1, 3000).image();
    let foreign = recipe(&STM32F405, 1, 3000).image();
    let mut altered = *image.header_bytes();
    altered[0x18] ^= 1;
    let mut other_key = *image.header_bytes();
    other_key[0x5c] ^= 1;
    let cases = [
        (&altered[..], Refusal::Signature),
        (&other_key[..], Refusal::UnknownKey),
        (&foreign.header_bytes()[..], Refusal::Board),
        (&[0; 256][..], Refusal::NoImage),
    ];
    for (header, expected) in cases {
        assert_eq!(wire.link().ask(&begin(header, wire::Slot::B), Retry::LONG).unwrap(), Reply::Refused(expected));
    }
    assert!(wire.bench().device.flash.bytes(0, before.len()) == before, "flash changed");
    assert!(wire.bench().device.is_in_recovery());
}

#[test]
fn what_was_damaged_on_its_way_is_never_marked() {
    let wire = destroyed(&MICROBIT);
    let image = recipe(&MICROBIT, 1, 3000).image();
    for place in [image.header().table_offset().unwrap(), 256, 256 + 2999] {
        let mut slot = image.for_slot(&MICROBIT, Slot::A).unwrap();
        slot[place as usize] ^= 0x40;
        let answer = transfer(&mut wire.link(), &slot, &image);
        assert!(
            matches!(answer, Reply::Refused(Refusal::Digest | Refusal::Table | Refusal::Entry)),
            "{place}: {answer:?}"
        );
    }
    let status = wire.link().status(Retry::SHORT).unwrap();
    assert_eq!((status.trial, status.recovery), (None, Some(Recovery::NothingStarts)));
    assert_eq!(push_to(&wire, &image).unwrap().outcome, PushOutcome::Confirmed);
}

#[test]
fn it_takes_an_update_and_does_nothing_else() {
    let wire = destroyed(&MICROBIT);
    let words = |result: Result<_, device::DeviceError>| result.map(|_: wire::Status| ()).unwrap_err().to_string();
    let expected = "the device refused: the bootloader is in recovery mode, since no firmware runs, and takes nothing but an update";
    assert_eq!(words(device::confirm(&mut wire.link())), expected);
    assert_eq!(words(device::rollback(&mut wire.link(), Duration::from_secs(5))), expected);
    // A reset is done, and leads back here.
    let starts = wire.bench().device.starts;
    let status = device::reset(&mut wire.link(), Duration::from_secs(5)).unwrap();
    assert_eq!(status.recovery, Some(Recovery::NothingStarts));
    assert!(wire.bench().device.starts > starts);
}

#[test]
fn asked_to_answer_it_leaves_the_confirmed_slot_alone_and_goes_on_by_itself() {
    let wire = asked(&MICROBIT);
    assert_eq!(wire.link().status(Retry::SHORT).unwrap().recovery, Some(Recovery::Requested));
    let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
    let image = recipe(&MICROBIT, 1, 3000).image();
    assert_eq!(push_to(&wire, &image).unwrap().outcome, PushOutcome::Confirmed);
    assert_untouched(&before, &wire, Slot::B);

    let wire = asked(&MICROBIT);
    (0..recovery::RECOVERY_TIMEOUT_MS - 100).for_each(|_| wire.bench_mut().step());
    assert!(wire.bench().device.is_in_recovery());
    (0..1000).for_each(|_| wire.bench_mut().step());
    assert_eq!(wire.bench().device.running(), Some(Slot::A));
    // With nothing to start, it looks again after each minute: one bad look must not keep it here.
    let wire = destroyed(&MICROBIT);
    let starts = wire.bench().device.starts;
    (0..2 * recovery::RECOVERY_TIMEOUT_MS + 5_000).for_each(|_| wire.bench_mut().step());
    assert!(wire.bench().device.is_in_recovery());
    assert_eq!(wire.bench().device.starts, starts + 2);
}

#[test]
fn a_second_host_waits_until_the_first_is_silent() {
    let wire = destroyed(&MICROBIT);
    let image = recipe(&MICROBIT, 1, 3000).image();
    let mut first = wire.link();
    let begun = first.ask(&begin(image.header_bytes(), wire::Slot::B), Retry::LONG).unwrap();
    assert_eq!(begun, Reply::Begun(image.header().table_offset().unwrap()));
    let mut second = wire.link().with_busy_wait(Duration::ZERO);
    let refused = second.ask(&Command::Finish, Retry::SHORT).unwrap();
    assert_eq!(refused, Reply::Refused(Refusal::Busy));
    assert!(second.status(Retry::SHORT).is_ok(), "anybody may ask for the state");
    // Its wait is longer than the first one's silence counts.
    assert_eq!(push_to(&wire, &image).unwrap().outcome, PushOutcome::Confirmed);
}

#[test]
fn over_a_bad_line_never_a_wrong_byte() {
    for seed in 0..8 {
        let faults = Faults { lost_byte: 900, flipped_bit: 1500, repeated_frame: 9, delayed_frame: 0, noise: 20 };
        let healthy = destroyed(&MICROBIT);
        let flash = healthy.bench().device.flash.clone();
        let mut device = Device::new(&MICROBIT);
        device.flash.put(0, &flash.bytes(0, MICROBIT.flash_length as usize));
        device.reset(0, Cause::PowerOn);
        let wire = Wire::with_faults(device, faults, seed);
        let image = recipe(&MICROBIT, 1, 9000).image();
        push_patiently(&wire, &image);
        assert_holds(&wire, Slot::B, &image);
    }
}

#[test]
fn a_loss_of_power_at_any_instant_of_a_recovery_costs_a_repetition() {
    let image = recipe(&MICROBIT, 1, 3000).image();
    for operation in 0.. {
        let wire = destroyed(&MICROBIT);
        wire.bench().device.flash.cut_after(operation);
        let pushed = push_patiently(&wire, &image);
        assert_eq!(pushed.outcome, PushOutcome::Confirmed, "{operation}");
        assert_holds(&wire, Slot::B, &image);
        if !wire.bench().device.flash.forget_cut() {
            continue;
        }
        assert!(operation > 15, "{operation}: nothing was cut");
        break;
    }
}

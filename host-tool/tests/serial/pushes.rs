//! Pushes over a good line: what is sent, what is skipped, and the outcome.

use crate::device::{Device, Firmware};
use crate::images::{Recipe, next_key, version};
use crate::line::Wire;
use ed25519_dalek::SigningKey;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::LinkError;
use lifeboot_client::push::{Interruption, Options, Progress, PushError, PushOutcome, Pushed, Step, Until, push};
use lifeboot_core::Slot;
use lifeboot_core::layout::Board;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_wire::{OutcomeEnding, Refusal, ResetCause};
use std::time::Duration;

pub fn recipe(board: &'static Board, minor: u16, length: u32) -> Recipe {
    Recipe { board, minor, epoch: 0, length, seed: u64::from(minor), relocations: length / 60 }
}

pub fn push_to(wire: &Wire, image: &ImageFile) -> Result<Pushed, PushError> {
    push(&mut wire.link(), image, &Options::default(), &mut ())
}

/// Pushes as a user with a bad line does: again, if the device did not answer, or was busy with the previous host,
/// whose frame was held back. No other error is accepted.
pub fn push_patiently(wire: &Wire, image: &ImageFile) -> Pushed {
    for _ in 0..20 {
        match push_to(wire, image) {
            Ok(pushed) => return pushed,
            Err(PushError::Link(LinkError::Silent)) => {}
            Err(PushError::Refused(refused)) if refused.refusal == Refusal::Busy => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("in vain, twenty times");
}

/// A file with the same payload by a key that the device does not accept is no "runs already".
#[test]
fn what_runs_already_is_checked_all_the_same() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let recipe = recipe(&MICROBIT, 1, 5000);
    for _ in 0..2 {
        push_to(&wire, &recipe.image()).unwrap();
    }
    let stranger = recipe.image_by(&SigningKey::from_bytes(&[9; 32]), &[]);
    assert_eq!(stranger.header().digest, recipe.image().header().digest);
    let no_wait = Options { until: Until::Pending, ..Options::default() };
    for options in [Options::default(), no_wait] {
        let error = push(&mut wire.link(), &stranger, &options, &mut ()).unwrap_err();
        assert!(matches!(&error, PushError::Refused(refused) if refused.refusal == Refusal::UnknownKey), "{error:?}");
    }
    // Another of its keys is as good.
    let pushed = push_to(&wire, &recipe.image_by(&next_key(), &[])).unwrap();
    assert_eq!((pushed.outcome, pushed.sent), (PushOutcome::AlreadyConfirmed, 0));
}

/// The slot holds this image, to the byte, and erased flash behind it up to the end of the erase unit.
pub fn assert_holds(wire: &Wire, slot: Slot, image: &ImageFile) {
    let (flash, board) = (wire.bench().device.flash.clone(), image.board());
    let mut expected = image.for_slot(board, slot).unwrap();
    expected.resize(expected.len().next_multiple_of(board.unit_at(board.slots[0].start).length as usize), 0xff);
    assert!(flash.bytes(board.slot(slot).start, expected.len()) == expected, "slot {slot} holds something else");
}

/// The running slot and the bootloader are as they were.
pub fn assert_untouched(before: &[u8], wire: &Wire, written: Slot) {
    let (flash, board) = (wire.bench().device.flash.clone(), wire.bench().device.board);
    let after = flash.bytes(0, before.len());
    for (offset, (before, after)) in before.iter().zip(&after).enumerate() {
        let offset = offset as u32;
        let may_change =
            [board.slot(written), board.journal].iter().any(|region| (region.start..region.end()).contains(&offset));
        assert!(may_change || before == after, "{offset:#x} changed");
    }
}

#[derive(Default)]
pub struct Steps(pub Vec<Step>, pub u64);

impl Progress for Steps {
    fn step(&mut self, step: Step) {
        if self.0.last() != Some(&step) {
            self.0.push(step);
        }
    }

    fn bytes(&mut self, done: u64, total: u64) {
        assert!(done <= total);
        self.1 = done;
    }
}

#[test]
fn an_image_is_pushed_to_the_other_slot_and_back() {
    for (board, length) in [(&MICROBIT, 20_000), (&STM32F405, 200_000)] {
        let wire = Wire::to(Device::new(board));
        for (minor, slot) in [(1, Slot::B), (2, Slot::A), (3, Slot::B)] {
            let image = recipe(board, minor, length).image();
            let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
            let mut steps = Steps::default();
            let mut link = wire.link();
            let pushed = push(&mut link, &image, &Options::default(), &mut steps).unwrap();
            assert_eq!(pushed.outcome, PushOutcome::Confirmed);
            assert_eq!(pushed.retransmitted, 0);
            let size = image.payload().len() + image.table().len();
            assert_eq!(pushed.sent + pushed.skipped, size as u64);
            assert_eq!(steps.1, size as u64);
            assert_eq!(wire.bench().device.overflowed, 0, "the window was not kept");
            assert_eq!(wire.bench().device.running(), Some(slot));
            assert!(!wire.bench().device.is_trial());
            assert_holds(&wire, slot, &image);
            assert_untouched(&before, &wire, slot);
        }
    }
}

#[test]
fn a_table_of_any_length_arrives() {
    for relocations in 250..265 {
        let wire = Wire::to(Device::new(&MICROBIT));
        let image = Recipe { relocations, ..recipe(&MICROBIT, 1, 4000) }.image();
        // The entry point has one, too.
        assert_eq!(image.table().len() as u32, relocations + 1);
        let pushed = push_to(&wire, &image);
        assert!(pushed.is_ok(), "a table of {} bytes: {pushed:?}", image.table().len());
        assert_holds(&wire, Slot::B, &image);
    }
}

#[test]
fn steps_come_in_order() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let mut steps = Steps::default();
    let image = recipe(&MICROBIT, 1, 9000).image();
    push(&mut wire.link(), &image, &Options::default(), &mut steps).unwrap();
    let [Step::Asking, Step::Beginning, Step::Sending, Step::Verifying, Step::Restarting, Step::Trial(Some(trial))] =
        steps.0[..]
    else {
        panic!("{:?}", steps.0);
    };
    assert_eq!((trial.attempts, trial.power_attempts), (2, 10));
}

#[test]
fn what_runs_already_is_left_alone() {
    let image = recipe(&MICROBIT, 0, 5000).image();
    let wire = Wire::to(Device::with_image(&image));
    let pushed = push_to(&wire, &image).unwrap();
    assert_eq!((pushed.outcome, pushed.sent), (PushOutcome::AlreadyConfirmed, 0));
    assert_eq!(wire.bench().device.starts, 1);
}

#[test]
fn without_waiting_the_image_is_marked_and_a_second_push_starts_it() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let image = recipe(&MICROBIT, 1, 9000).image();
    let options = Options { until: Until::Pending, ..Options::default() };
    let first = push(&mut wire.link(), &image, &options, &mut ()).unwrap();
    assert_eq!(first.outcome, PushOutcome::Marked);
    assert_eq!(wire.bench().device.starts, 1);
    let again = push(&mut wire.link(), &image, &options, &mut ()).unwrap();
    assert_eq!((again.outcome, again.sent), (PushOutcome::Marked, 0));
    let second = push_to(&wire, &image).unwrap();
    assert_eq!((second.outcome, second.sent), (PushOutcome::Confirmed, 0));
    assert_eq!(wire.bench().device.running(), Some(Slot::B));
}

#[test]
fn an_image_that_lies_in_the_slot_already_is_not_sent() {
    for (board, length) in [(&MICROBIT, 30_000), (&STM32F405, 300_000)] {
        let wire = Wire::to(Device::new(board));
        let image = recipe(board, 1, length).image();
        let flash = wire.bench().device.flash.clone();
        flash.put(board.slot(Slot::B).start, &image.for_slot(board, Slot::B).unwrap());
        let sent = wire.bench().sent;
        let pushed = push_to(&wire, &image).unwrap();
        assert_eq!(pushed.outcome, PushOutcome::Confirmed);
        // The device cannot know that no power cut left it: the first unit, with the header, and the end, with the
        // table, are written again; what lies between is neither sent nor erased.
        let again = u64::from(3 * board.unit_at(board.slots[0].start).length);
        assert!(pushed.sent < again && pushed.sent + pushed.skipped >= length.into(), "{pushed:?}");
        assert!(
            again + again / 10 + 1200 > (wire.bench().sent - sent) as u64,
            "{} bytes on the line",
            wire.bench().sent - sent
        );
        let erases = flash.take_erases().into_iter().filter(|offset| *offset >= board.slots[0].start).count();
        assert!(erases <= 4, "{erases} units were erased");
    }
}

#[test]
fn only_units_that_differ_are_sent_and_erased() {
    let wire = Wire::to(Device::new(&MICROBIT));
    let old = Recipe { relocations: 40, ..recipe(&MICROBIT, 1, 40_000) };
    let new = Recipe { minor: 2, ..old };
    let flash = wire.bench().device.flash.clone();
    flash.put(MICROBIT.slot(Slot::B).start, &old.image().for_slot(&MICROBIT, Slot::B).unwrap());
    // One byte in the 11th KiB, one in the 31st.
    let image = new.image_with(|payload| {
        payload[10 * 1024] ^= 1;
        payload[30 * 1024] ^= 1;
    });
    let pushed = push_to(&wire, &image).unwrap();
    assert_holds(&wire, Slot::B, &image);
    let erases: Vec<u32> =
        flash.take_erases().iter().filter_map(|offset| offset.checked_sub(MICROBIT.slot(Slot::B).start)).collect();
    // The first is erased for its header. A relocation across a unit's border takes that unit's neighbour along.
    assert!(erases.contains(&0) && erases.contains(&(10 * 1024)) && erases.contains(&(30 * 1024)), "{erases:?}");
    assert!(erases.len() <= 5 && pushed.sent <= 5 * 1024, "{erases:?}, {pushed:?}");
}

#[test]
fn firmware_that_does_not_confirm_is_rolled_back_with_the_reason() {
    for (firmware, words) in [(Firmware::Hangs, "watchdog"), (Firmware::Unsure, "did not confirm in any of its starts")]
    {
        let mut device = Device::new(&MICROBIT);
        device.firmware_does(1, firmware);
        let wire = Wire::to(device);
        let image = recipe(&MICROBIT, 1, 9000).image();
        let error = push_to(&wire, &image).unwrap_err();
        let PushError::RolledBack { reason, running, outcome } = &error else { panic!("{error:?}") };
        assert!(reason.contains(words), "{reason}");
        assert_eq!(running, "1.0.0 in slot A, confirmed");
        assert_eq!((outcome.ending, outcome.version), (OutcomeEnding::NotConfirmed, version(1).into()));
        assert_eq!(outcome.cause, if firmware == Firmware::Hangs { ResetCause::Watchdog } else { ResetCause::Request });

        // It is refused from now on, unless forced.
        let error = push_to(&wire, &image).unwrap_err();
        let PushError::Refused(refused) = &error else { panic!("{error:?}") };
        assert_eq!(refused.refusal, Refusal::Rejected);
        assert!(refused.to_string().contains("did not confirm"), "{refused}");
        wire.bench_mut().device.firmware_does(1, Firmware::Healthy);
        let options = Options { force: true, ..Options::default() };
        let pushed = push(&mut wire.link(), &image, &options, &mut ()).unwrap();
        assert_eq!(pushed.outcome, PushOutcome::Confirmed);
        assert_holds(&wire, Slot::B, &image);
    }
}

#[test]
fn a_wait_that_is_too_short_says_what_was_seen() {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(1, Firmware::Unsure);
    let wire = Wire::to(device);
    let options = Options { timeout: Duration::from_secs(5), ..Options::default() };
    let image = recipe(&MICROBIT, 1, 9000).image();
    let error = push(&mut wire.link(), &image, &options, &mut ()).unwrap_err();
    let PushError::Unconfirmed { seconds: 5, last } = &error else { panic!("{error:?}") };
    assert_eq!(last, "1.1.0 in slot B, on trial");
}

#[test]
fn the_device_judges_and_its_reason_is_told() {
    let wire = Wire::to(Device::new(&MICROBIT));
    push_to(&wire, &Recipe { epoch: 5, ..recipe(&MICROBIT, 1, 4000) }.image()).unwrap();
    let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
    let cases = [
        (
            Recipe { epoch: 4, ..recipe(&MICROBIT, 2, 4000) }.image(),
            Refusal::Epoch,
            "epoch 4, and the device starts none below 5",
        ),
        (recipe(&STM32F405, 2, 4000).image(), Refusal::Board, "for board stm32f405, and this is microbit"),
    ];
    for (image, refusal, words) in cases {
        let error = push_to(&wire, &image).unwrap_err();
        let PushError::Refused(refused) = &error else { panic!("{error:?}") };
        assert_eq!(refused.refusal, refusal);
        assert!(refused.to_string().contains(words), "{refused}");
    }
    assert_eq!(wire.bench().device.flash.bytes(0, before.len()), before);
    assert_eq!(wire.bench().device.running(), Some(Slot::B));
}

#[test]
fn the_line_is_kept_full() {
    // Fast flash, so that the line is the limit.
    let wire = Wire::to(Device::new(&MICROBIT));
    let image = recipe(&MICROBIT, 1, 100_000).image();
    let options = Options { until: Until::Pending, ..Options::default() };
    let pushed = push(&mut wire.link(), &image, &options, &mut ()).unwrap();
    let bench = wire.bench();
    let line = pushed.sent / bench.rate as u64;
    assert!(u64::from(bench.now) < line * 110 / 100 + 500, "{} ms, where the line alone takes {line}", bench.now);
}

#[test]
fn firmware_that_logs_all_the_time_is_no_harm() {
    let mut device = Device::new(&MICROBIT);
    device.chatty = true;
    let wire = Wire::to(device);
    let image = recipe(&MICROBIT, 1, 9000).image();
    assert_eq!(push_to(&wire, &image).unwrap().outcome, PushOutcome::Confirmed);
    assert_holds(&wire, Slot::B, &image);
}

#[test]
fn firmware_that_resets_before_its_answer_is_out_starts_once() {
    let mut device = Device::new(&MICROBIT);
    device.flushes = false;
    let wire = Wire::to(device);
    assert_eq!(push_to(&wire, &recipe(&MICROBIT, 1, 9000).image()).unwrap().outcome, PushOutcome::Confirmed);
    assert_eq!(wire.bench().device.starts, 2);
}

#[test]
fn a_damaged_survey_is_made_good_by_sending_all() {
    // This bench has no device whose flash reads differently in survey and verification; but it has a slot that changes
    // after the survey.
    struct Meddler(Wire, Vec<Step>);
    impl Progress for Meddler {
        fn step(&mut self, step: Step) {
            self.1.push(step);
            if step == Step::Sending && !self.1.contains(&Step::StartingOver(Interruption::NotAsSurveyed)) {
                let flash = self.0.bench().device.flash.clone();
                flash.put(MICROBIT.slot(Slot::B).start + 5000, &[0; 4]);
            }
        }
    }
    let wire = Wire::to(Device::new(&MICROBIT));
    let image = recipe(&MICROBIT, 1, 9000).image();
    let flash = wire.bench().device.flash.clone();
    flash.put(MICROBIT.slot(Slot::B).start, &image.for_slot(&MICROBIT, Slot::B).unwrap());
    let mut meddler = Meddler(wire.clone(), Vec::new());
    let pushed = push(&mut wire.link(), &image, &Options::default(), &mut meddler).unwrap();
    assert!(meddler.1.contains(&Step::StartingOver(Interruption::NotAsSurveyed)), "{:?}", meddler.1);
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    assert_holds(&wire, Slot::B, &image);
}

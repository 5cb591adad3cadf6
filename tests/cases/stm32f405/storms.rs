//! Brown-out storms, crash loops and mixtures, by the real binaries: a good image survives, a bad one is rolled back
//! within its budget, and the record says where it crashed.

use super::{Host, connect, factory, image, push, status};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::Retry;
use lifeboot_client::push::{Options, PushError, PushOutcome, Until, push as push_with};
use lifeboot_core::record::{CRASH_ATTEMPTS, POWER_ATTEMPTS};
use lifeboot_tests::bench::{runs, version};
use lifeboot_tests::emulator::stm32f4::chip::{Reset, Settings};
use lifeboot_tests::product::STM32F405;
use lifeboot_wire::{Command, Fault, OutcomeEnding, ResetCause, Slot, Status};
use std::time::Duration;

/// Enough to boot and to start the firmware, not enough for it to confirm, or to crash.
const SHORT: Duration = Duration::from_millis(300);
/// Enough to crash, and to be started again.
const LONG: Duration = Duration::from_millis(1500);

/// What a hard fault by an undefined instruction leaves in CFSR: UNDEFINSTR.
const UNDEFINED: u32 = 1 << 16;

/// A device whose new image is in its first start.
fn started(new: &ImageFile) -> Host {
    let mut host = connect(&factory(), &Settings::default());
    push_with(&mut host, new, &Options { until: Until::Pending, ..Options::default() }, &mut ()).unwrap();
    host.ask(&Command::Reset, Retry::SHORT).unwrap();
    host.pipe().chip().run_for(SHORT).unwrap();
    assert_eq!(left(&status(&mut host)), (CRASH_ATTEMPTS - 1, POWER_ATTEMPTS));
    host
}

/// A brown-out.
fn brown_out(host: &mut Host) {
    host.pipe().chip().reset(Reset::BrownOut);
    host.pipe().chip().run_for(SHORT).unwrap();
}

/// Starts left of the image on trial.
fn left(status: &Status) -> (u8, u8) {
    let trial = status.trial.expect("a trial");
    assert_eq!((status.running, trial.slot), (Slot::B, Slot::B));
    (trial.attempts, trial.power_attempts)
}

/// Rejected, with the address of its last crash: the undefined instruction in slot B.
fn assert_crashed(host: &mut Host, new: &ImageFile) -> Fault {
    let status = status(host);
    runs(&status, Slot::A, version(1)).unwrap();
    let outcome = status.outcome.unwrap();
    assert_eq!((outcome.ending, outcome.cause), (OutcomeEnding::NotConfirmed, ResetCause::Fault));
    assert!(new.header().digest.starts_with(&outcome.digest));
    let fault = outcome.fault.expect("the crash");
    assert_eq!(fault.status, UNDEFINED);
    let instruction = host.pipe().chip().read_memory(fault.pc, 2).unwrap();
    assert_eq!((STM32F405.board.slot_at(fault.pc), instruction[1]), (Some(lifeboot_core::Slot::B), 0xde));
    fault
}

#[test]
fn a_good_image_survives_a_storm_and_confirms() {
    let new = image(&[], 2, 0);
    let mut host = started(&new);
    for number in 1..=POWER_ATTEMPTS {
        brown_out(&mut host);
        assert_eq!(left(&status(&mut host)), (CRASH_ATTEMPTS - 1, POWER_ATTEMPTS - number));
    }
    assert_eq!(push(&mut host, &new).unwrap().outcome, PushOutcome::Confirmed);
    (0..5).for_each(|_| brown_out(&mut host));
    runs(&status(&mut host), Slot::B, version(2)).unwrap();
}

#[test]
fn a_storm_without_an_end_is_rolled_back() {
    let mut host = started(&image(&[], 2, 0));
    (0..=POWER_ATTEMPTS).for_each(|_| brown_out(&mut host));
    let status = status(&mut host);
    runs(&status, Slot::A, version(1)).unwrap();
    let outcome = status.outcome.unwrap();
    assert_eq!((outcome.ending, outcome.cause), (OutcomeEnding::NotConfirmed, ResetCause::BrownOut));
    assert_eq!(outcome.fault, None);
}

#[test]
fn a_crash_loop_is_rolled_back_and_says_where_it_crashed() {
    let new = image(&["fault-later"], 2, 0);
    let mut host = connect(&factory(), &Settings::default());
    let failure = push(&mut host, &new).unwrap_err();
    let fault = assert_crashed(&mut host, &new);
    let PushError::RolledBack { reason, .. } = failure else { panic!("{failure:?}") };
    let words = format!("the last start crashed: fault at {:#010x}, status 0x00010000", fault.pc);
    assert!(reason.ends_with(&words), "{reason}");
    // The next one panics, and leaves no address: the previous one's must not be taken for it.
    let other = image(&["panic-later"], 3, 0);
    push(&mut host, &other).unwrap_err();
    let outcome = status(&mut host).outcome.unwrap();
    assert_eq!((outcome.cause, outcome.fault), (ResetCause::Fault, None));
    let quarantine = host.quarantine(Retry::SHORT).unwrap().unwrap();
    assert_eq!(quarantine.len(), 1);
    assert!(new.header().digest.starts_with(&quarantine[0].digest));
    // Both are refused.
    for bad in [new, other] {
        let failure = push(&mut host, &bad).unwrap_err().to_string();
        let words =
            "the device refused: this image was rejected here before: it did not confirm in any of its starts; the";
        assert!(failure.starts_with(words), "{failure}");
    }
}

#[test]
fn crashes_and_losses_of_power_in_turn_use_up_their_own_budgets() {
    let new = image(&["fault-later"], 2, 0);
    let mut host = started(&new);
    for crash in 1..=CRASH_ATTEMPTS {
        for loss in 1..=3 {
            brown_out(&mut host);
            let expected = (CRASH_ATTEMPTS - crash, POWER_ATTEMPTS - 3 * (crash - 1) - loss);
            assert_eq!(left(&status(&mut host)), expected, "crash {crash}, loss {loss}");
        }
        host.pipe().chip().run_for(LONG).unwrap();
    }
    assert_crashed(&mut host, &new);
}

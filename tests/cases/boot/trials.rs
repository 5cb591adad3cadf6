//! Trials: started as often as the budgets allow, and then rolled back.

use super::{CRASHES, Device, POWER_LOSSES, Started, firmware};
use crate::signed_image::key_ids;
use lifeboot_core::Slot;
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, Ending, Outcome, POWER_ATTEMPTS, Trial};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::Part;
use proptest::prelude::*;

fn half_digest(image: &crate::signed_image::SignedImage) -> [u8; 16] {
    *image.header.digest.first_chunk().unwrap()
}

#[test]
fn from_the_factory_slot_a_is_started_and_nothing_written() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        for cause in CRASHES.into_iter().chain(POWER_LOSSES) {
            assert_eq!(device.boot(cause), Started::Confirmed(Slot::A), "{cause:?} on {}", board.name);
        }
        assert_eq!(device.flash.operations(), 0);
        device.assert_used_well();
    }
}

/// The same for both budgets: a cause at a time, to the end, and the rollback afterwards.
fn runs_out(cause: Cause, starts: u8) {
    for board in BOARDS {
        let mut device = Device::on_trial(board);
        for left in (0..starts).rev() {
            assert_eq!(device.boot(cause), Started::Trial(Slot::B), "{cause:?}, {left} left");
            let Trial { slot, attempts, power_attempts } = device.record().trial.expect("still on trial");
            let expected = if cause.is_power_loss() { (CRASH_ATTEMPTS, left) } else { (left, POWER_ATTEMPTS) };
            assert_eq!((slot, (attempts, power_attempts)), (Slot::B, expected));
            assert_eq!(device.outcome(), None);
        }
        assert_eq!(device.boot(cause), Started::Confirmed(Slot::A), "{cause:?}");
        let image = firmware(board, 2, 0);
        let outcome = Outcome {
            ending: Ending::NotConfirmed,
            slot: Slot::B,
            cause,
            fault: None,
            version: image.header.version,
            digest: half_digest(&image),
        };
        // Irreversibly.
        for cause in CRASHES.into_iter().chain(POWER_LOSSES) {
            let record = device.record();
            assert_eq!((record.confirmed, record.trial, record.outcomes.last()), (Slot::A, None, Some(outcome)));
            assert_eq!(device.boot(cause), Started::Confirmed(Slot::A));
        }
        device.assert_used_well();
    }
}

#[test]
fn a_trial_that_crashes_is_started_three_times() {
    assert_eq!(CRASH_ATTEMPTS, 3);
    for cause in CRASHES {
        runs_out(cause, CRASH_ATTEMPTS);
    }
}

#[test]
fn a_trial_that_loses_power_has_a_larger_budget_of_its_own() {
    const { assert!(POWER_ATTEMPTS > CRASH_ATTEMPTS) };
    for cause in POWER_LOSSES {
        runs_out(cause, POWER_ATTEMPTS);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn mixtures_are_bounded_by_both_budgets(
        board in prop::sample::select(BOARDS.to_vec()), causes in prop::collection::vec(0_u8..=6, 1..30),
    ) {
        let mut device = Device::on_trial(board);
        let (mut crashes, mut losses, mut rolled_back) = (0, 0, false);
        for cause in causes.into_iter().map(|number| Cause::from_byte(number).unwrap()) {
            let (spent, budget) =
                if cause.is_power_loss() { (&mut losses, POWER_ATTEMPTS) } else { (&mut crashes, CRASH_ATTEMPTS) };
            rolled_back |= *spent == budget;
            let expected = if rolled_back { Started::Confirmed(Slot::A) } else { Started::Trial(Slot::B) };
            *spent += u8::from(!rolled_back);
            prop_assert_eq!(device.boot(cause), expected);
        }
        prop_assert!(crashes <= CRASH_ATTEMPTS && losses <= POWER_ATTEMPTS);
        device.assert_used_well();
    }
}

#[test]
fn firmware_that_confirms_stays() {
    for board in BOARDS {
        for starts in 1..=CRASH_ATTEMPTS {
            let mut device = Device::on_trial(board);
            for _ in 0..starts {
                assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
            }
            device.confirm(Slot::B).unwrap();
            for cause in CRASHES.into_iter().chain(POWER_LOSSES).cycle().take(30) {
                assert_eq!(device.boot(cause), Started::Confirmed(Slot::B), "{cause:?} after {starts} starts");
            }
            let outcome = device.outcome().unwrap();
            let expected = (Ending::Confirmed, Slot::B, half_digest(&firmware(board, 2, 0)));
            assert_eq!((outcome.ending, outcome.slot, outcome.digest), expected);
            device.assert_used_well();
        }
    }
}

#[test]
fn a_trial_that_does_not_verify_is_never_started() {
    for board in BOARDS {
        let wrongs: [fn(&mut Device); 5] = [
            |device| device.damage(Slot::B),
            |device| device.put(Slot::B, &firmware(device.board, 2, 0).signed_with(3)),
            |device| device.put(Slot::B, &firmware(device.board, 2, 0).bound()),
            |device| device.record_with(|record| record.epoch_floor = 1),
            |device| device.flash.put(device.board.slot(Slot::B).start, &[0xff; 256]),
        ];
        for (number, wrong) in wrongs.into_iter().enumerate() {
            // Before its first start, and between two.
            for starts in 0..2 {
                let mut device = Device::on_trial(board);
                device.put(Slot::A, &firmware(board, 1, 1));
                for _ in 0..starts {
                    assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
                }
                wrong(&mut device);
                assert_eq!(device.boot(Cause::Fault), Started::Confirmed(Slot::A), "wrong {number}");
                let outcome = device.outcome().expect("an outcome");
                assert_eq!((outcome.ending, outcome.slot, outcome.cause), (Ending::Invalid, Slot::B, Cause::Fault));
                // It names the image as far as there is a header.
                assert_eq!(outcome.version.major, if number == 4 { 0 } else { 2 }, "wrong {number}");
                assert_eq!(device.record().trial, None);
                assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
                device.assert_used_well();
            }
        }
    }
}

#[test]
fn a_trial_signed_with_a_key_that_was_revoked_meanwhile_is_not_started() {
    for board in BOARDS {
        let mut device = Device::on_trial(board);
        device.put(Slot::A, &firmware(board, 1, 0).signed_with(2));
        assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
        device.record_with(|record| record.revoked = key_ids(&[1]));
        assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
        assert_eq!(device.outcome().map(|outcome| outcome.ending), Some(Ending::Invalid));
    }
}

/// A start that cannot be counted is not made; the confirmed firmware needs no counting.
#[test]
fn a_trial_waits_while_the_journal_takes_no_records() {
    for board in BOARDS {
        let mut device = Device::on_trial(board);
        assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
        let record = device.record();
        device.flash.refuse(Part::Journal, true);
        for cause in CRASHES.into_iter().chain(POWER_LOSSES) {
            assert_eq!(device.boot(cause), Started::Confirmed(Slot::A), "{cause:?}");
            assert_eq!(device.record(), record);
        }
        device.flash.refuse(Part::Journal, false);
        assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
        assert_eq!(device.record().trial.map(|trial| trial.attempts), Some(CRASH_ATTEMPTS - 2));
        device.assert_used_well();
    }
}

/// Boots of confirmed firmware write nothing, whatever caused the reset.
#[test]
fn boots_do_not_wear_the_journal() {
    for board in BOARDS {
        let mut device = Device::on_trial(board);
        assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
        device.confirm(Slot::B).unwrap();
        let before = device.flash.wear(Part::Journal).writes;
        for cause in CRASHES.into_iter().chain(POWER_LOSSES).cycle().take(20) {
            assert_eq!(device.boot(cause), Started::Confirmed(Slot::B));
        }
        assert_eq!(device.flash.wear(Part::Journal).writes, before, "{}", board.name);
    }
}

//! The confirmed image is damaged: another one is started, if there is one; otherwise the bootloader enters recovery
//! mode.

use super::{CRASHES, Device, POWER_LOSSES, Started, firmware};
use crate::signed_image::key_ids;
use lifeboot_core::Slot;
use lifeboot_core::boot::Recovery;
use lifeboot_core::record::{CRASH_ATTEMPTS, CRASH_LOOP, Cause, Ending, Outcome, Reset, Trial};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::Part;

/// Version 1 in slot A and version 2 in slot B, of which this one is confirmed.
fn confirmed(board: &'static lifeboot_core::Board, slot: Slot) -> Device {
    let mut device = Device::from_factory(board);
    device.put(Slot::B, &firmware(board, 2, 0));
    device.record_with(|record| record.confirmed = slot);
    device
}

#[test]
fn the_other_image_is_started_on_trial() {
    for board in BOARDS {
        for slot in Slot::BOTH {
            for cause in CRASHES.into_iter().chain(POWER_LOSSES) {
                let mut device = confirmed(board, slot);
                device.damage(slot);
                let other = slot.other();
                assert_eq!(device.boot(cause), Started::FellBack(other));
                let record = device.record();
                assert_eq!((record.confirmed, record.trial), (slot, Trial::new(other).started(cause)));
                let Outcome { ending, slot: named, cause: noted, version, .. } = record.outcomes.last().unwrap();
                assert_eq!((ending, named, noted), (Ending::FellBack, other, cause));
                assert_eq!(version.major, if other == Slot::A { 1 } else { 2 });
                // Once it confirms, it is the default.
                device.confirm(other).unwrap();
                assert_eq!(device.boot(cause), Started::Confirmed(other));
                device.assert_used_well();
            }
        }
    }
}

/// Any firmware is better than none, and a way in is better than a crash loop: a rejected image is started again and again,
/// each time after the host had a minute to speak. That costs no records.
#[test]
fn the_last_image_and_the_host_take_turns() {
    for board in BOARDS {
        let mut device = Device::on_trial(board);
        for _ in 0..CRASH_ATTEMPTS {
            assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
        }
        assert_eq!(device.boot(Cause::Watchdog), Started::Confirmed(Slot::A));
        assert_eq!(device.outcome().map(|outcome| outcome.ending), Some(Ending::NotConfirmed));
        device.damage(Slot::A);
        let before = device.flash.operations();
        for number in 0..200 {
            let waits = Started::Recovery(Recovery::LastFirmware);
            assert_eq!(device.boot(Cause::Watchdog), waits, "boot {number}");
            let listened = Reset { listened: true, ..Cause::Request.into() };
            assert_eq!(device.boot_after(listened), Started::FellBack(Slot::B), "boot {number}");
            assert_eq!(device.outcome().map(|outcome| outcome.ending), Some(Ending::NotConfirmed));
        }
        assert_eq!(device.flash.operations(), before);
        device.assert_used_well();
    }
}

/// An image that was never rejected gets a trial; it is rejected when that is used up, once.
#[test]
fn the_other_image_has_one_trial() {
    for board in BOARDS {
        let mut device = confirmed(board, Slot::A);
        device.damage(Slot::A);
        assert_eq!(device.boot(Cause::Watchdog), Started::FellBack(Slot::B));
        for _ in 1..CRASH_ATTEMPTS {
            assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
        }
        for _ in 0..3 {
            assert_eq!(device.boot(Cause::Watchdog), Started::Recovery(Recovery::LastFirmware));
            assert_eq!(device.outcome().map(|outcome| outcome.ending), Some(Ending::NotConfirmed));
        }
        device.assert_used_well();
    }
}

/// Confirmed firmware that crashes in a loop gives the host its time as well; a trial does not need to, since it ends.
#[test]
fn confirmed_firmware_that_crashes_and_the_host_take_turns() {
    for board in BOARDS {
        for (confirmed_is_whole, waits) in [(true, Recovery::Crashes), (false, Recovery::LastFirmware)] {
            let mut device = confirmed(board, Slot::A);
            if !confirmed_is_whole {
                device.damage(Slot::A);
            }
            for crashes in 0..=u8::MAX {
                let crashed = Reset { crashes, ..Cause::Fault.into() };
                let started = device.clone().boot_after(crashed);
                let listened = device.clone().boot_after(Reset { listened: true, ..crashed });
                let starts = if confirmed_is_whole { Started::Confirmed(Slot::A) } else { Started::FellBack(Slot::B) };
                assert_eq!(started, if crashes < CRASH_LOOP { starts } else { Started::Recovery(waits) }, "{crashes}");
                assert_eq!(listened, starts);
                let mut on_trial = Device::on_trial(board);
                assert_eq!(on_trial.boot_after(crashed), Started::Trial(Slot::B));
            }
        }
    }
}

#[test]
fn with_a_journal_that_takes_nothing_there_is_life_too() {
    for board in BOARDS {
        let mut device = confirmed(board, Slot::A);
        device.damage(Slot::A);
        device.flash.refuse(Part::Journal, true);
        for cause in CRASHES.into_iter().chain(POWER_LOSSES) {
            assert_eq!(device.boot(cause), Started::FellBack(Slot::B), "{cause:?}");
        }
        device.assert_used_well();
    }
}

#[test]
fn with_no_image_the_host_is_answered() {
    for board in BOARDS {
        for cause in CRASHES.into_iter().chain(POWER_LOSSES) {
            let mut both_damaged = confirmed(board, Slot::A);
            both_damaged.damage(Slot::A);
            both_damaged.damage(Slot::B);
            let mut trial_damaged = Device::on_trial(board);
            trial_damaged.damage(Slot::A);
            trial_damaged.damage(Slot::B);
            let mut only_older = confirmed(board, Slot::A);
            only_older.record_with(|record| record.epoch_floor = 1);
            let mut only_revoked = confirmed(board, Slot::B);
            only_revoked.record_with(|record| record.revoked = key_ids(&[1]));
            for mut device in [both_damaged, trial_damaged, only_older, only_revoked] {
                for _ in 0..3 {
                    assert_eq!(
                        device.boot(cause),
                        Started::Recovery(Recovery::NothingStarts),
                        "{cause:?} on {}",
                        board.name
                    );
                }
                // A new image there is started, as a trial or as the confirmed one.
                let image = firmware(board, 3, 1).signed_with(2);
                device.put(Slot::B, &image);
                device.record_with(|record| record.trial = Some(Trial::new(Slot::B)));
                assert_eq!(device.boot(cause), Started::Trial(Slot::B));
                device.put(Slot::A, &image);
                device.record_with(|record| (record.trial, record.confirmed) = (None, Slot::A));
                assert_eq!(device.boot(cause), Started::Confirmed(Slot::A));
                device.assert_used_well();
            }
        }
    }
}

#[test]
fn an_empty_device_answers_the_host_and_writes_nothing() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        let slot = board.slot(Slot::A);
        device.flash.put(slot.start, &vec![0xff; slot.length as usize]);
        for cause in CRASHES.into_iter().chain(POWER_LOSSES) {
            assert_eq!(device.boot(cause), Started::Recovery(Recovery::NothingStarts));
        }
        assert_eq!(device.flash.operations(), 0);
    }
}

//! The epoch floor: it rises with a confirm once that is durable, and never falls; no image below it is ever started.

use super::{Device, Started, firmware};
use lifeboot_core::Slot;
use lifeboot_core::boot::Recovery;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Cause, Ending, Trial};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::Cut;
use lifeboot_updater::{Refusal, Step, Updater};

/// Version 2 with this epoch in slot B, started once.
fn started(board: &'static Board, epoch: u32) -> Device {
    let mut device = Device::on_trial(board);
    device.put(Slot::B, &firmware(board, 2, epoch));
    assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
    device
}

#[test]
fn it_rises_with_the_confirm_and_not_before() {
    for board in BOARDS {
        let mut device = started(board, 5);
        assert_eq!(device.record().epoch_floor, 0, "the trial has not confirmed");
        assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
        assert_eq!(device.record().epoch_floor, 0);
        device.confirm(Slot::B).unwrap();
        assert_eq!((device.record().confirmed, device.record().epoch_floor), (Slot::B, 5));
        assert_eq!(device.boot(Cause::PowerOn), Started::Confirmed(Slot::B));
        assert_eq!(device.record().epoch_floor, 5);
        device.assert_used_well();
    }
}

/// If power is lost between the confirm and the rise, the next boot completes it.
#[test]
fn a_cut_between_confirm_and_rise_is_made_good() {
    for board in BOARDS {
        for cut in [Cut::Before, Cut::Inside { words: 3, mask: 0x0f0f_0f0f }] {
            let mut device = started(board, 5);
            device.flash.cut(1, cut);
            assert!(device.confirm(Slot::B).is_err());
            device.flash.power_on();
            assert_eq!((device.record().confirmed, device.record().epoch_floor), (Slot::B, 0));
            assert_eq!(device.boot(Cause::PowerOn), Started::Confirmed(Slot::B));
            assert_eq!(device.record().epoch_floor, 5, "{cut:?} on {}", board.name);
        }
    }
}

#[test]
fn the_factory_image_raises_it_at_its_first_boot() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        device.put(Slot::A, &firmware(board, 1, 7));
        assert_eq!(device.boot(Cause::PowerOn), Started::Confirmed(Slot::A));
        assert_eq!(device.record().epoch_floor, 7);
    }
}

#[test]
fn nothing_below_it_is_ever_started() {
    for board in BOARDS {
        let mut device = started(board, 5);
        device.confirm(Slot::B).unwrap();
        // As a trial.
        device.put(Slot::A, &firmware(board, 3, 4));
        device.record_with(|record| record.trial = Some(Trial::new(Slot::A)));
        assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::B));
        let outcome = device.outcome().unwrap();
        assert_eq!((outcome.ending, outcome.slot, outcome.version.major), (Ending::Invalid, Slot::A, 3));
        // As the last one.
        device.damage(Slot::B);
        assert_eq!(device.boot(Cause::Request), Started::Recovery(Recovery::NothingStarts));
        // As the confirmed one.
        device.record_with(|record| record.confirmed = Slot::A);
        assert_eq!(device.boot(Cause::Request), Started::Recovery(Recovery::NothingStarts));
        assert_eq!(device.record().epoch_floor, 5);
        // An image of the floor's epoch is started.
        device.put(Slot::A, &firmware(board, 4, 5));
        assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
    }
}

/// An image below the floor is no target of a rollback. The request is refused at once: not only after a signature's
/// check, nor by a boot that falls back again.
#[test]
fn going_back_below_it_is_refused_at_once() {
    for board in BOARDS {
        let mut device = started(board, 5);
        device.put(Slot::A, &firmware(board, 1, 4));
        // Before the confirm a rollback is possible.
        let mut updater = Updater::running_in(Slot::B, &mut device.flash, board).unwrap();
        assert!(updater.request_rollback().is_ok());
        updater.abort();
        device.confirm(Slot::B).unwrap();
        let record = device.record();
        let mut updater = Updater::running_in(Slot::B, &mut device.flash, board).unwrap();
        assert_eq!(updater.request_rollback(), Err(Refusal::Epoch));
        assert_eq!(updater.step(), Ok(Step::Idle));
        assert_eq!(device.record(), record);
        device.put(Slot::A, &firmware(board, 1, 5));
        let mut updater = Updater::running_in(Slot::B, &mut device.flash, board).unwrap();
        assert!(updater.request_rollback().is_ok());
    }
}

#[test]
fn it_never_falls() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        let mut floor = 0;
        for (major, epoch) in (2..).zip([3, 3, 9, 4, 9, 10, 0, u32::MAX, 1]) {
            let running = device.record().confirmed;
            let target = running.other();
            device.put(target, &firmware(board, major, epoch));
            device.record_with(|record| record.trial = Some(Trial::new(target)));
            let accepted = epoch >= floor;
            let expected = if accepted { Started::Trial(target) } else { Started::Confirmed(running) };
            assert_eq!(device.boot(Cause::Request), expected, "epoch {epoch} at floor {floor}");
            if accepted {
                device.confirm(target).unwrap();
                floor = floor.max(epoch);
            }
            for cause in [Cause::PowerOn, Cause::Watchdog, Cause::Request] {
                device.boot(cause);
                assert_eq!(device.record().epoch_floor, floor);
            }
        }
        device.assert_used_well();
    }
}

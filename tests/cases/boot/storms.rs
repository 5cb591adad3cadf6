//! Brown-out storms, crash loops and mixtures of both: each budget counts separately, and holds in any order.

use super::{Device, POWER_LOSSES, Started};
use lifeboot_core::Slot;
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, Ending, POWER_ATTEMPTS};
use lifeboot_example_boards::{BOARDS, MICROBIT};

/// Brown-outs.
fn storm() -> impl Iterator<Item = Cause> {
    POWER_LOSSES.into_iter().cycle()
}

/// An update whose first start is the one that its host requested.
fn started(board: &'static lifeboot_core::Board) -> Device {
    let mut device = Device::on_trial(board);
    assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
    device
}

#[test]
fn a_good_image_survives_every_storm_that_ends_within_its_budget() {
    for board in BOARDS {
        for length in 1..=usize::from(POWER_ATTEMPTS) {
            let mut device = started(board);
            for (number, cause) in storm().take(length).enumerate() {
                assert_eq!(device.boot(cause), Started::Trial(Slot::B), "loss {number} of {length}");
            }
            // No more brown-outs: it confirms, and remains the default.
            device.confirm(Slot::B).unwrap();
            for cause in storm().take(20) {
                assert_eq!(device.boot(cause), Started::Confirmed(Slot::B), "after a storm of {length}");
            }
            assert_eq!(device.outcome().map(|outcome| outcome.ending), Some(Ending::Confirmed));
            device.assert_used_well();
        }
    }
}

/// Firmware that causes the brown-outs itself must be rolled back, or the storm would never end.
#[test]
fn a_storm_without_an_end_is_rolled_back() {
    for board in BOARDS {
        let mut device = started(board);
        let boots: Vec<Started> = storm().take(40).map(|cause| device.boot(cause)).collect();
        let (trials, rest) = boots.split_at(usize::from(POWER_ATTEMPTS));
        assert!(trials.iter().all(|started| *started == Started::Trial(Slot::B)), "{boots:?}");
        assert!(rest.iter().all(|started| *started == Started::Confirmed(Slot::A)), "{boots:?}");
        let outcome = device.outcome().unwrap();
        assert_eq!((outcome.ending, outcome.cause.is_power_loss()), (Ending::NotConfirmed, true));
        device.assert_used_well();
    }
}

#[test]
fn a_confirmed_image_survives_any_storm_and_its_boots_write_nothing() {
    for board in BOARDS {
        let mut device = started(board);
        device.confirm(Slot::B).unwrap();
        let before = device.flash.operations();
        for (number, cause) in storm().take(300).enumerate() {
            assert_eq!(device.boot(cause), Started::Confirmed(Slot::B), "boot {number}");
        }
        assert_eq!(device.flash.operations(), before, "{}", board.name);
    }
}

/// What is left of both budgets, and every order in which they can be used up.
fn every_order(device: Device, crashes: u8, losses: u8, boots: &mut u32) {
    for (cause, left) in [(Cause::Watchdog, crashes), (Cause::BrownOut, losses)] {
        let mut device = device.clone();
        *boots += 1;
        if left == 0 {
            assert_eq!(device.boot(cause), Started::Confirmed(Slot::A), "{crashes} and {losses} left, then {cause:?}");
            let outcome = device.outcome().unwrap();
            assert_eq!((outcome.ending, outcome.cause), (Ending::NotConfirmed, cause));
            assert_eq!(device.record().trial, None);
            continue;
        }
        assert_eq!(device.boot(cause), Started::Trial(Slot::B), "{crashes} and {losses} left, then {cause:?}");
        match cause {
            Cause::Watchdog => every_order(device, crashes - 1, losses, boots),
            _ => every_order(device, crashes, losses - 1, boots),
        }
    }
}

#[test]
fn every_order_of_crashes_and_losses_of_power_keeps_both_budgets() {
    let mut boots = 0;
    every_order(Device::on_trial(&MICROBIT), CRASH_ATTEMPTS, POWER_ATTEMPTS, &mut boots);
    println!("crashes and losses of power: {boots} boots");
    assert!(boots > 1000);
}

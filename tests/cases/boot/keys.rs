//! Revocation: it takes effect with the confirm of a signed image, once that is durable; never on the last key, never
//! undone. No image that a revoked key signed is ever started or accepted.

use super::{Device, Started, firmware};
use crate::signed_image::{SignedImage, info, key, key_ids};
use lifeboot_core::boot::{Decision, Recovery, boot};
use lifeboot_core::info::{BootloaderInfo, key_id};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, Ending, Trial};
use lifeboot_core::{KeyIds, Slot};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::{Cut, Part, SimulatedFlash};
use lifeboot_updater::{Expected, Refusal, Step, Updater};
use lifeboot_wire::Signed;

/// Version 2, by key 2, which revokes key 1.
fn revoking(board: &'static Board) -> SignedImage {
    firmware(board, 2, 0).signed_with(2).revoking(&[1])
}

/// Version 1 by key 1, confirmed in slot A; that image in slot B, on trial and started once.
fn started(board: &'static Board) -> Device {
    let mut device = Device::on_trial(board);
    device.put(Slot::B, &revoking(board));
    assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
    device
}

/// The answer of the firmware in a slot to an image that is offered to it.
fn offered(device: &mut Device, slot: Slot, image: &SignedImage) -> Result<(), Refusal> {
    let running = lifeboot_core::Version { major: if slot == Slot::A { 1 } else { 2 }, ..Default::default() };
    let mut updater = Updater::running_in(slot, &mut device.flash, device.board).unwrap();
    updater.begin(&image.header_bytes(), Expected { running, target: slot.other() }, false)?;
    while updater.step()? == Step::Busy {}
    Ok(())
}

fn went_back(device: &mut Device, slot: Slot) -> Result<(), Refusal> {
    let mut updater = Updater::running_in(slot, &mut device.flash, device.board).unwrap();
    updater.request_rollback()?;
    while updater.step()? == Step::Busy {}
    Ok(())
}

#[test]
fn a_key_is_revoked_with_the_confirm_and_not_before() {
    for board in BOARDS {
        let mut device = started(board);
        assert_eq!(device.record().revoked, KeyIds::NONE, "the trial has not confirmed");
        assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
        assert_eq!(device.record().revoked, KeyIds::NONE);
        device.confirm(Slot::B).unwrap();
        let record = device.record();
        assert_eq!((record.confirmed, record.trial, record.revoked), (Slot::B, None, key_ids(&[1])));
        // Irreversibly, and at the cost of a few records: some more in later boots.
        (0..5).for_each(|_| device.confirm(Slot::B).unwrap());
        let written = device.flash.wear(Part::Journal).writes;
        device.confirm(Slot::B).unwrap();
        assert_eq!(device.flash.wear(Part::Journal).writes, written);
        for cause in [Cause::Request, Cause::PowerOn, Cause::Watchdog] {
            assert_eq!(device.boot(cause), Started::Confirmed(Slot::B));
            assert_eq!(device.record().revoked, key_ids(&[1]));
        }
        device.assert_used_well();
    }
}

/// What must never happen: a failing image revokes the key of the working one.
#[test]
fn a_trial_that_fails_revokes_nothing() {
    for board in BOARDS {
        let mut device = started(board);
        for _ in 1..CRASH_ATTEMPTS {
            assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
        }
        assert_eq!(device.boot(Cause::Watchdog), Started::Confirmed(Slot::A));
        assert_eq!(device.record().revoked, KeyIds::NONE);
        // Nor does one that is rolled back on request, or never started.
        for image in [revoking(board), firmware(board, 3, 0).signed_with(2).revoking(&[1])] {
            device.put(Slot::B, &image);
            device.record_with(|record| record.trial = Some(Trial::new(Slot::B)));
            went_back(&mut device, Slot::A).unwrap();
            assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
            assert_eq!(device.record().revoked, KeyIds::NONE);
        }
        assert_eq!(offered(&mut device, Slot::A, &firmware(board, 4, 0)), Ok(()), "key 1 still counts");
    }
}

#[test]
fn nothing_by_a_revoked_key_is_started_or_taken() {
    for board in BOARDS {
        let mut device = started(board);
        device.confirm(Slot::B).unwrap();
        let before = device.flash.region(board.slot(Slot::A)).to_vec();
        // As an update or a rollback: at once, and nothing is erased.
        assert_eq!(offered(&mut device, Slot::B, &firmware(board, 3, 9)), Err(Refusal::RevokedKey));
        assert_eq!(went_back(&mut device, Slot::B), Err(Refusal::RevokedKey));
        let mut updater = Updater::running_in(Slot::B, &mut device.flash, board).unwrap();
        assert_eq!(updater.request_rollback(), Err(Refusal::RevokedKey), "before any work");
        assert!(device.flash.region(board.slot(Slot::A)) == &before[..]);
        device.assert_used_well();
        // As a trial that was marked nevertheless, as the only image, as the confirmed one.
        device.record_with(|record| record.trial = Some(Trial::new(Slot::A)));
        assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::B));
        assert_eq!(device.outcome().map(|outcome| (outcome.ending, outcome.slot)), Some((Ending::Invalid, Slot::A)));
        device.damage(Slot::B);
        assert_eq!(device.boot(Cause::Request), Started::Recovery(Recovery::NothingStarts));
        device.record_with(|record| record.confirmed = Slot::A);
        assert_eq!(device.boot(Cause::Request), Started::Recovery(Recovery::NothingStarts));
        // An image by the remaining key is started.
        device.put(Slot::A, &firmware(board, 3, 0).signed_with(2));
        assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
        assert_eq!(device.record().revoked, key_ids(&[1]));
    }
}

#[test]
fn an_image_that_revokes_its_own_key_is_refused_everywhere() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        for image in [firmware(board, 2, 0).revoking(&[1]), firmware(board, 2, 0).signed_with(2).revoking(&[1, 9, 2])] {
            // As an update.
            let before = device.flash.region(board.slot(Slot::B)).to_vec();
            assert_eq!(offered(&mut device, Slot::A, &image), Err(Refusal::OwnKey));
            assert!(device.flash.region(board.slot(Slot::B)) == &before[..]);
            // At boot: as a trial, and as the confirmed one.
            let mut device = Device::on_trial(board);
            device.put(Slot::B, &image);
            assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
            assert_eq!(device.outcome().map(|outcome| outcome.ending), Some(Ending::Invalid));
            device.record_with(|record| record.confirmed = Slot::B);
            assert_eq!(device.boot(Cause::Request), Started::FellBack(Slot::A));
            assert_eq!(device.record().revoked, KeyIds::NONE);
        }
    }
}

#[test]
fn the_factory_image_revokes_at_its_first_boot() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        device.put(Slot::A, &firmware(board, 1, 3).signed_with(2).revoking(&[1]));
        assert_eq!(device.boot(Cause::PowerOn), Started::Confirmed(Slot::A));
        let record = device.record();
        assert_eq!((record.revoked, record.epoch_floor), (key_ids(&[1]), 3), "both in one record");
        assert_eq!(device.flash.wear(Part::Journal).writes, 1);
        assert_eq!(device.boot(Cause::Request), Started::Confirmed(Slot::A));
        assert_eq!(device.flash.wear(Part::Journal).writes, 1);
    }
}

/// A cut before or inside any operation of confirm and revocation, and another one in the next boot: either the image
/// is not confirmed and nothing is revoked, or it is confirmed, and its keys are revoked at the next boot.
#[test]
fn wherever_the_power_goes_away_revocation_follows_the_confirm() {
    let cuts = [
        Cut::Before,
        Cut::Inside { words: 0, mask: 0x00ff_00ff },
        Cut::Inside { words: 3, mask: 0x0f0f_0f0f },
        Cut::Inside { words: 15, mask: 0x5555_5555 },
        Cut::Inside { words: 16, mask: 0 },
        Cut::Inside { words: 100, mask: 0x3333_3333 },
    ];
    for board in BOARDS {
        // Also if the records cross the border of two units.
        let room = board.journal_unit / 64.max(board.write_size);
        for age in [0, room - 4, room - 3, room - 2] {
            let mut device = started(board);
            device.put(Slot::B, &firmware(board, 2, 5).signed_with(2).revoking(&[1]));
            (0..age).for_each(|_| device.record_with(|_| {}));
            let mut operation = 0;
            loop {
                let (mut finished, mut outcomes) = (false, [false; 2]);
                for (first, second) in cuts.into_iter().flat_map(|first| cuts.map(|second| (first, second))) {
                    let what = format!("{first:?} at {operation}, then {second:?}, age {age}, {}", board.name);
                    let mut device = device.clone();
                    device.flash.cut(operation, first);
                    let confirmed = device.confirm(Slot::B);
                    finished = device.flash.is_powered();
                    device.flash.power_on();
                    assert_eq!(confirmed.is_ok(), finished, "{what}");
                    device.flash.cut(0, second);
                    device.boot(Cause::PowerOn);
                    device.flash.power_on();
                    let started = device.boot(Cause::BrownOut);
                    let record = device.record();
                    let is_confirmed = record.confirmed == Slot::B;
                    let expected = if is_confirmed {
                        (Started::Confirmed(Slot::B), key_ids(&[1]), 5)
                    } else {
                        (Started::Trial(Slot::B), KeyIds::NONE, 0)
                    };
                    assert_eq!((started, record.revoked, record.epoch_floor), expected, "{what}");
                    assert!(is_confirmed || !finished, "{what}");
                    outcomes[usize::from(is_confirmed)] = true;
                }
                assert!(outcomes[0] || operation > 0, "the first operation is cut too late");
                if finished {
                    break;
                }
                operation += 1;
            }
            // Confirm and effects, and an erase where the unit ends.
            assert!((2..=4).contains(&operation), "{operation} operations");
        }
    }
}

/// A new bootloader may hold the keys in another order, or others: what was revoked is a key, not a place in the table.
#[test]
fn what_is_revoked_is_the_key_and_not_its_place() {
    let table = |numbers: &[u8]| {
        let keys: Vec<_> = numbers.iter().map(|number| key(*number).verifying_key().to_bytes()).collect();
        BootloaderInfo::new(&keys, false)
    };
    for board in BOARDS {
        let mut device = started(board);
        device.confirm(Slot::B).unwrap();
        for numbers in [&[2, 1][..], &[1, 2], &[3, 2, 1], &[3, 4, 2]] {
            let info = table(numbers).for_board(board);
            let mut flash = device.flash.clone();
            flash.put_info(&info);
            let starts = |flash: &mut SimulatedFlash| {
                matches!(boot(flash, board, &info, Cause::Pin.into()), Decision::Confirmed(_))
            };
            assert!(starts(&mut flash), "{numbers:?}: key 2 was never revoked");
            firmware(board, 3, 0).put(&mut flash, Slot::B);
            assert!(!starts(&mut flash), "{numbers:?}: key 1 is revoked wherever it stands");
            firmware(board, 3, 0).signed_with(2).put(&mut flash, Slot::B);
            assert!(starts(&mut flash));
            let keys = Updater::running_in(Slot::B, &mut flash, board).unwrap().keys().unwrap();
            let place = numbers.iter().position(|number| *number == 1);
            assert_eq!(keys.revoked, place.map_or(0, |place| 1 << place), "{numbers:?}");
        }
    }
}

/// Keys that the bootloader does not hold make room for those that it does.
#[test]
fn revoked_keys_of_an_earlier_bootloader_make_room() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        device.record_with(|record| record.revoked = key_ids(&[7, 8, 9]));
        device.put(Slot::B, &revoking(board));
        device.record_with(|record| record.trial = Some(Trial::new(Slot::B)));
        assert_eq!(device.boot(Cause::Request), Started::Trial(Slot::B));
        device.confirm(Slot::B).unwrap();
        assert_eq!(info().mask(&device.record().revoked), 0b01);
        assert_eq!(offered(&mut device, Slot::B, &firmware(board, 3, 0)), Err(Refusal::RevokedKey));
    }
}

/// Key by key, in any order, irreversibly; ids that the device does not hold have no effect.
#[test]
fn a_mask_only_gains_bits_and_one_key_is_always_left() {
    let numbers = [1, 2, 3, 4];
    let four = BootloaderInfo::new(&numbers.map(|number| key(number).verifying_key().to_bytes()), false);
    for board in BOARDS {
        let mut flash = SimulatedFlash::new(board).write_once();
        flash.put_info(&four);
        firmware(board, 1, 0).signed_with(4).put(&mut flash, Slot::A);
        let mut running = Slot::A;
        let start = |flash: &mut SimulatedFlash, expected: Option<Slot>| {
            let decision = boot(flash, board, &four.clone().for_board(board), Cause::Request.into());
            let (Decision::Trial(verified) | Decision::Confirmed(verified)) = decision else { panic!("nothing runs") };
            assert!(expected.is_none_or(|slot| slot == verified.slot()));
            verified.slot()
        };
        start(&mut flash, Some(Slot::A));
        // The signing key, the ids to revoke, the keys revoked afterwards; `None` if the image is refused.
        let steps: [(u8, &[u8], Option<u8>); 9] = [
            (2, &[9], Some(0b0000)),
            (2, &[1], Some(0b0001)),
            (1, &[], None),
            (4, &[], Some(0b0001)),
            (3, &[9, 8, 2], Some(0b0011)),
            (4, &[3, 4], None),
            (4, &[1, 2], Some(0b0011)),
            (4, &[3], Some(0b0111)),
            (4, &[4], None),
        ];
        let mut mask = 0;
        for ((major, (signer, revoked, expected)), at) in (2..).zip(steps).zip(0..) {
            let target = running.other();
            firmware(board, major, 0).signed_with(signer).revoking(revoked).put(&mut flash, target);
            let mut journal = Journal::open(&mut flash, board);
            journal.change(&mut flash, |record| record.trial = Some(Trial::new(target))).unwrap();
            let started = start(&mut flash, Some(if expected.is_some() { target } else { running }));
            if let Some(expected) = expected {
                Updater::running_in(target, &mut flash, board).unwrap().confirm().unwrap();
                (running, mask) = (started, expected);
            }
            start(&mut flash, Some(running));
            assert_eq!(four.mask(&Journal::open(&mut flash, board).record().revoked), mask, "step {at}");
        }
    }
}

/// A table of four: each key signs, an image by each is taken, and the device names them in their order.
#[test]
fn a_device_holds_four_keys() {
    let numbers = [3, 1, 4, 2];
    let publics = numbers.map(|number| key(number).verifying_key().to_bytes());
    let four = BootloaderInfo::new(&publics, false);
    for board in BOARDS {
        for number in numbers {
            let mut flash = SimulatedFlash::new(board).write_once();
            flash.put_info(&four);
            firmware(board, 1, 0)
                .signed_with(number)
                .revoking(&[numbers[0], 7, 1][..usize::from(number == 2) * 3])
                .put(&mut flash, Slot::A);
            let decision = boot(&mut flash, board, &four.clone().for_board(board), Cause::PowerOn.into());
            assert!(matches!(decision, Decision::Confirmed(_)), "key {number}: {decision:?}");
            let mut updater = Updater::running_in(Slot::A, &mut flash, board).unwrap();
            let keys = updater.keys().unwrap();
            assert_eq!(keys.ids, publics.map(|key| Some(key_id(&key))));
            let revoked = if number == 2 { 0b0011 } else { 0 };
            let id = key_id(&key(number).verifying_key().to_bytes());
            assert_eq!(keys.revoked, revoked);
            assert_eq!(keys.signed, [Some(Signed { key: id, revokes: revoked }), None]);
        }
        // Without a bootloader's info, the keys are unknown.
        let mut flash = SimulatedFlash::new(board);
        assert_eq!(Updater::running_in(Slot::A, &mut flash, board).unwrap().keys(), Err(Refusal::NoBootloader));
        let mut device = Device::from_factory(board);
        let mut updater = Updater::running_in(Slot::A, &mut device.flash, board).unwrap();
        let [first, second] = [0, 1].map(|index| Some(key_id(&info().keys()[index])));
        assert_eq!(updater.keys().unwrap().ids, [first, second, None, None]);
    }
}

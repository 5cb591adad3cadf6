//! Power is lost before or inside any flash operation of a boot, and again in the boot that follows: a complete image
//! is started all the same, and no trial more often than its budget allows.

use super::{CRASHES, Device, POWER_LOSSES, Started, firmware};
use lifeboot_core::Slot;
use lifeboot_core::boot::Recovery;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, POWER_ATTEMPTS, Reset, Trial};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::Cut;

/// Devices whose next boot writes: a start to count, a trial to end, a bad image, a lost one, an epoch to raise, a
/// record to settle. Each also with the last record at the end of its unit.
fn devices(board: &'static Board) -> Vec<(&'static str, Device)> {
    let trial = Device::on_trial(board);
    let mut ended = trial.clone();
    ended.record_with(|record| record.trial = Some(Trial { attempts: 0, power_attempts: 0, ..Trial::new(Slot::B) }));
    let mut bad = trial.clone();
    bad.damage(Slot::B);
    let mut lost = trial.clone();
    lost.record_with(|record| record.trial = None);
    lost.damage(Slot::A);
    let mut raised = Device::from_factory(board);
    raised.put(Slot::A, &firmware(board, 1, 4));
    let devices = [("trial", trial), ("ended", ended), ("bad", bad), ("lost", lost), ("raised", raised)];
    let at_border = devices.clone().map(|(name, mut device)| {
        while device.flash.wear(lifeboot_tests::simulated_flash::Part::Journal).writes
            < board.journal_unit / board.write_size.max(lifeboot_core::record::RECORD_LENGTH as u32)
        {
            device.record_with(|_| {});
        }
        (name, device)
    });
    devices.into_iter().chain(at_border).collect()
}

const CUTS: [Cut; 6] = [
    Cut::Before,
    Cut::Inside { words: 0, mask: 0x00ff_00ff },
    Cut::Inside { words: 7, mask: 0xffff_0000 },
    Cut::Inside { words: 23, mask: 0x5555_5555 },
    Cut::Inside { words: 24, mask: 0 },
    Cut::Inside { words: 100, mask: 0x3333_3333 },
];

/// Boots with a cut at an operation. Returns whether the cut occurred; a boot that lost power must not have started
/// anything.
fn cut_boot(device: &mut Device, cause: Cause, operation: u32, cut: Cut) -> Option<Started> {
    device.flash.cut(operation, cut);
    let started = device.boot(cause);
    let powered = device.flash.is_powered();
    device.flash.power_on();
    powered.then_some(started)
}

/// Boots until the trial has ended. The only image then waits for the host.
fn starts_are_bounded(mut device: Device, cause: Cause, last_image: bool, what: &str) {
    let budget = if cause.is_power_loss() { POWER_ATTEMPTS } else { CRASH_ATTEMPTS };
    let boots = budget + 2;
    let is_start = |started| matches!(started, Started::Trial(Slot::B) | Started::FellBack(Slot::B));
    let starts = (0..boots).filter(|_| is_start(device.boot(cause))).count();
    assert!((u8::from(last_image)..=budget).contains(&(starts as u8)), "{what}: {starts} starts");
    let listened = device.boot_after(Reset { listened: true, ..cause.into() });
    let last = if last_image { Started::FellBack(Slot::B) } else { Started::Confirmed(Slot::A) };
    assert_eq!(listened, last, "{what}");
    device.assert_used_well();
}

#[test]
fn one_cut_and_another_in_the_boot_that_follows() {
    for board in BOARDS {
        for (name, device) in devices(board) {
            for cause in [CRASHES[2], CRASHES[4], POWER_LOSSES[0]] {
                for (first, first_cut) in (0..4).flat_map(|number| CUTS.map(|cut| (number, cut))) {
                    let what = format!("{name}, {cause:?}, {first_cut:?} at {first}, {}", board.name);
                    let mut once = device.clone();
                    if let Some(started) = cut_boot(&mut once, cause, first, first_cut) {
                        assert_ne!(started, Started::Recovery(Recovery::NothingStarts), "{what}");
                        continue;
                    }
                    for (second, second_cut) in [(0, CUTS[2]), (0, CUTS[5]), (1, CUTS[0]), (1, CUTS[3])] {
                        let mut twice = once.clone();
                        let started = cut_boot(&mut twice, Cause::PowerOn, second, second_cut);
                        assert_ne!(started, Some(Started::Recovery(Recovery::NothingStarts)), "{what}");
                        let started = twice.boot(Cause::BrownOut);
                        assert_ne!(
                            started,
                            Started::Recovery(Recovery::NothingStarts),
                            "{what}, {second_cut:?} at {second}"
                        );
                        assert_eq!(twice.record().confirmed, Slot::A, "{what}");
                    }
                    assert_ne!(once.boot(Cause::PowerOn), Started::Recovery(Recovery::NothingStarts), "{what}");
                    starts_are_bounded(once, cause, name == "lost", &what);
                }
            }
        }
    }
}

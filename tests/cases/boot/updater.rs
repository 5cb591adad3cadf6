//! The updater between two boots, asked by the application: what it starts, refuses and writes.

mod drivers;
mod transfers;

use super::{Device, firmware};
use crate::fuzz::wire::device::Shared;
use lifeboot_core::handover::{Boot, Start, boot_words};
use lifeboot_core::journal::SPOILT;
use lifeboot_core::layout::Region;
use lifeboot_core::record::{Cause, Ending, Outcome, RECORD_LENGTH, Record, Trial};
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash};
use lifeboot_updater::{Refusal, Step, Ticket, Updater};
use std::cell::RefCell;
use std::rc::Rc;

/// Firmware that runs, and its flash.
struct Running {
    flash: Rc<RefCell<SimulatedFlash>>,
    updater: Updater<Shared>,
}

impl Running {
    /// What runs in a slot of this device from now on.
    fn new(device: &Device, slot: Slot) -> Running {
        let flash = Rc::new(RefCell::new(device.flash.clone()));
        let updater = Updater::running_in(slot, Shared(flash.clone()), device.board).unwrap();
        Running { flash, updater }
    }

    fn operations(&self) -> u32 {
        self.flash.borrow().operations()
    }

    /// A step, which is one flash operation at most.
    fn step(&mut self) -> Result<Step, Refusal> {
        let before = self.operations();
        let step = self.updater.step();
        assert!(self.operations() - before <= 1, "{} operations in a step", self.operations() - before);
        step
    }

    /// Carries an operation on until it has ended or waits for bytes.
    fn work(&mut self) -> Result<Step, Refusal> {
        loop {
            match self.step()? {
                Step::Busy => {}
                end => return Ok(end),
            }
        }
    }
}

fn confirm_of(device: &Device, slot: Slot) -> Result<Option<Ticket>, Refusal> {
    Running::new(device, slot).updater.request_confirm()
}

/// Writes the boot state until it is settled.
fn settle(device: &mut Device, change: impl Fn(&mut Record)) {
    (0..3).for_each(|_| device.record_with(&change));
}

/// Spoils so many places behind the newest record that callers which may run at each start write no more.
fn give_up(device: &mut Device) {
    let (journal, stride) = (device.board.journal, device.board.write_size.max(RECORD_LENGTH as u32));
    let holds_record = |place: &u32| {
        let bytes = device.flash.region(Region { start: *place, length: RECORD_LENGTH as u32 });
        Record::from_bytes(bytes.try_into().unwrap()).is_some()
    };
    let newest = (journal.start..journal.end()).step_by(stride as usize).rfind(holds_record).unwrap();
    for number in 1..=SPOILT {
        device.flash.put(newest + number * stride, &[0x5a; 8]);
    }
}

#[test]
fn a_confirm_is_due_until_it_is_settled_and_has_taken_effect() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        assert_eq!(confirm_of(&device, Slot::A), Ok(None), "nothing was ever written");
        device.record_with(|_| ());
        assert!(confirm_of(&device, Slot::A).unwrap().is_some(), "what was written may be torn");
        settle(&mut device, |_| ());
        assert_eq!(confirm_of(&device, Slot::A), Ok(None));
        device.put(Slot::A, &firmware(board, 1, 1));
        assert!(confirm_of(&device, Slot::A).unwrap().is_some(), "the epoch is not the floor yet");

        let mut device = Device::from_factory(board);
        device.put(Slot::B, &firmware(board, 2, 0));
        settle(&mut device, |record| record.trial = Some(Trial::new(Slot::B)));
        assert!(confirm_of(&device, Slot::B).unwrap().is_some(), "it is on trial");
    }
}

/// Where so many writes have failed, only what has a bounded number of attempts is tried: a trial.
#[test]
fn a_confirm_is_given_up_where_the_journal_takes_no_records() {
    for board in BOARDS {
        let mut device = Device::on_trial(board);
        give_up(&mut device);
        assert!(confirm_of(&device, Slot::B).unwrap().is_some(), "a trial");
        assert_eq!(confirm_of(&device, Slot::A), Err(Refusal::Flash), "the journal is not settled");
        assert_eq!(device.confirm(Slot::B), Ok(()));

        // It runs though another slot is confirmed, and no trial counts its starts.
        let mut device = Device::from_factory(board);
        device.put(Slot::B, &firmware(board, 2, 0));
        device.record_with(|_| ());
        give_up(&mut device);
        assert_eq!(confirm_of(&device, Slot::B), Err(Refusal::Flash));
    }
}

/// A confirm does not care about other ends, nor about those of another slot, nor about a rollback in an earlier boot: what is
/// started after that is started since nothing else can be.
#[test]
fn only_a_rollback_of_the_running_firmware_in_this_boot_forbids_its_confirm() {
    for board in BOARDS {
        for ending in [Ending::Requested, Ending::Cancelled, Ending::NotConfirmed] {
            for slot in Slot::BOTH {
                let mut device = Device::from_factory(board);
                device.put(Slot::B, &firmware(board, 2, 0));
                let outcome = Outcome {
                    ending,
                    slot,
                    cause: Cause::Unknown,
                    fault: None,
                    version: Version::default(),
                    digest: [7; 16],
                };
                device.record_with(|record| *record = record.ended(&outcome));
                assert_eq!(confirm_of(&device, Slot::B).map(|_| ()), Ok(()), "{ending:?} of slot {slot}");
            }
        }
        let mut running = Running::new(&Device::on_trial(board), Slot::B);
        running.updater.request_rollback().unwrap();
        while running.updater.step() != Ok(Step::RolledBack) {}
        assert_eq!(running.updater.request_confirm(), Err(Refusal::RollbackRequested));
        assert_eq!(running.updater.confirm(), Err(Refusal::RollbackRequested));
    }
}

/// Each change of the boot state, at each fill of the journal.
#[test]
fn a_change_of_the_boot_state_is_one_flash_operation_a_step() {
    type Request = fn(&mut Updater<Shared>) -> Result<Option<Ticket>, Refusal>;
    let changes: [(Slot, bool, Request, Step); 4] = [
        (Slot::B, true, |updater| updater.request_rollback().map(Some), Step::RolledBack),
        (Slot::B, true, |updater| updater.request_confirm(), Step::Confirmed),
        (Slot::A, true, |updater| updater.request_cancel().map(Some), Step::Cancelled),
        (Slot::A, false, |updater| updater.request_rollback().map(Some), Step::Pending),
    ];
    for board in BOARDS.into_iter().filter(|board| board.journal_unit < 16 << 10) {
        for (slot, is_trial, request, end) in changes {
            for records in 1..=board.journal_unit / board.write_size.max(RECORD_LENGTH as u32) {
                let mut device = Device::from_factory(board);
                device.put(Slot::B, &firmware(board, 2, 0));
                (0..records)
                    .for_each(|_| device.record_with(|record| record.trial = is_trial.then(|| Trial::new(Slot::B))));
                let mut running = Running::new(&device, slot);
                request(&mut running.updater).unwrap();
                assert_eq!(running.work(), Ok(end), "{records} records on {}", board.name);
            }
        }
    }
}

/// The same of an activation, from an image that is staged.
#[test]
fn an_activation_is_one_flash_operation_a_step() {
    for board in BOARDS.into_iter().filter(|board| board.journal_unit < 16 << 10) {
        let image = firmware(board, 2, 0);
        let digest = *image.header.digest.first_chunk().unwrap();
        let (version, cause) = (image.header.version, Cause::Unknown);
        let outcome = Outcome { ending: Ending::Staged, slot: Slot::B, cause, fault: None, version, digest };
        for records in 1..=board.journal_unit / board.write_size.max(RECORD_LENGTH as u32) {
            let mut device = Device::from_factory(board);
            device.put(Slot::B, &image);
            (0..records).for_each(|_| device.record_with(|record| *record = record.ended(&outcome)));
            let mut running = Running::new(&device, Slot::A);
            assert_eq!(running.updater.staged(), Some(digest));
            for _ in 0..2 {
                running.updater.request_activate(&digest, false).unwrap();
                assert_eq!(running.work(), Ok(Step::Pending), "{records} records on {}", board.name);
            }
        }
    }
}

/// Until then each step has something to do.
#[test]
fn steps_are_busy_until_a_confirm_is_done() {
    for board in BOARDS {
        let mut running = Running::new(&Device::on_trial(board), Slot::B);
        running.updater.request_confirm().unwrap();
        assert_eq!(running.work(), Ok(Step::Confirmed));
    }
}

#[test]
fn a_rollback_that_is_recorded_is_reported_again_and_not_written() {
    for board in BOARDS {
        let mut running = Running::new(&Device::on_trial(board), Slot::B);
        running.updater.request_rollback().unwrap();
        assert_eq!(running.work(), Ok(Step::RolledBack));
        let written = running.flash.borrow().wear(Part::Journal).writes;
        running.updater.request_rollback().unwrap();
        assert_eq!(running.work(), Ok(Step::RolledBack));
        assert_eq!(running.flash.borrow().wear(Part::Journal).writes, written, "{}", board.name);
    }
}

#[test]
fn a_rollback_to_an_epoch_below_the_floor_is_refused_at_once() {
    for board in BOARDS {
        for (floor, refused) in [(0, false), (1, false), (2, true)] {
            let mut device = Device::from_factory(board);
            device.put(Slot::B, &firmware(board, 2, 1));
            device.record_with(|record| record.epoch_floor = floor);
            let rollback = Running::new(&device, Slot::A).updater.request_rollback();
            assert_eq!(rollback == Err(Refusal::Epoch), refused, "{rollback:?} at floor {floor}");
        }
    }
}

#[test]
fn only_an_image_that_was_never_started_is_cancelled() {
    for board in BOARDS {
        let fresh = Trial::new(Slot::B);
        let started = fresh.started(Cause::Request).unwrap();
        for (trial, running, cancels) in
            [(fresh, Slot::A, true), (started, Slot::A, false), (fresh, Slot::B, false), (started, Slot::B, false)]
        {
            let mut device = Device::on_trial(board);
            device.record_with(|record| record.trial = Some(trial));
            let cancel = Running::new(&device, running).updater.request_cancel();
            assert_eq!(cancel != Err(Refusal::AlreadyStarted), cancels, "{trial:?}, slot {running} runs: {cancel:?}");
        }
    }
}

#[test]
fn how_it_was_started_is_what_the_bootloader_says() {
    let mut running = Running::new(&Device::from_factory(BOARDS[0]), Slot::A);
    assert_eq!(running.updater.boot(), None);
    let boot = Boot { cause: Cause::Watchdog, start: Start::Confirmed, verification: 187 };
    running.updater.set_boot_words(boot_words(boot));
    assert_eq!(running.updater.boot(), Some(boot));
    running.updater.set_boot_words([0; 2]);
    assert_eq!(running.updater.boot(), None);
}

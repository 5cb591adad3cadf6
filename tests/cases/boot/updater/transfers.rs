//! Transfers: what they erase, skip and verify, and what they end.

use super::Running;
use crate::boot::{Device, firmware};
use crate::signed_image::SignedImage;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::{BLOCK, Board};
use lifeboot_core::record::{Ending, RECORD_LENGTH, Trial};
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::{BOARDS, MICROBIT, STM32F405};
use lifeboot_tests::simulated_flash::Part;
use lifeboot_updater::{Expected, Refusal, Step, Ticket};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The boards that write words: the simulated flash says so of each.
const WORDS: [&Board; 2] = [&MICROBIT, &STM32F405];

/// What a host expects of a device from the factory.
const EXPECTED: Expected = Expected { running: Version { major: 1, minor: 0, patch: 0, build: 0 }, target: Slot::B };

impl Running {
    /// Passes the image's bytes of this range, which the transfer needs next.
    fn feed(&mut self, transfer: Ticket, content: &[u8], range: Range<u32>) -> Result<(), Refusal> {
        loop {
            let next = self.updater.next_in(transfer)?;
            if !range.contains(&next) {
                return Ok(());
            }
            self.updater.feed(transfer, next, &content[next as usize..range.end as usize])?;
            self.work()?;
        }
    }

    /// Begins a transfer from version 1 into slot B.
    fn begin(&mut self, image: &SignedImage) -> Ticket {
        let transfer = self.updater.begin(&image.header_bytes(), EXPECTED, false).unwrap();
        assert_eq!(self.work(), Ok(Step::Receiving));
        transfer
    }
}

/// Where the payload lies in a slot.
fn payload_of(image: &SignedImage) -> Range<u32> {
    let start = image.board.header_length;
    start..start + image.filling.len() as u32
}

/// The trial of an image that is replaced ends first.
#[test]
fn a_transfer_in_place_of_a_pending_image_is_one_flash_operation_a_step() {
    for board in WORDS.into_iter().filter(|board| board.journal_unit < 16 << 10) {
        for records in 1..=board.journal_unit / RECORD_LENGTH as u32 {
            let mut device = Device::from_factory(board);
            device.put(Slot::B, &firmware(board, 2, 0));
            (0..records).for_each(|_| device.record_with(|record| record.trial = Some(Trial::new(Slot::B))));
            let mut running = Running::new(&device, Slot::A);
            running.begin(&firmware(board, 3, 0));
            assert_eq!(running.work(), Ok(Step::Idle));
            let record = *Journal::open(&mut *running.flash.borrow_mut(), board).record();
            let ending = record.outcomes.last().map(|outcome| outcome.ending);
            assert_eq!((record.trial, ending), (None, Some(Ending::Cancelled)), "{records} records on {}", board.name);
        }
    }
}

/// What is erased is lost by any reading of the journal, so there must be only one reading.
#[test]
fn nothing_is_erased_before_the_journal_is_settled() {
    for board in WORDS {
        for records in 0..4 {
            let mut device = Device::from_factory(board);
            (0..records).for_each(|_| device.record_with(|_| ()));
            let mut running = Running::new(&device, Slot::A);
            let (image, slot) = (firmware(board, 2, 0), Part::Slot(Slot::B));
            let transfer = running.begin(&image);
            let content = image.content(Slot::A);
            let before = running.flash.borrow().wear(Part::Journal).writes;
            while running.flash.borrow().wear(slot).writes == 0 {
                let next = running.updater.next_in(transfer).unwrap();
                running.updater.feed(transfer, next, &content[next as usize..]).unwrap();
                running.work().unwrap();
                let mut flash = running.flash.borrow().clone();
                // By three equal records, or by one that was written whole now.
                let is_settled = Journal::open(&mut flash, board).is_settled(&mut flash)
                    || flash.wear(Part::Journal).writes > before;
                assert!(is_settled || flash.wear(slot).erases == 0, "{records} records on {}", board.name);
            }
        }
    }
}

/// A host that wants something else has given up what it had begun.
#[test]
fn a_transfer_that_is_refused_supersedes_another() {
    for board in BOARDS {
        let mut running = Running::new(&Device::from_factory(board), Slot::A);
        let image = firmware(board, 2, 0);
        let transfer = running.begin(&image);
        let other = Expected { target: Slot::A, ..EXPECTED };
        assert_eq!(running.updater.begin(&image.header_bytes(), other, false), Err(Refusal::OtherTarget));
        assert_eq!(running.updater.result(transfer), Some(Err(Refusal::Superseded)));
    }
}

/// But not the rollback of a trial.
#[test]
fn a_transfer_that_is_refused_during_a_trial_leaves_its_rollback_alone() {
    for board in BOARDS {
        let mut running = Running::new(&Device::on_trial(board), Slot::B);
        let rollback = running.updater.request_rollback().unwrap();
        let expected = Expected { target: Slot::A, ..EXPECTED };
        let begun = running.updater.begin(&firmware(board, 3, 0).header_bytes(), expected, false);
        assert_eq!((begun, running.updater.result(rollback)), (Err(Refusal::TrialRunning), None));
    }
}

/// What is in flash is read back while the rest arrives, block by block.
#[test]
fn blocks_that_are_written_are_verified_ahead() {
    for board in WORDS {
        let mut running = Running::new(&Device::from_factory(board), Slot::A);
        let image = firmware(board, 2, 0);
        let transfer = running.begin(&image);
        let content = image.content(Slot::A);
        let mut verified = 0;
        while running.updater.finish(transfer) == Err(Refusal::Incomplete) {
            let next = running.updater.next_in(transfer).unwrap();
            let end = content.len().min(next as usize + 100);
            running.updater.feed(transfer, next, &content[next as usize..end]).unwrap();
            running.work().unwrap();
            while running.updater.verify_ahead().unwrap() {
                verified += 1;
            }
        }
        assert_eq!(verified, image.filling.len() as u32 / BLOCK, "{}", board.name);
        assert_eq!(running.work(), Ok(Step::Pending));
    }
}

/// The first unit holds a header, which is erased before anything else, and payload; another one payload and table.
#[test]
fn each_unit_is_erased_once_for_a_transfer() {
    for board in WORDS {
        let of_slot_b = SignedImage::linked_for(Slot::B, board, 1500).bound();
        for image in [firmware(board, 2, 0), SignedImage::new(board, 3000), of_slot_b] {
            let mut device = Device::from_factory(board);
            device.put(Slot::B, &SignedImage::new(board, 3500).release(Version::default(), 0));
            let mut running = Running::new(&device, Slot::A);
            let transfer = running.begin(&image);
            let content = image.content(image.header.linked_for(board).unwrap());
            running.feed(transfer, &content, image.table_offset()..content.len() as u32).unwrap();
            running.feed(transfer, &content, payload_of(&image)).unwrap();
            running.updater.finish(transfer).unwrap();
            assert_eq!(running.work(), Ok(Step::Pending));
            let start = board.slot(Slot::B).start;
            let units = board.units_between(start, start + content.len() as u32);
            assert_eq!(running.flash.borrow().wear(Part::Slot(Slot::B)).erases, units, "{}", board.name);
        }
    }
}

/// An erase would lose what was skipped.
#[test]
fn behind_what_was_skipped_the_unit_must_be_erased() {
    let (board, unit) = (&MICROBIT, MICROBIT.unit_at(MICROBIT.slots[0].start).length);
    let image = SignedImage::new(board, 3000).release(Version { major: 2, ..Version::default() }, 0);
    let content = image.content(Slot::A);
    let (skipped, slot) = (unit + BLOCK, board.slot(Slot::B).start);
    for (rest, result) in [(&[][..], Ok(())), (&[0x5a; 8], Err(Refusal::NotErased))] {
        let mut device = Device::from_factory(board);
        device.put(Slot::B, &firmware(board, 3, 0));
        device.flash.erase(slot + unit, slot + 2 * unit).unwrap();
        device.flash.put(slot + unit, &image.content(Slot::B)[unit as usize..skipped as usize]);
        if !rest.is_empty() {
            device.flash.put(slot + skipped, rest);
        }
        // What begins behind this unit is erased.
        device.flash.put(slot + 2 * unit, &[0x5a; 8]);
        let mut running = Running::new(&device, Slot::A);
        let transfer = running.begin(&image);
        running.feed(transfer, &content, image.table_offset()..content.len() as u32).unwrap();
        running.feed(transfer, &content, board.header_length..unit).unwrap();
        assert_eq!(running.updater.skip(transfer, skipped), Ok(true));
        assert_eq!(running.feed(transfer, &content, payload_of(&image)), result);
    }
}

#[test]
fn a_digest_is_that_of_a_part_of_the_other_slot() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        device.put(Slot::B, &firmware(board, 2, 0));
        let content = device.flash.region(board.slot(Slot::B)).to_vec();
        let mut running = Running::new(&device, Slot::A);
        for (offset, length) in [(0, 0), (0, 1), (0, BLOCK), (BLOCK, 100), (BLOCK, BLOCK + 100), (2 * BLOCK, 2 * BLOCK)]
        {
            let part = &content[offset as usize..(offset + length) as usize];
            let expected = running.updater.digest(offset, length).unwrap();
            assert!(Sha256::digest(part).starts_with(&expected), "{length} bytes at {offset}");
        }
        assert_eq!(running.updater.digest(1, 1), Err(Refusal::Command));
        let end = board.slot(Slot::B).length;
        assert!(running.updater.digest(end - BLOCK, BLOCK).is_ok());
        assert_eq!(running.updater.digest(end - BLOCK, BLOCK + 1), Err(Refusal::Command));
    }
}

//! The boot policy, enumerated: every boot record with every content of the slots after every cause, reachable or not,
//! compared with a model. A sample by default; the deep tier takes all.

use crate::signed_image::{SignedImage, info, key_ids};
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::journal::Journal;
use lifeboot_core::record::{Cause, Record, Trial};
use lifeboot_core::{Slot, Version};
use lifeboot_tests::geometries::GEOMETRIES;
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash};
use lifeboot_tests::tier::{Row, one_in};

/// What a slot holds. Images are signed with the first key.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    Absent,
    Bad,
    Good { epoch: u32 },
}

const CONTENTS: [Content; 5] =
    [Content::Absent, Content::Bad, Content::Good { epoch: 0 }, Content::Good { epoch: 1 }, Content::Good { epoch: 2 }];

/// One in how many states is booted by default.
const SAMPLE: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    Trial(Slot),
    Confirmed(Slot),
    Recovery,
}

/// The model: what a boot may start, and how many starts a trial has.
struct Model<'a> {
    record: &'a Record,
    contents: [Content; 2],
    /// The digest of the image whose trial ends.
    rejected: Option<u32>,
}

impl Model<'_> {
    fn is_good(&self, slot: Slot) -> bool {
        match self.contents[slot as usize] {
            Content::Good { epoch } => epoch >= self.record.epoch_floor && self.record.revoked != key_ids(&[1]),
            _ => false,
        }
    }

    /// Distinguishes the images; `None` if there is no header.
    fn digest(&self, slot: Slot) -> Option<u32> {
        match self.contents[slot as usize] {
            Content::Absent => None,
            // Of the payload, which is the same in all of them.
            Content::Bad | Content::Good { .. } => Some(0),
        }
    }

    /// Starts of the trial before the final state.
    fn trial_starts(&self, cause: Cause) -> u8 {
        match self.record.trial {
            Some(trial) if self.is_good(trial.slot) && cause.is_power_loss() => trial.power_attempts,
            Some(trial) if self.is_good(trial.slot) => trial.attempts,
            _ => 0,
        }
    }

    /// The slot that is started from then on.
    fn last(&self) -> Start {
        let (confirmed, other) = (self.record.confirmed, self.record.confirmed.other());
        if self.is_good(confirmed) && !self.record.lost {
            return Start::Confirmed(confirmed);
        }
        match [other, confirmed].into_iter().find(|slot| self.is_good(*slot)) {
            // After its rejection the host has its time first.
            Some(slot) if self.rejected == self.digest(slot) => Start::Recovery,
            Some(slot) => Start::Trial(slot),
            None => Start::Recovery,
        }
    }
}

fn records() -> Vec<Record> {
    let mut trials = vec![None];
    for slot in Slot::BOTH {
        for attempts in [0, 1, 3] {
            trials.extend([0, 1, 10].map(|power_attempts| Some(Trial { slot, attempts, power_attempts })));
        }
    }
    let mut records = Vec::new();
    for confirmed in Slot::BOTH {
        for trial in &trials {
            for epoch_floor in 0..3 {
                for revoked in [&[][..], &[1], &[2]].map(key_ids) {
                    let lost = [false, true];
                    let record =
                        |lost| Record { confirmed, lost, trial: *trial, epoch_floor, revoked, ..Record::FACTORY };
                    records.extend(lost.map(record));
                }
            }
        }
    }
    records
}

/// Flash with each pair of contents, and a blank journal.
fn devices() -> Vec<([Content; 2], SimulatedFlash)> {
    let board = &GEOMETRIES[0].board;
    let pairs = CONTENTS.into_iter().flat_map(|a| CONTENTS.map(|b| [a, b]));
    let device = |contents: [Content; 2]| {
        let mut flash = SimulatedFlash::new(board).write_once();
        for (slot, content) in Slot::BOTH.into_iter().zip(contents) {
            let epoch = if let Content::Good { epoch } = content { epoch } else { 2 };
            if content != Content::Absent {
                SignedImage::new(board, 700).release(Version::default(), epoch).put(&mut flash, slot);
            }
            if content == Content::Bad {
                flash.put(board.slot(slot).start + board.header_length + 0x40, &[0]);
            }
        }
        (contents, flash)
    };
    pairs.map(device).collect()
}

fn check(mut flash: SimulatedFlash, contents: [Content; 2], record: &Record, cause: Cause) {
    let board = &GEOMETRIES[0].board;
    let what = || format!("{record:?}, {contents:?}, {cause:?}");
    flash.put(board.journal.start, &record.to_bytes(1));
    let mut model = Model { record, contents, rejected: None };
    model.rejected = record.trial.and_then(|trial| model.digest(trial.slot));
    let (starts, last) = (model.trial_starts(cause), model.last());
    for number in 0..starts + 3 {
        let start = match boot(&mut flash, board, &info().for_board(board), cause.into()) {
            Decision::Trial(verified) | Decision::FellBack(verified) => Start::Trial(verified.slot()),
            Decision::Confirmed(verified) => Start::Confirmed(verified.slot()),
            Decision::Recovery(_) => Start::Recovery,
        };
        let expected = match record.trial {
            Some(trial) if number < starts => Start::Trial(trial.slot),
            _ => last,
        };
        assert_eq!(start, expected, "boot {number} of {}", what());
    }
    // The last good image is unchanged, and still good by the current record.
    let left = *Journal::open(&mut flash, board).record();
    for slot in Slot::BOTH {
        assert_eq!(flash.wear(Part::Slot(slot)), Default::default(), "{}", what());
    }
    assert_eq!(flash.misuse(), None, "{}", what());
    let lasting = |record: &Record| (record.confirmed, record.lost, record.revoked);
    assert_eq!(lasting(&left), lasting(record), "{}", what());
    let floor = match (last, contents[record.confirmed as usize]) {
        (Start::Confirmed(_), Content::Good { epoch }) => epoch,
        _ => record.epoch_floor,
    };
    assert_eq!(left.epoch_floor, floor, "{}", what());
    assert_eq!(Model { record: &left, contents, rejected: model.rejected }.last(), last, "{}", what());
    if let (Some(trial), Start::Confirmed(_) | Start::Recovery) = (record.trial, last) {
        assert_eq!(left.trial, None, "{}", what());
        let outcome = left.outcomes.last().map(|outcome| (outcome.slot, outcome.ending.is_rejection()));
        assert_eq!(outcome, Some((trial.slot, true)), "{}", what());
    }
}

#[test]
fn every_state_starts_what_the_model_says() {
    let row = Row::begin("boot policy, every state");
    let (devices, records) = (devices(), records());
    let (mut all, mut booted) = (0, 0);
    for (contents, flash) in &devices {
        for record in &records {
            for cause in (0..=6).filter_map(Cause::from_byte) {
                if all % one_in(SAMPLE) == 0 {
                    check(flash.clone(), *contents, record, cause);
                    booted += 1;
                }
                all += 1;
            }
        }
    }
    println!("boot policy: {booted} of {all} states");
    row.end(booted, 0);
    assert_eq!(all, 25 * 684 * 7);
}

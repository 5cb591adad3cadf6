//! What a device may do after a cut.
//!
//! | cut | runs | boot state |
//! | --- | --- | --- |
//! | before the record of the trial is whole | 1.0.0 | A confirmed, no trial, no outcome |
//! | then, before the record of the confirm is whole | 2.0.0 | A confirmed, a trial of B with one start less than before |
//! | then | 2.0.0 | B confirmed, the outcome says so, and the epoch floor has risen |
//!
//! A cut inside a record's last word is judged by either row, the one before or the one behind it. In each row what
//! runs is whole, to the byte, and the slots are as the cut left them.

use super::cut::Cut;
use super::update::{self, Update};
use crate::product::MICROBIT;
use lifeboot_core::record::{Ending, Record, Trial};
use lifeboot_core::{KeyIds, Slot};
use std::fmt;

/// What a board did with the flash that a cut left.
pub struct Boot {
    /// The slot whose first instruction was reached, if one was.
    pub started: Option<Slot>,
    /// Flash at that moment.
    pub flash: Vec<u8>,
}

/// What a device must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// It started nothing.
    NothingStarted,
    /// It started a slot that does not hold a whole image of this update.
    NotWhole(Slot),
    /// The bootloader changed something outside its journal.
    Changed,
    /// It rejected the new image.
    Rejected(Ending),
    /// It started the wrong slot, or is not in the state that belongs to the cut.
    State(Slot, Box<Record>),
    /// It reported to the host something else than it did.
    Status(String),
    /// The push that was repeated did not end as it should.
    Push(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::NothingStarted => write!(f, "nothing was started"),
            Violation::NotWhole(slot) => write!(f, "slot {slot} was started and does not hold a whole image"),
            Violation::Changed => write!(f, "something outside the journal was changed"),
            Violation::Rejected(ending) => write!(f, "the new image was rejected: {ending:?}"),
            Violation::State(slot, record) => write!(f, "slot {slot} was started, and the boot state is {record:?}"),
            Violation::Status(text) | Violation::Push(text) => f.write_str(text),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Before,
    Trial,
    Confirmed,
}

impl Phase {
    fn after(update: &Update, operations: usize) -> Phase {
        match operations {
            _ if operations < update.trial => Phase::Before,
            _ if operations < update.confirmed => Phase::Trial,
            _ => Phase::Confirmed,
        }
    }
}

/// Judges a boot from `left`, the flash after a cut.
pub fn judge(update: &Update, cut: Cut, left: &[u8], boot: &Boot) -> Result<(), Violation> {
    let started = boot.started.ok_or(Violation::NothingStarted)?;
    let image = if started == Slot::A { &update.old } else { &update.new };
    let whole = image
        .for_slot(MICROBIT.board, started)
        .is_ok_and(|expected| boot.flash[MICROBIT.board.slot(started).start as usize..].starts_with(&expected));
    if !whole {
        return Err(Violation::NotWhole(started));
    }
    let journal = MICROBIT.board.journal.start as usize..MICROBIT.board.journal.end() as usize;
    if boot.flash[..journal.start] != left[..journal.start] || boot.flash[journal.end..] != left[journal.end..] {
        return Err(Violation::Changed);
    }
    let (before, record) = (update::record(left), update::record(&boot.flash));
    if let Some(outcome) = record.outcomes.last().filter(|outcome| outcome.ending.is_rejection()) {
        return Err(Violation::Rejected(outcome.ending));
    }
    let possible = [cut.operation, cut.operation + usize::from(cut.torn.is_some())];
    if possible.iter().any(|made| fits(Phase::after(update, *made), update, started, &before, &record)) {
        Ok(())
    } else {
        Err(Violation::State(started, Box::new(record)))
    }
}

/// Whether a start and the boot state after it belong to a phase.
fn fits(phase: Phase, update: &Update, started: Slot, before: &Record, record: &Record) -> bool {
    let common = record.revoked == KeyIds::NONE;
    let place = (started, record.confirmed, record.epoch_floor);
    common
        && match phase {
            Phase::Before => {
                place == (Slot::A, Slot::A, 0) && record.trial.is_none() && record.outcomes.last().is_none()
            }
            Phase::Trial => {
                let counted = before.trial.zip(record.trial).is_some_and(|(before, after)| {
                    after.slot == Slot::B && before.slot == Slot::B && starts(after) + 1 == starts(before)
                });
                place == (Slot::B, Slot::A, 0) && counted && record.outcomes.last().is_none()
            }
            Phase::Confirmed => {
                let is_recorded = record.outcomes.last().is_some_and(|outcome| {
                    outcome.ending == Ending::Confirmed
                        && outcome.slot == Slot::B
                        && update.new.header().digest.starts_with(&outcome.digest)
                });
                place == (Slot::B, Slot::B, update.new.header().epoch) && record.trial.is_none() && is_recorded
            }
        }
}

fn starts(trial: Trial) -> u32 {
    u32::from(trial.attempts) + u32::from(trial.power_attempts)
}

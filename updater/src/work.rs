//! What an updater does step by step: [`Updater::work`], and what it may be at.

use crate::transfer::{Transfer, is_erased, read_header};
use crate::updater::{Updater, is_trial};
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::boot::Consequences;
use lifeboot_core::image::{Checked, HeaderBytes, HeaderCheck, Trust};
use lifeboot_core::info::Info;
use lifeboot_core::layout::{Board, Slot};
use lifeboot_core::record::{Outcome, Record, Trial};
use lifeboot_core::verify::Check;
use lifeboot_wire::Refusal;

/// What [`Updater::work`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing: there was nothing to do.
    Idle,
    /// One step; there may be another.
    Busy,
    /// The last step. What [`finish`](Updater::finish), [`request_rollback`](Updater::request_rollback) or
    /// [`request_confirm`](Updater::request_confirm) started is durable: the next boot acts on it. The transfer that
    /// [`begin`](Updater::begin) started waits for bytes: [`next`](Updater::next) says which.
    Done,
}

/// What an updater is at.
#[expect(clippy::large_enum_variant, reason = "without an allocator there is no other place")]
pub(crate) enum Stage {
    Idle,
    /// The signature of a header, for what follows.
    Checking(HeaderCheck, Purpose),
    Receiving {
        transfer: Transfer,
        /// A trial that was never started has to end before its slot is written.
        end_trial: bool,
        along: Along,
    },
    Verifying(HeaderBytes, Check),
    /// The payload is verified; the header is due, unless it is there.
    Sealing(HeaderBytes, Slot),
    /// The boot state is due to change.
    Recording(Change),
}

/// What goes along with a transfer: one of them, so that both have the same RAM.
#[cfg_attr(
    not(feature = "delta"),
    expect(clippy::large_enum_variant, reason = "without an allocator there is no other place")
)]
pub(crate) enum Along {
    Nothing,
    /// The verification of what is written so far.
    Check(Check),
    /// What makes the bytes, where they come as a patch.
    #[cfg(feature = "delta")]
    Patch(crate::patching::Patching),
}

/// What a header is checked for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// To receive its image, one that was rejected before only with `force`.
    Transfer { force: bool },
    /// To put the image that stands in the target slot on trial.
    Rollback,
}

/// A change of the boot state that takes more than one step; it is made on the state as it is then, not as it was when
/// the change was asked for: a confirm may have come in between.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    MarkTrial(Slot),
    EndTrial(Outcome),
    /// With what follows from it, in a record of its own.
    Confirm(Outcome, Consequences),
}

impl<F: NorFlash> Updater<F> {
    /// Does the next step of what was started: at most one flash operation, an erase or a write; or hashes one block.
    ///
    /// # Errors
    /// What is wrong with the image, or with the flash; what was under way has ended then.
    pub fn work(&mut self) -> Result<Work, Refusal> {
        // Apart, so that the one's stack is not under the other's: a signature takes the most of all.
        let worked = match self.stage {
            Stage::Checking(..) => self.check_further(),
            _ => self.step(),
        };
        // A transfer that has begun goes on; whatever else is done, or failed, is over.
        if worked.is_err() || worked == Ok(Work::Done) && self.next().is_none() {
            self.abort();
        }
        worked
    }

    #[inline(never)]
    fn step(&mut self) -> Result<Work, Refusal> {
        let Updater { flash, board, journal, stage, running, doubt, .. } = self;
        match stage {
            Stage::Idle | Stage::Checking(..) => return Ok(Work::Idle),
            Stage::Receiving { end_trial: end_trial @ true, .. } => {
                if !journal.prepare(flash)? {
                    journal.append(flash, Record { trial: None, ..*journal.record() })?;
                    *end_trial = false;
                }
            }
            Stage::Receiving { transfer, .. } => {
                if !transfer.work(doubt, board, flash)? {
                    return Ok(Work::Idle);
                }
            }
            Stage::Verifying(header, check) => {
                if let Some(verified) = check.step(flash, board)? {
                    *stage = Stage::Sealing(*header, verified.slot());
                }
            }
            Stage::Sealing(header, slot) => {
                let start = board.slot(*slot).start;
                let present = read_header(flash, start)?;
                if present == *header {
                    *stage = Stage::Recording(Change::MarkTrial(*slot));
                } else if is_erased(&present) {
                    // Read back at the next step: flash that does not keep it ends as not erased.
                    flash.write(start, header).map_err(|_| Refusal::Flash)?;
                } else {
                    return Err(Refusal::NotErased);
                }
            }
            Stage::Recording(change) => {
                let mut record = *journal.record();
                let mut last = true;
                match *change {
                    Change::MarkTrial(slot) => record.trial = Some(Trial::new(slot)),
                    Change::EndTrial(_) if record.trial.is_none() => return Ok(Work::Done),
                    Change::EndTrial(outcome) => record = record.ended(&outcome),
                    Change::Confirm(outcome, consequences) if is_trial(*running, &record) => {
                        record = Record { confirmed: *running, ..record.ended(&outcome) };
                        last = !consequences.are_due(&record);
                    }
                    // Only now, that no boot goes back to what they shut out.
                    Change::Confirm(_, consequences) => consequences.enter(&mut record),
                }
                if !journal.prepare(flash)? {
                    journal.append(flash, record)?;
                    return Ok(if last { Work::Done } else { Work::Busy });
                }
            }
        }
        Ok(Work::Busy)
    }

    pub(crate) fn start_check(&mut self, header: &HeaderBytes, purpose: Purpose) -> Result<(), Refusal> {
        self.prepare_check(header, purpose);
        let started = self.start_signature();
        self.end_on_error(started)
    }

    #[inline(never)] // So that its temporaries are not on the stack of what follows.
    fn prepare_check(&mut self, header: &HeaderBytes, purpose: Purpose) {
        self.stage = Stage::Checking(HeaderCheck::new(header, self.target()), purpose);
    }

    #[inline(never)]
    fn start_signature(&mut self) -> Result<(), Refusal> {
        let info = self.info()?;
        let Stage::Checking(check, _) = &mut self.stage else { return Err(Refusal::NoTransfer) };
        Ok(check.start(&trust(self.board, &info, self.journal.record()))?)
    }

    #[inline(never)]
    fn check_further(&mut self) -> Result<Work, Refusal> {
        let info = self.info()?;
        let Stage::Checking(check, purpose) = &mut self.stage else { return Ok(Work::Idle) };
        let Some(checked) = check.step(&trust(self.board, &info, self.journal.record()))? else {
            return Ok(Work::Busy);
        };
        let (header, purpose) = (*check.bytes(), *purpose);
        if !checked.header().accepts_schema(self.schema) {
            return Err(Refusal::Schema);
        }
        match purpose {
            Purpose::Rollback => {
                self.start_verification(&header, checked);
                Ok(Work::Busy)
            }
            Purpose::Transfer { force } => self.start_transfer(&header, checked, force),
        }
    }

    #[inline(never)]
    fn start_verification(&mut self, header: &HeaderBytes, checked: Checked) {
        self.stage = Stage::Verifying(*header, Check::new(checked, self.board));
    }

    #[inline(never)]
    fn start_transfer(&mut self, header: &HeaderBytes, checked: Checked, force: bool) -> Result<Work, Refusal> {
        let record = self.journal.record();
        let rejected = record.outcomes.have_rejected(&checked.header().digest);
        if rejected && !force {
            return Err(Refusal::Rejected);
        }
        let end_trial = record.trial.is_some();
        // Read once: a header that was torn may read differently a moment later.
        let start = self.board.slot(self.target()).start;
        let present = read_header(&mut self.flash, start).ok();
        self.doubt.judge(&present, header);
        self.stage = Stage::Receiving {
            transfer: Transfer::new(header, checked, present, self.board),
            end_trial,
            along: Along::Nothing,
        };
        Ok(Work::Done)
    }

    pub(crate) fn info(&mut self) -> Result<Info, Refusal> {
        Info::read(&mut self.flash, self.board).ok_or(Refusal::NoBootloader)
    }
}

fn trust<'a>(board: &'a Board, info: &'a Info, record: &Record) -> Trust<'a> {
    Trust { board, info, revoked: record.revoked, epoch_floor: record.epoch_floor }
}

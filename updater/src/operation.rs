//! The operation that an updater has under way, and [`Updater::step`], which carries it on.

use crate::transfer::{Transfer, is_erased, read_header};
use crate::updater::{Updater, is_trial};
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::boot::ConfirmEffects;
use lifeboot_core::image::{Checked, HeaderBytes, HeaderCheck, Trust};
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::layout::{Board, Slot};
use lifeboot_core::record::{Outcome, Record, Trial};
use lifeboot_core::verify::Check;
use lifeboot_wire::Refusal;

/// What [`Updater::step`] did: nothing, a part of the operation under way, or the last part of it, one variant for each end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: no operation is under way, or it waits for bytes.
    Idle,
    /// A part of the operation; call again.
    Busy,
    /// The header that [`begin`](Updater::begin) was given is accepted. The transfer waits for bytes:
    /// [`next`](Updater::next) says which.
    Receiving,
    /// What [`finish`](Updater::finish) or [`request_rollback`](Updater::request_rollback) started is durable: the image in
    /// the target slot is pending, and the next boot tries it.
    Pending,
    /// The rollback that [`request_rollback`](Updater::request_rollback) started is durable: the trial has ended, and the next
    /// boot starts the confirmed slot.
    RolledBack,
    /// The confirm that [`request_confirm`](Updater::request_confirm) started is durable.
    Confirmed,
}

impl Step {
    /// Whether an operation has ended, so that its result is durable or it waits for bytes.
    pub const fn is_end(self) -> bool {
        !matches!(self, Step::Idle | Step::Busy)
    }
}

/// The operation under way.
#[expect(clippy::large_enum_variant, reason = "without an allocator there is no other place")]
pub(crate) enum Operation {
    Idle,
    /// The signature of a header, for what follows.
    Checking(HeaderCheck, CheckFor),
    Receiving {
        transfer: Transfer,
        /// Whether a trial that was never started must be ended before its slot is written.
        end_trial: bool,
        input: InputMode,
    },
    Verifying(HeaderBytes, Check),
    /// The payload is verified; the header is due, unless it is there.
    Sealing(HeaderBytes, Slot),
    /// The boot state is due to change.
    Recording(Change),
}

/// How the transfer's bytes come, with the state that this needs: one of them at a time, so that they share RAM.
#[cfg_attr(
    not(feature = "delta"),
    expect(clippy::large_enum_variant, reason = "without an allocator there is no other place")
)]
pub(crate) enum InputMode {
    /// As they are.
    Plain,
    /// As they are, and what is written so far is verified meanwhile.
    VerifiedAhead(Check),
    /// As a patch, which this expands.
    #[cfg(feature = "delta")]
    Patch(crate::patching::Patching),
}

/// Why a header is checked.
#[derive(Clone, Copy)]
pub(crate) enum CheckFor {
    /// To receive its image. One that was rejected before is accepted only with `force`.
    Transfer { force: bool },
    /// To put the image that stands in the target slot on trial.
    Rollback,
}

/// A change of the boot state that takes more than one step. It is applied to the state at the time of writing, not to that at
/// the time of the request: a confirm may have come between the two.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    MarkTrial(Slot),
    EndTrial(Outcome),
    /// Its effects go into a record of their own, behind the one that confirms.
    Confirm(Outcome, ConfirmEffects),
}

impl<F: NorFlash> Updater<F> {
    /// Carries the operation under way one step further: at most one flash operation (an erase or a write), or the hash of one
    /// block, or a part of a signature's check.
    ///
    /// # Errors
    /// What is wrong with the image or the flash. The operation has ended then.
    pub fn step(&mut self) -> Result<Step, Refusal> {
        // Two functions, so that the stack of one does not lie under the other's: a signature needs the most of all.
        let step = match self.operation {
            Operation::Checking(..) => self.step_check(),
            _ => self.step_operation(),
        };
        // A transfer that has begun goes on; anything else that is done, or has failed, is over.
        if !matches!(step, Ok(Step::Idle | Step::Busy | Step::Receiving)) {
            self.abort();
        }
        step
    }

    #[inline(never)]
    fn step_operation(&mut self) -> Result<Step, Refusal> {
        let Updater { flash, board, journal, operation, running, suspects, .. } = self;
        match operation {
            Operation::Idle | Operation::Checking(..) => return Ok(Step::Idle),
            Operation::Receiving { end_trial: end_trial @ true, .. } => {
                if !journal.prepare(flash)? {
                    journal.append(flash, Record { trial: None, ..*journal.record() })?;
                    *end_trial = false;
                }
            }
            Operation::Receiving { transfer, .. } => {
                if !transfer.step(suspects, board, flash)? {
                    return Ok(Step::Idle);
                }
            }
            Operation::Verifying(header, check) => {
                if let Some(verified) = check.step(flash, board)? {
                    *operation = Operation::Sealing(*header, verified.slot());
                }
            }
            Operation::Sealing(header, slot) => {
                let start = board.slot(*slot).start;
                let present = read_header(flash, start)?;
                if present == *header {
                    *operation = Operation::Recording(Change::MarkTrial(*slot));
                } else if is_erased(&present) {
                    // Read back at the next step: flash that does not keep it ends as not erased.
                    flash.write(start, header).map_err(|_| Refusal::Flash)?;
                } else {
                    return Err(Refusal::NotErased);
                }
            }
            Operation::Recording(change) => {
                let mut record = *journal.record();
                let end = match *change {
                    Change::MarkTrial(slot) => {
                        record.trial = Some(Trial::new(slot));
                        Step::Pending
                    }
                    Change::EndTrial(_) if record.trial.is_none() => return Ok(Step::RolledBack),
                    Change::EndTrial(outcome) => {
                        record = record.ended(&outcome);
                        Step::RolledBack
                    }
                    Change::Confirm(outcome, effects) if is_trial(*running, &record) => {
                        record = Record { confirmed: *running, ..record.ended(&outcome) };
                        if effects.pending(&record) { Step::Busy } else { Step::Confirmed }
                    }
                    // Only now that no boot goes back to what they shut out.
                    Change::Confirm(_, effects) => {
                        effects.apply(&mut record);
                        Step::Confirmed
                    }
                };
                if !journal.prepare(flash)? {
                    journal.append(flash, record)?;
                    return Ok(end);
                }
            }
        }
        Ok(Step::Busy)
    }

    pub(crate) fn start_check(&mut self, header: &HeaderBytes, check_for: CheckFor) -> Result<(), Refusal> {
        self.prepare_check(header, check_for);
        let started = self.start_signature();
        self.end_on_error(started)
    }

    #[inline(never)] // So that its temporaries do not lie under the stack of what follows.
    fn prepare_check(&mut self, header: &HeaderBytes, check_for: CheckFor) {
        self.operation = Operation::Checking(HeaderCheck::new(header, self.target()), check_for);
    }

    #[inline(never)]
    fn start_signature(&mut self) -> Result<(), Refusal> {
        let info = self.info()?;
        let Operation::Checking(check, _) = &mut self.operation else { return Err(Refusal::NoTransfer) };
        Ok(check.start(&trust(self.board, &info, self.journal.record()))?)
    }

    #[inline(never)]
    fn step_check(&mut self) -> Result<Step, Refusal> {
        let info = self.info()?;
        let Operation::Checking(check, check_for) = &mut self.operation else { return Ok(Step::Idle) };
        let Some(checked) = check.step(&trust(self.board, &info, self.journal.record()))? else {
            return Ok(Step::Busy);
        };
        let (header, check_for) = (*check.bytes(), *check_for);
        if !checked.header().accepts_schema(self.schema) {
            return Err(Refusal::Schema);
        }
        match check_for {
            CheckFor::Rollback => {
                self.start_verification(&header, checked);
                Ok(Step::Busy)
            }
            CheckFor::Transfer { force } => self.start_transfer(&header, checked, force),
        }
    }

    #[inline(never)]
    fn start_verification(&mut self, header: &HeaderBytes, checked: Checked) {
        self.operation = Operation::Verifying(*header, Check::new(checked, self.board));
    }

    #[inline(never)]
    fn start_transfer(&mut self, header: &HeaderBytes, checked: Checked, force: bool) -> Result<Step, Refusal> {
        let record = self.journal.record();
        let rejected = record.outcomes.have_rejected(&checked.header().digest);
        if rejected && !force {
            return Err(Refusal::Rejected);
        }
        let end_trial = record.trial.is_some();
        // Read once: a header that was torn may read differently a moment later.
        let start = self.board.slot(self.target()).start;
        let present = read_header(&mut self.flash, start).ok();
        self.suspects.judge(&present, header);
        self.operation = Operation::Receiving {
            transfer: Transfer::new(header, checked, present, self.board),
            end_trial,
            input: InputMode::Plain,
        };
        Ok(Step::Receiving)
    }

    pub(crate) fn info(&mut self) -> Result<BootloaderInfo, Refusal> {
        BootloaderInfo::read(&mut self.flash, self.board).ok_or(Refusal::NoBootloader)
    }
}

fn trust<'a>(board: &'a Board, info: &'a BootloaderInfo, record: &Record) -> Trust<'a> {
    Trust { board, info, revoked: record.revoked, epoch_floor: record.epoch_floor }
}

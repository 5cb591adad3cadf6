//! [`Updater::step`]: carries the operation under way on, one flash operation at a time.

use crate::operation::{Change, CheckFor, InputMode, Operation, Step};
use crate::ticket::Ticket;
use crate::transfer::{Transfer, is_erased, read_header};
use crate::updater::Updater;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::boot::outcome;
use lifeboot_core::image::{Checked, HeaderBytes, HeaderCheck, Trust};
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::journal::Effort;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Ending, Record, Reset, Trial};
use lifeboot_core::verify::Check;
use lifeboot_wire::Refusal;

/// Whose step it was, and what it did.
pub(crate) enum Turn {
    Operation(Result<Step, Refusal>),
    Confirm(Result<Step, Refusal>),
}

impl<F: NorFlash> Updater<F> {
    /// Advances the operation or the confirm: does at most one flash operation (an erase or a write), or hashes one
    /// block, or does a part of a signature's check.
    ///
    /// Anybody may call it, not only who started the operation: [`result`](Self::result) tells the owner.
    ///
    /// # Errors
    /// What is wrong with the image or the flash. The operation, or the confirm, has then ended.
    pub fn step(&mut self) -> Result<Step, Refusal> {
        match self.turn() {
            // The confirm's turn is next.
            Turn::Operation(Ok(Step::Idle)) if self.confirm.under_way().is_some() => Ok(Step::Busy),
            Turn::Operation(step) | Turn::Confirm(step) => step,
        }
    }

    /// As [`step`](Self::step), and says whose step it was. Operation and confirm take turns, so that neither waits
    /// for the other, not even if one is requested, or fails, again and again.
    pub(crate) fn turn(&mut self) -> Turn {
        self.confirmed_last = self.confirm.under_way().is_some() && !self.confirmed_last;
        if self.confirmed_last {
            return Turn::Confirm(self.confirm_in_turn());
        }
        // Two functions, so that the stack of one does not add to the other's: a signature's check needs the most.
        let step = match self.operation {
            Operation::Checking(..) => self.step_check(),
            _ => self.step_operation(),
        };
        match step {
            Ok(Step::Idle | Step::Busy) => {}
            // A transfer that has begun continues; any other operation that is done or has failed is over.
            Ok(Step::Receiving) => self.lane.end(step),
            _ => self.end_operation(step),
        }
        Turn::Operation(step)
    }

    #[inline(never)]
    fn step_operation(&mut self) -> Result<Step, Refusal> {
        let Updater { flash, board, journal, operation, suspects, .. } = self;
        match operation {
            Operation::Idle | Operation::Checking(..) => return Ok(Step::Idle),
            // What is erased from now on is lost by any reading of the journal.
            Operation::Receiving { is_settled: is_settled @ false, .. } => {
                let trial = journal.record().trial;
                match trial {
                    None => *is_settled = !journal.settle(flash, Effort::Unbounded)?,
                    Some(_) if journal.prepare(flash, Effort::Unbounded)? => {}
                    // The image that this one replaces is no longer wanted.
                    Some(Trial { slot, .. }) => {
                        let outcome = outcome(flash, board, slot, Ending::Cancelled, Reset::default());
                        journal.change(flash, |record| *record = record.ended(&outcome))?;
                    }
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
                    // Read back at the next step: if the flash did not keep it, that reports `NotErased`.
                    flash.write(start, header).map_err(|_| Refusal::Flash)?;
                } else {
                    return Err(Refusal::NotErased);
                }
            }
            Operation::Recording(change) => {
                let record = *journal.record();
                match *change {
                    _ if journal.prepare(flash, Effort::Unbounded)? => {}
                    Change::MarkTrial(slot) => {
                        journal.change(flash, |record| record.trial = Some(Trial::new(slot)))?;
                        return Ok(Step::Pending);
                    }
                    Change::EndTrial(_) if record.trial.is_none() => return Ok(Step::RolledBack),
                    Change::EndTrial(outcome) => {
                        journal.change(flash, |record| *record = record.ended(&outcome))?;
                        let is_cancel = outcome.ending == Ending::Cancelled;
                        return Ok(if is_cancel { Step::Cancelled } else { Step::RolledBack });
                    }
                }
            }
        }
        Ok(Step::Busy)
    }

    pub(crate) fn start_check(&mut self, header: &HeaderBytes, check_for: CheckFor) -> Result<Ticket, Refusal> {
        let ticket = self.lane.start(&mut self.tickets);
        self.prepare_check(header, check_for);
        let started = self.start_signature();
        self.end_on_error(started).map(|()| ticket)
    }

    #[inline(never)] // Keeps its temporaries off the stack of what follows.
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
        match check_for {
            CheckFor::Rollback => {
                self.start_verification(&header, checked);
                Ok(Step::Busy)
            }
            CheckFor::Transfer { force } => {
                trust(self.board, &info, self.journal.record()).check_epoch_step(checked.header())?;
                self.start_transfer(&header, checked, force)
            }
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
        let is_settled = record.trial.is_none() && self.journal.is_settled(&mut self.flash);
        if rejected && !force {
            return Err(Refusal::Rejected);
        }
        // Read once: a torn header may read differently a moment later.
        let start = self.board.slot(self.target()).start;
        let present = read_header(&mut self.flash, start).ok();
        self.suspects.judge(&present, header);
        self.operation = Operation::Receiving {
            transfer: Transfer::new(header, checked, present, self.board),
            is_settled,
            input: InputMode::Plain,
        };
        Ok(Step::Receiving)
    }

    pub(crate) fn info(&mut self) -> Result<BootloaderInfo, Refusal> {
        BootloaderInfo::read(&mut self.flash, self.board).ok_or(Refusal::NoBootloader)
    }
}

fn trust<'a>(board: &'a Board, info: &'a BootloaderInfo, record: &'a Record) -> Trust<'a> {
    Trust { board, info, record }
}

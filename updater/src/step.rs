//! [`Updater::step`]: carries the operation under way on, one flash operation at a time.

use crate::operation::{Change, CheckFor, InputMode, Operation, Step};
use crate::transfer::{Transfer, is_erased, read_header};
use crate::updater::{Updater, is_trial};
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::image::{Checked, HeaderBytes, HeaderCheck, Trust};
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Record, Trial};
use lifeboot_core::verify::Check;
use lifeboot_wire::Refusal;

impl<F: NorFlash> Updater<F> {
    /// Advances the operation: does at most one flash operation (an erase or a write), or hashes one block, or does a
    /// part of a signature's check.
    ///
    /// # Errors
    /// What is wrong with the image or the flash. The operation has then ended.
    pub fn step(&mut self) -> Result<Step, Refusal> {
        // Two functions, so that the stack of one does not add to the other's: a signature's check needs the most.
        let step = match self.operation {
            Operation::Checking(..) => self.step_check(),
            _ => self.step_operation(),
        };
        // A transfer that has begun continues; any other operation that is done or has failed is over.
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
                    // Read back at the next step: if the flash did not keep it, that reports `NotErased`.
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
                    // Only now: no boot can return to an image that these effects exclude.
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
        // Read once: a torn header may read differently a moment later.
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

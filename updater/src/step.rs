//! What a step is: carries the operation under way on, one flash operation at a time. It decides; `due.rs` says what that means in
//! flash, and a driver does it.

use crate::operation::{Change, CheckFor, InputMode, Operation, Step};
use crate::ticket::Ticket;
use crate::transfer::{Transfer, is_erased, read_header};
use crate::updater::Updater;
use crate::work::{Plan, State, Work};
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::image::{Checked, HeaderBytes, HeaderCheck, Trust};
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::journal::{Effort, Journal};
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Ending, Record, Trial};
use lifeboot_core::verify::Check;
use lifeboot_wire::Refusal;

/// Whose step it was, and what it did.
pub(crate) enum Turn {
    Operation(Result<Step, Refusal>),
    Confirm(Result<Step, Refusal>),
}

impl<F: ReadNorFlash> Updater<F> {
    /// Returns what the step was, by whose turn it was.
    pub(crate) fn step_of(&self, turn: Turn) -> Result<Step, Refusal> {
        match turn {
            // The confirm's turn is next.
            Turn::Operation(Ok(Step::Idle)) if self.confirm.under_way().is_some() => Ok(Step::Busy),
            Turn::Operation(step) | Turn::Confirm(step) => step,
        }
    }

    /// Ends what a dropped future has begun in flash, since nobody knows how that went.
    pub(crate) fn end_dropped(&mut self) -> Option<Turn> {
        let begun = self.begun.take()?;
        // It may have been a record, and whole: what is known of the journal is what a reset would find.
        self.journal = Journal::open(&mut self.flash, self.board);
        self.confirmed_last = self.confirm.under_way() == Some(begun);
        let is_under_way = self.lane.ticket() == Some(begun) && !matches!(self.operation, Operation::Idle);
        (self.confirmed_last || is_under_way).then(|| self.end_turn(Err(Refusal::Flash)))
    }

    /// Begins a turn: decides whose it is, and makes it if flash is only read in it; else a driver makes the rest, by
    /// [`plan_turn`](Self::plan_turn). Operation and confirm take turns, so that neither waits for the other, not even if one is
    /// requested, or fails, again and again.
    pub(crate) fn begin_turn(&mut self) -> Option<Turn> {
        if let Some(turn) = self.end_dropped() {
            return Some(turn);
        }
        self.confirmed_last = self.confirm.under_way().is_some() && !self.confirmed_last;
        if self.confirmed_last || !matches!(self.operation, Operation::Checking(..)) {
            return None;
        }
        // Apart from all that needs flash, so that the stack of one does not add to the other's: a signature's check needs
        // the most.
        let step = self.step_check();
        Some(self.end_turn(step))
    }

    /// Decides what is next in the turn that was begun.
    #[inline(never)]
    pub(crate) fn plan_turn(&mut self) -> Result<Plan, Refusal> {
        if self.confirmed_last { self.plan_confirm() } else { self.plan_operation() }
    }

    /// Notes what the turn has come to.
    pub(crate) fn end_turn(&mut self, step: Result<Step, Refusal>) -> Turn {
        if self.confirmed_last {
            self.end_confirm(step);
            return Turn::Confirm(step);
        }
        match step {
            Ok(Step::Idle | Step::Busy) => {}
            // A transfer that has begun continues; any other operation that is done or has failed is over.
            Ok(Step::Receiving) => self.lane.end(step),
            _ => self.end_operation(step),
        }
        Turn::Operation(step)
    }

    fn plan_operation(&mut self) -> Result<Plan, Refusal> {
        let target = self.target();
        let Updater { flash, board, journal, operation, .. } = self;
        let work = match operation {
            Operation::Idle | Operation::Checking(..) => return Ok(Plan::Done(Step::Idle)),
            // What is erased from now on is lost by any reading of the journal.
            Operation::Receiving { is_settled: is_settled @ false, .. } => match journal.record().trial {
                None if journal.is_settled(flash) => {
                    *is_settled = true;
                    return Ok(Plan::Done(Step::Busy));
                }
                None => Work::Record(State::Same, Effort::Unbounded, Step::Busy),
                Some(Trial { slot, .. }) => Work::Record(State::Replaced(slot), Effort::Unbounded, Step::Busy),
            },
            Operation::Receiving { transfer, .. } => match transfer.due(board, flash)? {
                Some(due) => Work::Transfer(due),
                None => return Ok(Plan::Done(Step::Idle)),
            },
            Operation::Verifying(header, check, change) => {
                if check.step(flash, board)?.is_some() {
                    *operation = Operation::Sealing(*header, *change);
                }
                return Ok(Plan::Done(Step::Busy));
            }
            Operation::Sealing(header, change) => {
                let present = read_header(flash, board.slot(target).start)?;
                if present == *header {
                    *operation = Operation::Recording(*change);
                    return Ok(Plan::Done(Step::Busy));
                }
                if !is_erased(&present) {
                    return Err(Refusal::NotErased);
                }
                // Read back at the next step: if the flash did not keep it, that reports `NotErased`.
                Work::Seal
            }
            Operation::Recording(change) => {
                let step = match change {
                    // Written already, or so it reads: what a cut has torn may read otherwise later.
                    Change::MarkTrial(slot) if journal.record().trial.is_some_and(|trial| trial.slot == *slot) => {
                        return Ok(match journal.is_settled(flash) {
                            true => Plan::Done(Step::Pending),
                            false => Plan::Flash(Work::Record(State::Same, Effort::Unbounded, Step::Busy)),
                        });
                    }
                    Change::MarkTrial(_) => Step::Pending,
                    Change::MarkStaged(_) => Step::Staged,
                    Change::EndTrial(_) if journal.record().trial.is_none() => return Ok(Plan::Done(Step::RolledBack)),
                    Change::EndTrial(outcome) if outcome.ending == Ending::Cancelled => Step::Cancelled,
                    Change::EndTrial(_) => Step::RolledBack,
                };
                Work::Record(State::Changed, Effort::Unbounded, step)
            }
        };
        Ok(Plan::Flash(work))
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
            CheckFor::Activation { force } => {
                self.check_wanted(&info, &checked, force)?;
                self.start_verification(&header, checked);
                Ok(Step::Busy)
            }
            CheckFor::Transfer { force } => {
                self.check_wanted(&info, &checked, force)?;
                self.start_transfer(&header, checked)
            }
        }
    }

    /// Checks what is asked of an image that somebody wants to be tried, beside a header that is right.
    fn check_wanted(&self, info: &BootloaderInfo, checked: &Checked, force: bool) -> Result<(), Refusal> {
        let record = self.journal.record();
        trust(self.board, info, record).check_epoch_step(checked.header())?;
        if record.outcomes.have_rejected(&checked.header().digest) && !force {
            return Err(Refusal::Rejected);
        }
        Ok(())
    }

    #[inline(never)]
    fn start_verification(&mut self, header: &HeaderBytes, checked: Checked) {
        let change = Change::MarkTrial(checked.slot());
        self.operation = Operation::Verifying(*header, Check::new(checked, self.board), change);
    }

    #[inline(never)]
    fn start_transfer(&mut self, header: &HeaderBytes, checked: Checked) -> Result<Step, Refusal> {
        let record = self.journal.record();
        let is_settled = record.trial.is_none() && self.journal.is_settled(&mut self.flash);
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

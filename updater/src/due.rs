//! Which flash operations a step's work takes: [`Updater::next_operation`] says which is due, a driver does it and says how it went.
//! The drivers, `blocking.rs` and `asynchronous.rs`, decide nothing, so both do the same operations in the same order.

use crate::operation::{Change, Operation, Step};
use crate::transfer::Due;
use crate::updater::Updater;
use crate::work::{Bench, Next, State, Work};
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::boot::outcome;
use lifeboot_core::journal::{Effort, Writing};
use lifeboot_core::operation::FlashOperation;
use lifeboot_core::record::{Ending, Record, Reset, Trial};
use lifeboot_wire::Refusal;

impl<F: ReadNorFlash> Updater<F> {
    /// Returns what is next. `done` says how the operation went that was returned last; `None` at first, with a bench that is
    /// [clear](Bench::CLEAR).
    pub(crate) fn next_operation(&mut self, work: &mut Work, bench: &mut Bench, done: Option<bool>) -> Next {
        match self.try_next(work, bench, done) {
            Ok(Some(operation)) => Next::Do(operation),
            Ok(None) => Next::End(Ok(if let Work::Record(_, _, step) = work { *step } else { Step::Busy })),
            Err(refusal) => Next::End(Err(refusal)),
        }
    }

    fn try_next(
        &mut self,
        work: &mut Work,
        bench: &mut Bench,
        done: Option<bool>,
    ) -> Result<Option<FlashOperation>, Refusal> {
        if let Work::Record(state, effort, _) = *work {
            if done.is_none() {
                if let Some(unit) = self.journal.due_erase(&mut self.flash, effort) {
                    *work = Work::Prepare(unit);
                    return Ok(Some(FlashOperation::Erase(unit)));
                }
                bench.record = self.start_record(state, effort)?;
            }
            let Some((record, writing)) = &mut bench.record else { return Ok(None) };
            let due = self.journal.next(writing, record, &mut self.flash, &mut bench.block, done == Some(true));
            return if due.is_some() { Ok(due) } else { Ok(writing.end().map(|()| None)?) };
        }
        if done == Some(false) {
            return Err(Refusal::Flash);
        }
        let Updater { board, journal, running, operation, suspects, .. } = self;
        let is_done = done.is_some();
        Ok(match (*work, &mut *operation) {
            (Work::Transfer(Due::Erase(unit)), Operation::Receiving { transfer, .. }) => {
                if is_done {
                    transfer.note_erased(unit, suspects, board);
                }
                (!is_done).then(|| FlashOperation::Erase(transfer.region(unit, board)))
            }
            (Work::Transfer(Due::Write), Operation::Receiving { transfer, .. }) => {
                if is_done {
                    transfer.note_written();
                }
                (!is_done).then(|| transfer.next_write(board, &mut bench.block))
            }
            (Work::Seal, Operation::Sealing(header, _)) => {
                bench.block.put(header);
                let write = FlashOperation::Write { start: board.slot(running.other()).start, length: header.len() };
                (!is_done).then_some(write)
            }
            (Work::Prepare(unit), _) => {
                journal.note_erased(unit);
                None
            }
            _ => None,
        })
    }

    /// Starts to write the boot state; `None` if that is to be done by a bounded caller, and is the state already.
    #[inline(never)]
    fn start_record(&mut self, state: State, effort: Effort) -> Result<Option<(Record, Writing)>, Refusal> {
        let is_newer = self.journal.read_newer(&mut self.flash);
        let record = self.changed(state)?;
        if effort == Effort::Bounded && !matches!(state, State::Same) {
            // A caller that acts on a misread state would undo what it did not see.
            if is_newer {
                return Err(Refusal::Flash);
            }
            if record == *self.journal.record() {
                return Ok(None);
            }
        }
        Ok(Some((record, self.journal.start(&mut self.flash, effort)?)))
    }

    fn changed(&mut self, state: State) -> Result<Record, Refusal> {
        let record = *self.journal.record();
        let Updater { flash, board, running, operation, .. } = self;
        Ok(match state {
            State::Same => record,
            State::Replaced(slot) => record.ended(&outcome(flash, board, slot, Ending::Cancelled, Reset::default())),
            State::Changed => match operation {
                Operation::Recording(Change::MarkTrial(slot)) => Record { trial: Some(Trial::new(*slot)), ..record },
                Operation::Recording(Change::MarkStaged(slot)) => {
                    record.staged(&outcome(flash, board, *slot, Ending::Staged, Reset::default()))
                }
                Operation::Recording(Change::EndTrial(outcome)) => record.ended(outcome),
                _ => record,
            },
            State::Confirmed => {
                let outcome = outcome(flash, board, *running, Ending::Confirmed, Reset::default());
                Record { confirmed: *running, lost: false, ..record.ended(&outcome) }
            }
            State::Effects => self.confirmed()?,
            State::Schema(schema) => Record { schema, ..record },
        })
    }
}

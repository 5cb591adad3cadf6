//! The confirm: beside the operation, not one of them, so that neither can take the other's place.
//!
//! The application confirms when it finds itself healthy, and may do so in every turn of its loop; a host does so on
//! request. Meanwhile an operation may be under way. The rule where the two exclude each other: a rollback of
//! the running firmware wins, whether it is under way or was recorded in this boot. The one that requested it, a host or
//! the application, knows something that the self-test does not.

use crate::operation::{Change, Operation, Step};
use crate::ticket::Ticket;
use crate::transfer::read_header;
use crate::updater::Updater;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::boot::{ConfirmEffects, outcome};
use lifeboot_core::image::Header;
use lifeboot_core::journal::Effort;
use lifeboot_core::record::{Ending, Record, Reset};
use lifeboot_wire::Refusal;

impl<F: NorFlash> Updater<F> {
    /// Confirms that the running firmware is healthy: its slot is the default from now on. May be repeated, and leaves
    /// an operation that is under way alone.
    ///
    /// Writes the boot state until no interruption so far can change what later boots read: up to four boot records,
    /// in one call; [`request_confirm`](Self::request_confirm) does so in steps. There is nothing to do if that was done
    /// before.
    ///
    /// # Errors
    /// [`Refusal::Flash`] if the journal does not take the records: a trial then goes on, and confirmed firmware remains
    /// the default. Never treat it as fatal: firmware that is confirmed runs without them, and so does firmware that was
    /// started because nothing else could be. For these, writes that fail at each start are given up; for the latter only if
    /// [`set_boot_words`](Self::set_boot_words) was called.
    /// [`Refusal::RollbackRequested`] if a rollback of the running firmware is under way or was recorded in this boot:
    /// reset the chip, or leave that to the host.
    pub fn confirm(&mut self) -> Result<(), Refusal> {
        if self.request_confirm()?.is_some() {
            while self.confirm_in_turn()? == Step::Busy {}
        }
        Ok(())
    }

    /// Starts to [`confirm`](Self::confirm). [`step`](Self::step) does it, and returns [`Step::Confirmed`] when it is
    /// durable. Returns its ticket, that of the confirm under way if there is one, or `None` if there is nothing to do.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm).
    pub fn request_confirm(&mut self) -> Result<Option<Ticket>, Refusal> {
        if self.is_rolled_back() {
            return Err(Refusal::RollbackRequested);
        }
        if let Some(ticket) = self.confirm.under_way() {
            return Ok(Some(ticket));
        }
        let is_due = self.confirmed()? != *self.journal.record() || !self.journal.is_settled(&mut self.flash);
        if (is_due || self.is_trial()) && !self.is_counted() && self.journal.is_given_up(&mut self.flash) {
            return Err(Refusal::Flash);
        }
        Ok((is_due || self.is_trial()).then(|| self.confirm.start(&mut self.tickets)))
    }

    /// Does the next step of the confirm that was requested, and notes its end.
    pub(crate) fn confirm_in_turn(&mut self) -> Result<Step, Refusal> {
        let step = self.step_confirm();
        if step != Ok(Step::Busy) {
            self.confirm.end(step);
        }
        step
    }

    /// What to write is decided here, from the state as it is now: since the request, a rollback may have been started.
    #[inline(never)] // Keeps its locals off the stack of a signature's check.
    fn step_confirm(&mut self) -> Result<Step, Refusal> {
        if self.is_rolled_back() {
            return Err(Refusal::RollbackRequested);
        }
        let after = self.confirmed()?;
        let (is_trial, is_counted) = (self.is_trial(), self.is_counted());
        let Updater { flash, board, journal, running, .. } = self;
        if is_trial {
            // A trial has a bounded number of attempts, so this is tried in any case.
            let effort = if is_counted { Effort::Unbounded } else { Effort::Bounded };
            if !journal.prepare(flash, effort)? {
                let outcome = outcome(flash, board, *running, Ending::Confirmed, Reset::default());
                let confirm = |record: &Record| Record { confirmed: *running, lost: false, ..record.ended(&outcome) };
                match effort {
                    Effort::Unbounded => journal.change(flash, |record| *record = confirm(record))?,
                    Effort::Bounded => journal.append(flash, &confirm(journal.record()))?,
                }
            }
            return Ok(Step::Busy);
        }
        // Only now, in a record of their own: no boot can return to an image that these effects exclude.
        if after != *journal.record() {
            if !journal.prepare(flash, Effort::Bounded)? {
                journal.append(flash, &after)?;
            }
            return Ok(Step::Busy);
        }
        Ok(if journal.settle(flash, Effort::Bounded)? { Step::Busy } else { Step::Confirmed })
    }

    /// Returns the boot state with the effects of the running image's confirm.
    fn confirmed(&mut self) -> Result<Record, Refusal> {
        let header = Header::parse(&read_header(&mut self.flash, self.board.slot(self.running).start)?)?;
        let effects = ConfirmEffects { epoch: header.epoch, revoked: header.revokes };
        // If the bootloader's keys cannot be read here, the bootloader applies the revocation itself, at its next boot.
        let info = self.info().ok();
        Ok(effects.after(self.journal.record(), info.as_ref()))
    }

    /// Whether a rollback of the running firmware is under way, or was recorded since this updater was made: the next boot starts
    /// the other slot, if that can be started.
    pub(crate) fn is_rolled_back(&self) -> bool {
        if let Operation::Recording(Change::EndTrial(outcome)) = &self.operation {
            return outcome.slot == self.running;
        }
        let record = self.journal.record();
        !record.is_confirmed(self.running)
            && match record.trial {
                Some(trial) => trial.slot != self.running,
                None if self.rolled_back_before => false,
                None => record
                    .outcomes
                    .last()
                    .is_some_and(|outcome| outcome.ending == Ending::Requested && outcome.slot == self.running),
            }
    }
}

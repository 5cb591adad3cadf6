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
use crate::work::{Plan, State, Work};
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::boot::ConfirmEffects;
use lifeboot_core::image::Header;
use lifeboot_core::journal::Effort;
use lifeboot_core::record::{Ending, Record};
use lifeboot_wire::Refusal;

impl<F: ReadNorFlash> Updater<F> {
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

    /// Notes how the step of the confirm has ended.
    pub(crate) fn end_confirm(&mut self, step: Result<Step, Refusal>) {
        if step != Ok(Step::Busy) {
            self.confirm.end(step);
        }
    }

    /// What to write is decided here, from the state as it is now: since the request, a rollback may have been started.
    pub(crate) fn plan_confirm(&mut self) -> Result<Plan, Refusal> {
        if self.is_rolled_back() {
            return Err(Refusal::RollbackRequested);
        }
        if self.is_trial() {
            // A trial has a bounded number of attempts, so this is tried in any case.
            let effort = if self.is_counted() { Effort::Unbounded } else { Effort::Bounded };
            return Ok(Plan::Flash(Work::Record(State::Confirmed, effort, Step::Busy)));
        }
        // Only now, in a record of their own: no boot can return to an image that these effects exclude.
        if self.confirmed()? != *self.journal.record() {
            return Ok(Plan::Flash(Work::Record(State::Effects, Effort::Bounded, Step::Busy)));
        }
        Ok(self.settle().map_or(Plan::Done(Step::Confirmed), Plan::Flash))
    }

    /// Returns the boot state with the effects of the running image's confirm.
    pub(crate) fn confirmed(&mut self) -> Result<Record, Refusal> {
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

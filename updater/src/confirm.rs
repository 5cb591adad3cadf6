//! The confirm: beside the operation, not one of them, so that neither can take the other's place.
//!
//! The application confirms when it finds itself healthy, and may do so in every turn of its loop; a host does so on
//! request. Meanwhile an operation may be under way. The rule where the two exclude each other: a rollback of
//! the running firmware wins, whether it is under way or was recorded in this boot. The one that requested it, a host or
//! the application, knows something that the self-test does not.

use crate::operation::{Change, Operation, Step};
use crate::ticket::Ticket;
use crate::transfer::read_header;
use crate::updater::{Updater, is_trial};
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::boot::{ConfirmEffects, outcome};
use lifeboot_core::image::Header;
use lifeboot_core::record::{Ending, Record, Reset};
use lifeboot_wire::Refusal;

impl<F: NorFlash> Updater<F> {
    /// Confirms that the running firmware is healthy: its slot is the default from now on. May be repeated, and leaves
    /// an operation that is under way alone.
    ///
    /// Writes at most two boot records and erases at most one journal unit, in one call;
    /// [`request_confirm`](Self::request_confirm) does so in steps.
    ///
    /// # Errors
    /// [`Refusal::Flash`] if the journal does not take the record; the trial then goes on.
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
        let due = self.confirm_effects()?.pending(self.journal.record()) || self.is_trial();
        Ok(due.then(|| self.confirm.start(&mut self.tickets)))
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
        let effects = self.confirm_effects()?;
        let Updater { flash, board, journal, running, .. } = self;
        if journal.prepare(flash)? {
            return Ok(Step::Busy);
        }
        let mut record = *journal.record();
        if is_trial(*running, &record) {
            let outcome = outcome(flash, board, *running, Ending::Confirmed, Reset::default());
            record = Record { confirmed: *running, ..record.ended(&outcome) };
            journal.append(flash, record)?;
            return Ok(if effects.pending(&record) { Step::Busy } else { Step::Confirmed });
        }
        // Only now, in a record of their own: no boot can return to an image that these effects exclude.
        effects.apply(&mut record);
        journal.append(flash, record)?;
        Ok(Step::Confirmed)
    }

    /// Returns what the confirm of the running image ends irreversibly.
    fn confirm_effects(&mut self) -> Result<ConfirmEffects, Refusal> {
        let header = Header::parse(&read_header(&mut self.flash, self.board.slot(self.running).start)?)?;
        // If the bootloader's keys cannot be read here, the bootloader applies the revocation itself, at its next boot.
        let revoked = self.info().map_or(0, |info| header.revoked_keys(&info));
        Ok(ConfirmEffects { epoch: header.epoch, revoked })
    }

    /// Whether a rollback of the running firmware is under way, or was recorded: the next boot starts the other slot.
    pub(crate) fn is_rolled_back(&self) -> bool {
        if let Operation::Recording(Change::EndTrial(outcome)) = &self.operation {
            return outcome.slot == self.running;
        }
        let record = self.journal.record();
        record.confirmed != self.running
            && match record.trial {
                Some(trial) => trial.slot != self.running,
                None => record
                    .outcomes
                    .last()
                    .is_some_and(|outcome| outcome.ending == Ending::Requested && outcome.slot == self.running),
            }
    }
}

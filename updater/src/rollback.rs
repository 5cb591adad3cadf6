//! What ends a trial other than a confirm: a rollback, which rejects the image, and a cancel of one that was never
//! started, which does not.

use crate::operation::{Change, CheckFor, Operation};
use crate::ticket::Ticket;
use crate::transfer::read_header;
use crate::updater::Updater;
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::boot::outcome;
use lifeboot_core::image::Header;
use lifeboot_core::layout::Slot;
use lifeboot_core::record::{Ending, Outcome, Reset, Trial};
use lifeboot_wire::Refusal;

impl<F: ReadNorFlash> Updater<F> {
    /// Starts a rollback: ends the trial if there is one, else puts the image in the other slot, usually the previous
    /// firmware, on trial. [`step`](Self::step) does it; reset the chip when that returns [`Step::RolledBack`](crate::Step::RolledBack) or
    /// [`Step::Pending`](crate::Step::Pending).
    ///
    /// A rejected image in the other slot is not the previous firmware, which it has replaced. It is refused, and only
    /// a transfer with `force` tries it again. Nor is one that was cancelled or staged, which a transfer tries, or
    /// [`request_activate`](Self::request_activate).
    ///
    /// A rollback of the running trial wins over a confirm that is not durable yet. It is started once: another call
    /// returns the ticket of the one under way.
    ///
    /// # Errors
    /// What is wrong with the image in the other slot, if that would be started; [`Refusal::Rejected`],
    /// [`Refusal::Cancelled`], [`Refusal::Staged`].
    pub fn request_rollback(&mut self) -> Result<Ticket, Refusal> {
        if let Operation::Recording(Change::EndTrial(Outcome { ending: Ending::Requested, .. })) = &self.operation
            && let Some(ticket) = self.lane.under_way()
        {
            return Ok(ticket);
        }
        match self.journal.record().trial {
            Some(trial) => return Ok(self.end_trial(trial.slot, Ending::Requested)),
            // Recorded already, and reported once more.
            None if self.is_rolled_back() => return Ok(self.end_trial(self.running, Ending::Requested)),
            None => {}
        }
        let start = self.board.slot(self.target()).start;
        let header = read_header(&mut self.flash, start)?;
        // Checked now, as for a revoked key, instead of after the seconds that a signature takes.
        let record = self.journal.record();
        let Header { epoch, digest, .. } = Header::parse(&header)?;
        if epoch < record.epoch_floor {
            return Err(Refusal::Epoch);
        }
        if record.outcomes.have_rejected(&digest) {
            return Err(Refusal::Rejected);
        }
        match record.outcomes.last().filter(|last| digest.starts_with(&last.digest)).map(|last| last.ending) {
            Some(Ending::Cancelled) => return Err(Refusal::Cancelled),
            Some(Ending::Staged) => return Err(Refusal::Staged),
            _ => {}
        }
        self.start_check(&header, CheckFor::Rollback)
    }

    /// Starts to cancel the pending image: it is not tried, and it is not rejected either, so it may be pushed again
    /// like any other. [`step`](Self::step) does it, and returns [`Step::Cancelled`](crate::Step::Cancelled) when it is durable.
    ///
    /// # Errors
    /// [`Refusal::NothingPending`]; [`Refusal::AlreadyStarted`] if it has used an attempt: what has run is confirmed or
    /// rolled back.
    pub fn request_cancel(&mut self) -> Result<Ticket, Refusal> {
        let trial = self.journal.record().trial.ok_or(Refusal::NothingPending)?;
        if trial != Trial::new(trial.slot) || trial.slot == self.running {
            return Err(Refusal::AlreadyStarted);
        }
        Ok(self.end_trial(trial.slot, Ending::Cancelled))
    }

    /// Starts to end the trial of the image in this slot.
    #[inline(never)] // As for `prepare_check`.
    fn end_trial(&mut self, slot: Slot, ending: Ending) -> Ticket {
        let outcome = outcome(&mut self.flash, self.board, slot, ending, Reset::default());
        self.operation = Operation::Recording(Change::EndTrial(outcome));
        self.lane.start(&mut self.tickets)
    }
}

//! How a transfer ends once all bytes were fed: what was written is verified by reading it back, the header is written, and the
//! image is pending or staged.

use crate::operation::{Change, InputMode, Operation};
use crate::ticket::Ticket;
use crate::updater::Updater;
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::verify::Check;
use lifeboot_wire::Refusal;

impl<F: ReadNorFlash> Updater<F> {
    /// Starts the end of a transfer after all bytes were fed: verifies what was written by reading it back, continuing
    /// from where [`verify_ahead`](Self::verify_ahead) has stopped. [`step`](Self::step) does it, writes the header and
    /// marks the slot trial; reset the chip when that returns [`Step::Pending`](crate::Step::Pending).
    ///
    /// # Errors
    /// [`Refusal::Incomplete`] if bytes are missing; the transfer goes on. Otherwise as for [`next_in`](Self::next_in).
    pub fn finish(&mut self, transfer: Ticket) -> Result<Ticket, Refusal> {
        self.start_finish(transfer, Change::MarkTrial(self.target()))
    }

    /// As [`finish`](Self::finish), but leaves the image staged: [`step`](Self::step) returns
    /// [`Step::Staged`](crate::Step::Staged) when it is verified and whole in its slot, and no reset starts it before
    /// [`request_activate`](Self::request_activate) has made it pending. The one exception is the bootloader's last resort: if
    /// the confirmed image cannot be started, any other one that verifies is, as after a cancel.
    ///
    /// The outcome of the update is then that it is staged, until another update ends. A transfer into the slot replaces it.
    ///
    /// # Errors
    /// As for [`finish`](Self::finish).
    pub fn stage(&mut self, transfer: Ticket) -> Result<Ticket, Refusal> {
        self.start_finish(transfer, Change::MarkStaged(self.target()))
    }

    #[inline(never)] // As for `verify_ahead`.
    fn start_finish(&mut self, transfer: Ticket, change: Change) -> Result<Ticket, Refusal> {
        self.owned(transfer)?;
        let Operation::Receiving { transfer, input, .. } = &self.operation else { return Err(Refusal::NoTransfer) };
        if !transfer.is_complete() {
            return Err(Refusal::Incomplete);
        }
        let check = match input {
            InputMode::VerifiedAhead(check) => check.clone(),
            _ => Check::new(transfer.checked(), self.board),
        };
        self.operation = Operation::Verifying(*transfer.header(), check, change);
        Ok(self.lane.start(&mut self.tickets))
    }

    /// Reads back and hashes one block of what was written, so that less is left to do after [`finish`](Self::finish).
    /// To be called while there is nothing else to do. Returns whether there was a block; there is none if the image
    /// comes as a patch. Flash that goes bad after this check is detected by the bootloader.
    ///
    /// # Errors
    /// What is wrong with the image or the flash; the transfer has then ended.
    #[inline(never)] // Keeps its locals off the stack of everything else.
    pub fn verify_ahead(&mut self) -> Result<bool, Refusal> {
        let Operation::Receiving { transfer, input, .. } = &mut self.operation else { return Ok(false) };
        if let InputMode::Plain = input {
            *input = InputMode::VerifiedAhead(Check::new(transfer.checked(), self.board));
        }
        match input {
            InputMode::VerifiedAhead(check) if check.is_before(transfer.written()) => {
                let stepped = check.step(&mut self.flash, self.board);
                self.end_on_error(stepped.map_err(Refusal::from))?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

//! Transfers whose bytes come as a patch.

use crate::operation::{InputMode, Operation};
use crate::patching::Patching;
use crate::ticket::Ticket;
use crate::transfer::read_header;
use crate::updater::Updater;
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::image::Header;
use lifeboot_wire::patch::FORMAT;
use lifeboot_wire::{IMAGE_NAME, Refusal};

impl<F: ReadNorFlash> Updater<F> {
    /// Makes the transfer expect a [`patch`](lifeboot_wire::patch) of the running image, by
    /// [`feed_patch`](Self::feed_patch). `from` is the first 16 bytes of the digest of the image that the patch was
    /// made from. Changes nothing if there already is a patch.
    ///
    /// # Errors
    /// [`Refusal::OtherImage`] if that image does not run; [`Refusal::Command`] if the format is not known, or bytes
    /// were received already. In these cases the transfer goes on. Otherwise as for [`next_in`](Self::next_in).
    #[inline(never)] // Keeps its locals off the stack of everything else.
    pub fn begin_patch(&mut self, transfer: Ticket, format: u8, from: &[u8]) -> Result<(), Refusal> {
        self.owned(transfer)?;
        let running = self.running;
        let Updater { flash, board, operation, .. } = self;
        let Operation::Receiving { transfer, input, .. } = operation else { return Err(Refusal::NoTransfer) };
        if format != FORMAT || from.len() != IMAGE_NAME {
            return Err(Refusal::Command);
        }
        let header = Header::parse(&read_header(flash, board.slot(running).start)?)?;
        if !header.digest.starts_with(from) {
            return Err(Refusal::OtherImage);
        }
        // A repeated request must not start over.
        if let InputMode::Patch(_) = input {
            return Ok(());
        }
        if !transfer.is_fresh() {
            return Err(Refusal::Command);
        }
        *input = InputMode::Patch(Patching::new(&header, running, board)?);
        Ok(())
    }

    /// Returns the next offset in the patch that needs bytes; `None` if there is no patch.
    pub fn next_in_patch(&self) -> Option<u32> {
        match &self.operation {
            Operation::Receiving { input: InputMode::Patch(patch), .. } => Some(patch.next()),
            _ => None,
        }
    }

    /// Takes bytes of the patch at `offset`, as far as they continue what was taken. Returns whether it must be called
    /// again with the same bytes, after the next [`step`](Self::step). Once it returns false, all bytes were used.
    ///
    /// # Errors
    /// What is wrong with the patch or the image: the transfer has then ended. [`Refusal::NoTransfer`] if there is no
    /// patch. Otherwise as for [`next_in`](Self::next_in).
    #[inline(never)]
    pub fn feed_patch(&mut self, transfer: Ticket, offset: u32, bytes: &[u8]) -> Result<bool, Refusal> {
        self.owned(transfer)?;
        let fed = match &mut self.operation {
            Operation::Receiving { transfer, is_settled: true, input: InputMode::Patch(patch) } => {
                // The rest of these bytes; none if they end before the next missing one.
                let before = patch.next().checked_sub(offset).map_or(bytes.len(), |before| before as usize);
                patch.feed(bytes.get(before..).unwrap_or_default(), transfer, &mut self.flash)
            }
            Operation::Receiving { input: InputMode::Patch(_), .. } => return Ok(true),
            _ => return Err(Refusal::NoTransfer),
        };
        self.end_on_error(fed)
    }
}

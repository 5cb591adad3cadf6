//! Expands a patch: the bytes that it produces go into a transfer.

mod old;

use crate::operation::{InputMode, Operation};
use crate::transfer::{Transfer, read_header};
use crate::updater::Updater;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::image::Header;
use lifeboot_core::layout::{Board, Slot};
use lifeboot_wire::patch::{FORMAT, Malformed, PIECE, Patcher};
use lifeboot_wire::{IMAGE_NAME, Refusal};
use old::Old;

/// Maximum number of pieces that are made in one call.
const PIECES: usize = 16;

/// A patch that is being expanded.
pub(crate) struct Patching {
    old: Old,
    patcher: Patcher,
    /// Bytes of the patch that were taken.
    taken: u32,
    /// New bytes that the transfer had no room for.
    piece: [u8; PIECE],
    fed: usize,
    made: usize,
}

impl Patching {
    /// Prepares a patch of the image with this header, which runs from `slot`.
    pub fn new(header: &Header, slot: Slot, board: &Board) -> Result<Self, Malformed> {
        let old = Old::new(header, slot, board)?;
        let patcher = Patcher::new(old.length());
        Ok(Patching { old, patcher, taken: 0, piece: [0; PIECE], fed: 0, made: 0 })
    }

    /// Returns the next offset in the patch that needs bytes.
    pub const fn next(&self) -> u32 {
        self.taken
    }

    /// Takes bytes that belong at [`next`](Self::next), and makes a bounded number of new bytes from them. Returns
    /// whether there is more to do: then do the transfer's flash operation and pass the rest of the bytes again.
    pub fn feed<F: NorFlash>(&mut self, patch: &[u8], transfer: &mut Transfer, flash: &mut F) -> Result<bool, Refusal> {
        let Patching { old, patcher, piece, .. } = self;
        let mut rest = patch;
        let mut walked = false;
        for _ in 0..PIECES {
            if self.fed < self.made {
                let taken = transfer.feed(piece.get(self.fed..self.made).unwrap_or_default(), flash)?;
                self.fed += taken;
                if self.fed < self.made {
                    // The image is complete, and the patch makes more bytes than it has.
                    return if transfer.is_complete() { Err(Refusal::Patch) } else { Ok(true) };
                }
            }
            // At most one walk through the table in each call.
            if walked {
                return Ok(true);
            }
            let made = patcher.make(piece, |position, piece| {
                let (read, long) = old.read(position, piece, flash)?;
                walked = long;
                Ok::<_, Refusal>(read)
            });
            match made? {
                Some(made) => (self.fed, self.made) = (0, made),
                None if rest.is_empty() => return Ok(false),
                None => {
                    let taken = patcher.take(rest);
                    if taken == 0 {
                        return Err(Refusal::Patch);
                    }
                    self.taken += taken as u32;
                    rest = rest.get(taken..).unwrap_or_default();
                }
            }
        }
        Ok(true)
    }
}

impl<F: NorFlash> Updater<F> {
    /// Makes the transfer expect a [`patch`](lifeboot_wire::patch) of the running image, by
    /// [`feed_patch`](Self::feed_patch). `from` is the first 16 bytes of the digest of the image that the patch was
    /// made from. Changes nothing if there already is a patch.
    ///
    /// # Errors
    /// [`Refusal::OtherImage`] if that image does not run; [`Refusal::Command`] if the format is not known, or bytes
    /// were received already. In these cases the transfer goes on. [`Refusal::NoTransfer`].
    #[inline(never)] // Keeps its locals off the stack of everything else.
    pub fn begin_patch(&mut self, format: u8, from: &[u8]) -> Result<(), Refusal> {
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
    /// patch.
    #[inline(never)]
    pub fn feed_patch(&mut self, offset: u32, bytes: &[u8]) -> Result<bool, Refusal> {
        let fed = match &mut self.operation {
            Operation::Receiving { transfer, end_trial: false, input: InputMode::Patch(patch) } => {
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

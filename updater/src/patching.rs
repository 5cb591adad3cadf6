//! A patch under way: what it makes goes into a transfer.

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

/// Pieces that are made in one go, at most.
const PIECES: usize = 16;

/// A patch under way.
pub(crate) struct Patching {
    old: Old,
    patcher: Patcher,
    /// Bytes of the patch that were taken.
    taken: u32,
    /// What was made, and the transfer had no room for.
    piece: [u8; PIECE],
    fed: usize,
    made: usize,
}

impl Patching {
    /// A patch of the image with this header, which runs from `slot`.
    pub fn new(header: &Header, slot: Slot, board: &Board) -> Result<Self, Malformed> {
        let old = Old::new(header, slot, board)?;
        let patcher = Patcher::new(old.length());
        Ok(Patching { old, patcher, taken: 0, piece: [0; PIECE], fed: 0, made: 0 })
    }

    /// The next offset in the patch that needs bytes.
    pub const fn next(&self) -> u32 {
        self.taken
    }

    /// Takes bytes that belong at [`next`](Self::next), and makes what can be made of them in one go. Returns whether
    /// there is more to do: then the transfer's flash operation comes first, and what is left of the bytes again.
    pub fn feed<F: NorFlash>(&mut self, patch: &[u8], transfer: &mut Transfer, flash: &mut F) -> Result<bool, Refusal> {
        let Patching { old, patcher, piece, .. } = self;
        let mut rest = patch;
        let mut walked = false;
        for _ in 0..PIECES {
            if self.fed < self.made {
                let taken = transfer.feed(piece.get(self.fed..self.made).unwrap_or_default(), flash)?;
                self.fed += taken;
                if self.fed < self.made {
                    // The image is whole already, and this is more than that.
                    return if transfer.is_complete() { Err(Refusal::Patch) } else { Ok(true) };
                }
            }
            // One walk through the table is enough for once.
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
    /// From now on the transfer's bytes come as a [`patch`](lifeboot_wire::patch) of the image that runs, by
    /// [`feed_patch`](Self::feed_patch). `from` are the first 16 bytes of the digest of the image that it was made from. Changes nothing
    /// where there is a patch already.
    ///
    /// # Errors
    /// [`Refusal::OtherImage`] where that does not run; [`Refusal::Command`] where the format is not known, or something was
    /// received already. The transfer goes on. [`Refusal::NoTransfer`].
    #[inline(never)] // So that what it keeps on the stack is not under everything else.
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
        // A request that was repeated on its way must not start over.
        if let InputMode::Patch(_) = input {
            return Ok(());
        }
        if !transfer.is_fresh() {
            return Err(Refusal::Command);
        }
        *input = InputMode::Patch(Patching::new(&header, running, board)?);
        Ok(())
    }

    /// The next offset in the patch that needs bytes; `None` without a patch.
    pub fn next_in_patch(&self) -> Option<u32> {
        match &self.operation {
            Operation::Receiving { input: InputMode::Patch(patch), .. } => Some(patch.next()),
            _ => None,
        }
    }

    /// Takes bytes of the patch that are at `offset` in it, as far as they follow what was taken. Returns whether it has to
    /// be called again for the same bytes, after the next [`step`](Self::step); only then was all made of them.
    ///
    /// # Errors
    /// What is wrong with the patch or the image: the transfer has ended. [`Refusal::NoTransfer`] where there is no patch.
    #[inline(never)]
    pub fn feed_patch(&mut self, offset: u32, bytes: &[u8]) -> Result<bool, Refusal> {
        let fed = match &mut self.operation {
            Operation::Receiving { transfer, end_trial: false, input: InputMode::Patch(patch) } => {
                // What is left of these bytes; nothing, where they do not reach the next missing one.
                let before = patch.next().checked_sub(offset).map_or(bytes.len(), |before| before as usize);
                patch.feed(bytes.get(before..).unwrap_or_default(), transfer, &mut self.flash)
            }
            Operation::Receiving { input: InputMode::Patch(_), .. } => return Ok(true),
            _ => return Err(Refusal::NoTransfer),
        };
        self.end_on_error(fed)
    }
}

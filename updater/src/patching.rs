//! Expands a patch: the bytes that it produces go into a transfer.

mod old;

use crate::transfer::Transfer;
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::image::Header;
use lifeboot_core::layout::{Board, Slot};
use lifeboot_wire::Refusal;
use lifeboot_wire::patch::{Malformed, PIECE, Patcher};
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
    pub fn feed<F: ReadNorFlash>(
        &mut self,
        patch: &[u8],
        transfer: &mut Transfer,
        flash: &mut F,
    ) -> Result<bool, Refusal> {
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

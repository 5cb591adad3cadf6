//! Receives an image: the relocation table first, then the payload in canonical form, each in order. Writes blocks to
//! flash, those of the payload rebased for their slot.
//!
//! Erases nothing and does not write the header: both are the caller's task.

use crate::image::{Checked, Invalid};
use crate::layout::{BLOCK, Board};
use crate::operation::{Block, FlashOperation};
use crate::rebase::{ENTRY_LENGTH, Rebaser};
use crate::verify::TableReader;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

const BLOCK_LENGTH: usize = BLOCK as usize;

/// Which part of the image is being received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The relocation table.
    Table,
    /// The payload.
    Payload,
}

/// An image that is being received into its slot. All offsets count from the start of the slot.
pub struct Receiver {
    checked: Checked,
    phase: Phase,
    /// The first offset that is not in flash yet; `buffer` starts there.
    written: u32,
    /// Bytes in `buffer`.
    filled: usize,
    /// How many of those bytes are in their final form.
    done: usize,
    table: TableReader,
    rebaser: Rebaser,
    /// A block, and after it the beginning of the next one: an entry may cross the border.
    buffer: [u8; BLOCK_LENGTH + ENTRY_LENGTH],
}

impl Receiver {
    /// Starts to receive the image whose header was `checked` for a slot.
    pub fn new(checked: Checked, board: &Board) -> Self {
        let mut receiver = Receiver {
            table: TableReader::new(&checked, board),
            rebaser: Rebaser::new(checked.distance(board)),
            phase: Phase::Table,
            written: checked.table_offset(),
            checked,
            filled: 0,
            done: 0,
            buffer: [0; _],
        };
        receiver.leave_finished_phase();
        receiver
    }

    /// Returns the image's checked header.
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Returns the part that is being received.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the first offset that is not in flash yet.
    pub const fn written(&self) -> u32 {
        self.written
    }

    /// Returns the next offset that needs bytes; the payload's end when all have been received.
    pub const fn next(&self) -> u32 {
        self.written + self.filled as u32
    }

    /// Returns the offset at which this phase begins.
    pub fn phase_start(&self) -> u32 {
        match self.phase {
            Phase::Table => self.checked.table_offset(),
            Phase::Payload => u32::from(self.checked.header().header_length),
        }
    }

    /// Returns the offset at which this phase ends.
    pub fn phase_end(&self) -> u32 {
        let header = self.checked.header();
        match self.phase {
            Phase::Table => self.phase_start() + header.table_length,
            Phase::Payload => self.phase_start() + header.payload_length,
        }
    }

    /// Whether everything but the header is in flash.
    pub fn is_complete(&self) -> bool {
        self.phase == Phase::Payload && self.next() == self.phase_end() && self.filled == 0
    }

    /// Whether no received bytes wait to be written.
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Takes bytes that belong at [`next`](Self::next), as many as fit; returns how many. If bytes are
    /// [`due`](Self::due) then, they must be [written](Self::write) before the rest is passed.
    ///
    /// # Errors
    /// [`Invalid::Table`] if the relocation table does not decode, or points past the payload.
    pub fn feed<F: ReadNorFlash>(&mut self, bytes: &[u8], flash: &mut F) -> Result<usize, Invalid> {
        let room = (self.buffer.len() - self.filled).min((self.phase_end() - self.next()) as usize);
        let taken = bytes.get(..bytes.len().min(room)).unwrap_or_default();
        if let Some(place) = self.buffer.get_mut(self.filled..self.filled + taken.len()) {
            place.copy_from_slice(taken);
        }
        self.filled += taken.len();
        let pending = self.buffer.get_mut(..self.filled).unwrap_or_default();
        self.done = match self.phase {
            Phase::Table => pending.len(),
            Phase::Payload => {
                let offset = self.written - u32::from(self.checked.header().header_length);
                let Receiver { table, rebaser, .. } = self;
                rebaser.apply(offset, pending, || table.next(flash))?
            }
        };
        let at_end = self.next() == self.phase_end();
        if self.phase == Phase::Payload && at_end && !self.rebaser.is_done() {
            return Err(Invalid::Table);
        }
        Ok(taken.len())
    }

    /// Skips everything before `to`, which the slot already holds in its final form. No received bytes may wait to be
    /// written. Returns whether it could: it cannot if a relocation crosses `to`.
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn pass<F: ReadNorFlash>(&mut self, to: u32, flash: &mut F) -> Result<bool, Invalid> {
        if self.phase == Phase::Payload {
            let (mut table, mut rebaser) = (self.table.clone(), self.rebaser.clone());
            let offset = to - u32::from(self.checked.header().header_length);
            if !rebaser.skip(offset, || table.next(flash))? {
                return Ok(false);
            }
            if to == self.phase_end() && !rebaser.is_done() {
                return Err(Invalid::Table);
            }
            (self.table, self.rebaser) = (table, rebaser);
        }
        self.written = to;
        self.leave_finished_phase();
        Ok(true)
    }

    /// Returns how many bytes can be written now, at [`written`](Self::written): a block, or the rest of a phase; else
    /// 0.
    pub fn due(&self) -> usize {
        if self.done >= BLOCK_LENGTH {
            BLOCK_LENGTH
        } else if self.next() == self.phase_end() {
            self.filled
        } else {
            0
        }
    }

    /// Writes the bytes that are [`due`](Self::due). The flash there must be erased.
    ///
    /// # Errors
    /// [`Invalid::Flash`] if the flash cannot be written.
    pub fn write<F: NorFlash>(&mut self, flash: &mut F, board: &Board) -> Result<(), Invalid> {
        let mut block = Block::ERASED;
        if !self.next_write(board, &mut block).perform(flash, &block) {
            return Err(Invalid::Flash);
        }
        self.note_written();
        Ok(())
    }

    /// Returns the operation that writes the bytes that are [`due`](Self::due), and puts them into `block`, which must be
    /// [`Block::ERASED`]. The flash there must be erased. Once it is done, [`note_written`](Self::note_written) must be called.
    pub fn next_write(&self, board: &Board, block: &mut Block) -> FlashOperation {
        let length = self.due();
        block.put(self.buffer.get(..length).unwrap_or_default());
        FlashOperation::Write { start: board.slot(self.checked.slot()).start + self.written, length }
    }

    /// Notes that the bytes that are [`due`](Self::due) were written.
    pub fn note_written(&mut self) {
        let length = self.due();
        self.buffer.copy_within(length..self.filled, 0);
        self.filled -= length;
        self.done -= length;
        self.written += length as u32;
        self.leave_finished_phase();
    }

    /// Switches to the payload when the table is written.
    fn leave_finished_phase(&mut self) {
        // Decided by what is in flash: the end of the table may still be in the buffer.
        if self.phase == Phase::Table && self.written == self.phase_end() {
            self.phase = Phase::Payload;
            self.written = self.phase_start();
        }
    }
}

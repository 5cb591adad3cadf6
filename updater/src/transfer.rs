//! Receives an image into the target slot: erases, rebases and writes, one flash operation at a time.
//!
//! The bytes come in order, the relocation table first, then the payload; both are written in blocks. An erase unit is
//! erased when its first block is to be written, unless it already was: two units can be needed twice, the slot's first
//! (it also holds the header) and the one that payload and table share.
//!
//! Parts that the slot already holds can be skipped ([`Transfer::skip`]). The verification reads everything, so a wrong
//! skip costs a failed update, never a wrong byte. Only a skip that cannot succeed is refused.
//!
//! Invariants: nothing outside the target slot is touched. The slot's old header is erased first and the new one is not
//! written here, so a partly written slot never has a valid header.

use crate::suspects::SuspectUnits;
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::image::{Checked, HEADER_LENGTH, HeaderBytes};
use lifeboot_core::layout::{BLOCK, Board, Region, Slot};
use lifeboot_core::operation::{Block, FlashOperation};
use lifeboot_core::receive::{Phase, Receiver};
use lifeboot_wire::Refusal;

const BLOCK_LENGTH: usize = BLOCK as usize;

/// An erase unit of a slot. All offsets count from the start of the slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Counted from the slot's first.
    number: u32,
    start: u32,
    end: u32,
}

impl Unit {
    fn at(board: &Board, slot: Slot, offset: u32) -> Self {
        let slot = board.slot(slot);
        // A host's offset may be any number.
        let at = slot.start + offset.min(slot.length - 1);
        let unit = board.unit_at(at);
        Unit {
            number: board.units_between(slot.start, unit.start),
            start: unit.start - slot.start,
            end: unit.end() - slot.start,
        }
    }
}

/// What is due in flash.
#[derive(Clone, Copy)]
pub(crate) enum Due {
    /// This unit is to be erased.
    Erase(Unit),
    /// The bytes that have come are to be written.
    Write,
}

/// A transfer in progress. All offsets count from the start of the slot.
pub(crate) struct Transfer {
    header: HeaderBytes,
    receiver: Receiver,
    /// The erase unit that can be written from the first missing offset on.
    open: Option<u32>,
    /// The slot still has a header, or one that cannot be read: it must be erased before anything else.
    old_header: bool,
    /// The slot's first unit was erased in this transfer.
    erased_first: bool,
    /// The unit that payload and table share was erased in this transfer.
    erased_shared: bool,
}

impl Transfer {
    /// Starts a transfer of the image with this header, which was `checked` for the target slot. `present` is the
    /// content of the header's place, if it can be read.
    pub fn new(header: &HeaderBytes, checked: Checked, present: Option<HeaderBytes>, board: &Board) -> Self {
        Transfer {
            receiver: Receiver::new(checked, board),
            header: *header,
            open: None,
            // Also if it equals the new header: its last word may be torn.
            old_header: !present.is_some_and(|present| is_erased(&present)),
            erased_first: false,
            erased_shared: false,
        }
    }

    /// Whether everything but the header is in flash.
    pub fn is_complete(&self) -> bool {
        self.receiver.is_complete()
    }

    /// Returns the header.
    pub fn header(&self) -> &HeaderBytes {
        &self.header
    }

    /// Returns the proof that the header was checked.
    pub fn checked(&self) -> Checked {
        *self.receiver.checked()
    }

    /// Returns the end of the part of the payload that is final in flash: nothing before it is erased any more.
    pub fn written(&self) -> u32 {
        if self.receiver.phase() == Phase::Payload { self.receiver.written() } else { 0 }
    }

    /// Whether nothing was received or skipped yet.
    #[cfg(feature = "delta")]
    pub fn is_fresh(&self) -> bool {
        let has_table = self.receiver.checked().header().table_length > 0;
        let first = if has_table { Phase::Table } else { Phase::Payload };
        self.receiver.phase() == first && self.next() == self.receiver.phase_start()
    }

    /// Returns the next offset that needs bytes; the payload's end when all have been received.
    pub fn next(&self) -> u32 {
        self.receiver.next()
    }

    /// Takes bytes that belong at [`next`](Self::next), as many as fit; returns how many. Before the rest is passed,
    /// what is [`due`](Self::due) must be done.
    pub fn feed<F: ReadNorFlash>(&mut self, bytes: &[u8], flash: &mut F) -> Result<usize, Refusal> {
        Ok(self.receiver.feed(bytes, flash)?)
    }

    /// Skips everything before `to` if possible; returns whether it skipped anything. The last unit before `to` is not
    /// skipped if it is suspect, or if it was erased for the table.
    pub fn skip<F: ReadNorFlash>(
        &mut self,
        to: u32,
        suspects: &SuspectUnits,
        board: &Board,
        flash: &mut F,
    ) -> Result<bool, Refusal> {
        let (end, shared) = (self.receiver.phase_end(), self.shared_unit(board));
        let (phase, written) = (self.receiver.phase(), self.receiver.written());
        let last = |to: u32| self.unit_at(to.saturating_sub(1), board);
        let is_kept = |unit: Unit| !(suspects.contains(unit.number) || unit == shared && self.erased_shared);
        let to = if phase == Phase::Table || is_kept(last(to)) { to } else { last(to).start };
        let (unit, last) = (self.unit_at(written, board), last(to));
        let passes = |passed: u32| (unit.number..=last.number).contains(&passed);
        let possible = self.receiver.is_empty()
            && to > written
            && (to == end || to < end && to.is_multiple_of(BLOCK))
            && self.open != Some(unit.number)
            && !(passes(0) && (self.old_header || self.erased_first || suspects.contains(0)))
            && !(passes(shared.number) && self.erased_shared)
            && !(phase == Phase::Table && (unit.number..=last.number).any(|unit| suspects.contains(unit)));
        let passed = possible && self.receiver.pass(to, flash)?;
        if passed {
            self.note_phase(phase);
        }
        Ok(passed)
    }

    /// Returns what is due in flash: at most one operation.
    pub fn due<F: ReadNorFlash>(&mut self, board: &Board, flash: &mut F) -> Result<Option<Due>, Refusal> {
        if self.receiver.due() == 0 {
            return Ok(None);
        }
        let unit = self.unit_at(self.receiver.written(), board);
        if self.old_header {
            return Ok(Some(Due::Erase(self.unit_at(0, board))));
        }
        if self.open != Some(unit.number) {
            if !self.may_write_to(unit, board, flash)? {
                return Ok(Some(Due::Erase(unit)));
            }
            self.open = Some(unit.number);
        }
        Ok(Some(Due::Write))
    }

    /// Returns where a unit of the slot lies in flash.
    pub fn region(&self, unit: Unit, board: &Board) -> Region {
        let start = board.slot(self.receiver.checked().slot()).start;
        Region { start: start + unit.start, length: unit.end - unit.start }
    }

    /// Notes that the unit that was due was erased.
    pub fn note_erased(&mut self, unit: Unit, suspects: &mut SuspectUnits, board: &Board) {
        suspects.note_erased(unit.number);
        if !self.old_header {
            self.open = Some(unit.number);
        }
        if unit.number == 0 {
            self.old_header = false;
            self.erased_first = true;
        }
        self.erased_shared |= unit == self.shared_unit(board);
    }

    /// Returns the write that is due, and puts its bytes into `block`.
    pub fn next_write(&self, board: &Board, block: &mut Block) -> FlashOperation {
        self.receiver.next_write(board, block)
    }

    /// Notes that the write that was due is done.
    pub fn note_written(&mut self) {
        let phase = self.receiver.phase();
        self.receiver.note_written();
        self.note_phase(phase);
    }

    /// Whether the unit that `written` lies in is erased from there on; an error if it is not and must not be erased.
    fn may_write_to<F: ReadNorFlash>(&self, unit: Unit, board: &Board, flash: &mut F) -> Result<bool, Refusal> {
        let shared = unit == self.shared_unit(board) && self.receiver.phase() == Phase::Payload;
        if unit.number == 0 && self.erased_first || shared && self.erased_shared {
            return Ok(true);
        }
        let shared_with_table = shared && self.receiver.checked().header().table_length > 0;
        let written = self.receiver.written();
        let at_start = written == unit.start || written == self.receiver.phase_start();
        if at_start && !shared_with_table {
            return Ok(false);
        }
        // A part of this unit before or after `written` was skipped, and an erase would lose it.
        let slot = board.slot(self.receiver.checked().slot());
        // A slot may end inside a unit.
        let unit_end = unit.end.min(slot.length);
        let end = if shared_with_table { unit_end.min(self.receiver.checked().table_offset()) } else { unit_end };
        let slot_start = slot.start;
        let mut block = [0; BLOCK_LENGTH];
        for start in (written..end).step_by(BLOCK_LENGTH) {
            // A block that cannot be read was written, and torn.
            if flash.read(slot_start + start, &mut block).is_err() || !is_erased(&block) {
                return Err(Refusal::NotErased);
            }
        }
        Ok(true)
    }

    /// Returns the unit in which the table begins; the payload's end may share it.
    fn shared_unit(&self, board: &Board) -> Unit {
        self.unit_at(self.receiver.checked().table_offset(), board)
    }

    /// Returns the unit that an offset lies in.
    fn unit_at(&self, offset: u32, board: &Board) -> Unit {
        Unit::at(board, self.receiver.checked().slot(), offset)
    }

    /// After the table, the payload begins in a unit that was not written to yet.
    fn note_phase(&mut self, before: Phase) {
        if self.receiver.phase() != before {
            self.open = None;
        }
    }
}

/// Reads the place of the header in a slot.
pub(crate) fn read_header<F: ReadNorFlash>(flash: &mut F, slot_start: u32) -> Result<HeaderBytes, Refusal> {
    let mut header = [0; HEADER_LENGTH];
    flash.read(slot_start, &mut header).map_err(|_| Refusal::Flash)?;
    Ok(header)
}

/// Whether these bytes of flash are erased.
pub(crate) fn is_erased(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0xff)
}

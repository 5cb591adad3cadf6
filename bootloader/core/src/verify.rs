//! The check of a whole slot, read from the flash that the firmware would run in.
//!
//! [`Verified`] proves that the check was made, in this boot, for this slot. Only this module makes one, and the jump
//! takes nothing else (invariant 1). The check reads block by block: the bootloader runs it in one go, the updater
//! between two turns of the application's loop, with the same code.
//!
//! What was verified is what is started: in the same boot, from the same flash, read in the same way. Between check and
//! start only the bootloader runs, with no interrupt and no DMA, and it writes to the journal alone; caches that it has
//! enabled are invalidated before the jump. The header is read once, and the rest of the check uses that copy. What
//! remains is flash that reads differently the second time: inside a chip, a marginal bit, which no reader can exclude;
//! on chips with external flash (RP2040), a hostile flash part or an attacker on its wires. There is no defence against
//! these here.
//!
//! An attacker with access to supply or clock may make the core skip an instruction. So the decision is made twice:
//! [`verify`] makes it, and [`recheck`] repeats it right before the jump. A test skips each instruction of the real
//! bootloader in turn (`tests/cases/skips.rs`). No bad image starts, but for two known kinds of altered content (SECURITY.md,
//! "Glitches").

use crate::hash::Sha256;
use crate::image::{Checked, HEADER_LENGTH, Invalid, Trust};
use crate::info::BootloaderInfo;
use crate::journal::Journal;
use crate::key_ids::KeyIds;
use crate::layout::{BLOCK, Board, HANDOVER_LENGTH, Slot};
use crate::rebase::{Decoder, ENTRY_LENGTH, Entry, Rebaser};
use crate::version::Version;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

const BLOCK_LENGTH: usize = BLOCK as usize;
/// Fills the buffer between two blocks; no block of an image consists of it.
const FILLING: u8 = 0xa5;
/// A block, and before it the bytes that the previous block left of an entry that crosses their border.
const BUFFER_LENGTH: usize = BLOCK_LENGTH + ENTRY_LENGTH;

/// Aligned, so that it is filled, read and hashed by words.
#[repr(align(4))]
#[derive(Clone)]
struct Buffer([u8; BUFFER_LENGTH]);

/// Firmware that was found complete, signed and valid for its slot.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its header; the digest in it is the one computed over payload and table.
    checked: Checked,
    vectors: u32,
    stack: u32,
    entry: u32,
}

impl Verified {
    /// Returns the slot that the firmware lies in.
    pub const fn slot(&self) -> Slot {
        self.checked.slot()
    }
    /// Returns its version.
    pub const fn version(&self) -> Version {
        self.checked.header().version
    }
    /// Returns its epoch.
    pub const fn epoch(&self) -> u32 {
        self.checked.header().epoch
    }
    /// Returns the keys that its confirm revokes.
    pub const fn revokes(&self) -> KeyIds {
        self.checked.header().revokes
    }
    /// Returns the SHA-256 of its canonical payload and table.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.checked.header().digest
    }
    /// Returns the address of its vector table.
    pub const fn vectors(&self) -> u32 {
        self.vectors
    }
    /// Returns its initial stack pointer: inside RAM and aligned to 8.
    pub const fn stack(&self) -> u32 {
        self.stack
    }
    /// Returns its entry point: inside the payload, Thumb bit set.
    pub const fn entry(&self) -> u32 {
        self.entry
    }
}

/// What [`recheck`] returns if all checks pass: no number that a register or fresh memory is likely to hold.
pub const RECHECK_OK: u32 = 0x4C42_A5C3;

/// Checks independently, once more, that the firmware may run; returns `RECHECK_OK` if so, else another number. What
/// was computed from signature and payload is compared with flash again, as data; board, epoch and key are checked
/// against a boot record that is read again.
#[inline(never)]
pub fn recheck<F: NorFlash>(firmware: &Verified, flash: &mut F, board: &'static Board, info: &BootloaderInfo) -> u32 {
    let journal = Journal::open(flash, board);
    let trust = Trust { board, info, record: journal.record() };
    let mut header = [0; HEADER_LENGTH];
    let read = flash.read(board.slot(firmware.slot()).start, &mut header);
    if read.is_ok() && firmware.checked.matches_flash(&header, &trust) { RECHECK_OK } else { 0 }
}

/// Reads and checks the header in a slot.
#[inline(never)] // Keeps the rest of a verification off the stack while the signature is checked.
pub fn check_header<F: ReadNorFlash>(flash: &mut F, trust: &Trust, slot: Slot) -> Result<Checked, Invalid> {
    let mut bytes = [0; HEADER_LENGTH];
    flash.read(trust.board.slot(slot).start, &mut bytes).map_err(|_| Invalid::Flash)?;
    trust.check(&bytes, slot)
}

/// Checks a whole slot at once.
pub fn verify<F: ReadNorFlash>(flash: &mut F, trust: &Trust, slot: Slot) -> Result<Verified, Invalid> {
    let checked = check_header(flash, trust, slot)?;
    check_content(flash, trust.board, checked)
}

#[inline(never)]
fn check_content<F: ReadNorFlash>(flash: &mut F, board: &Board, checked: Checked) -> Result<Verified, Invalid> {
    let mut check = Check::new(checked, board);
    loop {
        if let Some(verified) = check.step(flash, board)? {
            return Ok(verified);
        }
    }
}

/// Reads a relocation table from flash, one entry at a time.
#[derive(Clone)]
pub struct TableReader {
    position: u32,
    end: u32,
    window: [u8; 32],
    decoder: Decoder,
}

impl TableReader {
    /// Returns a reader for the table of a checked image, in its slot.
    pub fn new(checked: &Checked, board: &Board) -> Self {
        Self::at(board.slot(checked.slot()).start + checked.table_offset(), checked.header().table_length)
    }

    /// Returns a reader for the table of `length` bytes that begins at `position` in flash, in bytes.
    #[inline]
    pub fn at(position: u32, length: u32) -> Self {
        TableReader { position, end: position + length, window: [0; 32], decoder: Decoder::default() }
    }

    /// Returns the next entry, `None` after the last one.
    pub fn next<F: ReadNorFlash>(&mut self, flash: &mut F) -> Result<Option<Entry>, Invalid> {
        while self.position < self.end {
            let index = self.position as usize % self.window.len();
            if index == 0 {
                flash.read(self.position, &mut self.window).map_err(|_| Invalid::Flash)?;
            }
            self.position += 1;
            let byte = self.window.get(index).copied().unwrap_or_default();
            if let Some(entry) = self.decoder.push(byte).map_err(|_| Invalid::Table)? {
                return Ok(Some(entry));
            }
        }
        if self.decoder.is_whole() { Ok(None) } else { Err(Invalid::Table) }
    }
}

/// A check of a slot's payload and table in progress; its header has already been checked.
#[derive(Clone)]
pub struct Check {
    checked: Checked,
    hash: Sha256,
    table: TableReader,
    rebaser: Rebaser,
    /// Bytes hashed so far: first the payload's, then the table's.
    hashed: u32,
    /// Bytes at the start of `buffer` that are read but not hashed yet.
    held: usize,
    buffer: Buffer,
    vectors: [u8; 8],
}

impl Check {
    /// Starts the check of the slot that `checked` was checked for.
    pub fn new(checked: Checked, board: &Board) -> Self {
        Check {
            table: TableReader::new(&checked, board),
            rebaser: Rebaser::new(checked.distance(board).wrapping_neg()),
            checked,
            hash: Sha256::default(),
            hashed: 0,
            held: 0,
            buffer: Buffer([0; BUFFER_LENGTH]),
            vectors: [0; 8],
        }
    }

    /// Whether the next [`step`](Self::step) reads a block of the payload that lies before `written`, an offset in the
    /// slot.
    pub fn is_before(&self, written: u32) -> bool {
        let read = self.hashed + self.held as u32;
        u32::from(self.checked.header().header_length) + read + BLOCK <= written
    }

    /// Reads and hashes one more block; returns the proof once everything was read and is valid.
    pub fn step<F: ReadNorFlash>(&mut self, flash: &mut F, board: &Board) -> Result<Option<Verified>, Invalid> {
        let header = self.checked.header();
        let (payload_length, table_length) = (header.payload_length, header.table_length);
        let slot_start = board.slot(self.checked.slot()).start;
        // Bytes that were hashed must not be hashed again if the read of the next block is skipped.
        self.buffer.0.get_mut(self.held..).unwrap_or_default().fill(FILLING);
        if self.hashed < payload_length {
            let length = self.read(flash, slot_start + board.header_length, payload_length)?;
            if self.hashed == 0 {
                self.vectors = self.buffer.0.first_chunk().copied().unwrap_or_default();
            }
            let Check { table, rebaser, buffer, .. } = self;
            let pending = buffer.0.get_mut(..length).ok_or(Invalid::Bounds)?;
            let done = rebaser.apply(self.hashed, pending, || table.next(flash))?;
            let at_end = self.hashed + length as u32 == payload_length;
            if at_end && !rebaser.is_done() || done == 0 {
                return Err(Invalid::Table);
            }
            self.hash.update(pending.get(..done).unwrap_or_default());
            self.buffer.0.copy_within(done..length, 0);
            self.held = length - done;
            self.hashed += done as u32;
            return Ok(None);
        }
        let end = payload_length + table_length;
        if self.hashed < end {
            let start = slot_start + self.checked.table_offset();
            let length = self.read(flash, start.wrapping_sub(payload_length), end)?;
            self.hash.update(self.buffer.0.get(..length).unwrap_or_default());
            self.hashed += length as u32;
            return Ok(None);
        }
        self.finish(board).map(Some)
    }

    /// Reads a block into the buffer after the held bytes, or less at the `end` of what is hashed; returns how many
    /// bytes the buffer then holds. `start` is where the first hashed byte lies in flash, or would lie. The position to
    /// read follows from what was hashed, so that no block can be read twice instead of another.
    fn read<F: ReadNorFlash>(&mut self, flash: &mut F, start: u32, end: u32) -> Result<usize, Invalid> {
        // Whole blocks, at a multiple of a block: aligned for any flash's reads, and inside the slot, which ends at a
        // block.
        let position = self.hashed + self.held as u32;
        let place = self.buffer.0.get_mut(self.held..self.held + BLOCK_LENGTH).ok_or(Invalid::Bounds)?;
        flash.read(start.wrapping_add(position), place).map_err(|_| Invalid::Flash)?;
        Ok(self.held + end.saturating_sub(position).min(BLOCK) as usize)
    }

    fn finish(&mut self, board: &Board) -> Result<Verified, Invalid> {
        let digest = self.hash.clone().finalize();
        if !self.checked.store_computed_digest(digest) {
            return Err(Invalid::Digest);
        }
        let header = self.checked.header();
        let [a, b, c, d, e, f, g, h] = self.vectors;
        let (stack, entry) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let vectors = board.payload_address(self.checked.slot());
        // A stack grows down, so it may start right after the RAM's last byte; it must not start in the shared words.
        if stack <= board.ram.start + HANDOVER_LENGTH || stack > board.ram.end() || !stack.is_multiple_of(8) {
            return Err(Invalid::Stack);
        }
        let inside = (entry & !1).checked_sub(vectors).is_some_and(|offset| offset < header.payload_length);
        if !inside || entry & 1 == 0 {
            return Err(Invalid::Entry);
        }
        Ok(Verified { checked: self.checked, vectors, stack, entry })
    }
}

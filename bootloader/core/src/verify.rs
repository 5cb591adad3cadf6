//! The check of a whole slot, from the flash that it would run in.
//!
//! [`Verified`] is the proof that it was made, in this boot, for this slot; only this module makes one, and the jump
//! takes nothing else (invariant 1). The check reads block by block, so that the bootloader makes it in one go and
//! the updater between two turns of the application's loop, with the same code.
//!
//! What was verified is what is started: in the same boot, from the same flash, read in the same way. Between check and
//! start only the bootloader runs, with no interrupt and no DMA, and it writes to the journal alone; caches that it has
//! switched on are emptied before the jump. The header is read once, and what the rest goes by is that copy. What remains
//! is flash that answers differently the second time: inside a chip, a bit at its limit, which no reader can exclude; on
//! chips whose flash is a part of its own (RP2040), a hostile part, or somebody at its wires. Against these there is no
//! defence here.
//!
//! And the core may be made to skip an instruction, by whoever has his hands on supply or clock. So the decision is taken
//! twice: [`verify`] takes it, and [`recheck`] looks again, right before the jump. A test leaves out each instruction of the
//! real bootloader in turn, and no bad image starts (`tests/cases/skips.rs`).

use crate::image::{Checked, HEADER_LENGTH, Invalid, Trust};
use crate::info::BootloaderInfo;
use crate::journal::Journal;
use crate::layout::{BLOCK, Board, HANDOVER_LENGTH, Slot};
use crate::rebase::{Decoder, ENTRY_LENGTH, Entry, Rebaser};
use crate::record::Record;
use crate::version::Version;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use sha256::{Digest, Sha256};

const BLOCK_LENGTH: usize = BLOCK as usize;
/// Between two blocks the buffer is full of this; no block of an image is.
const FILLING: u8 = 0xa5;
/// A block, and in front of it what the previous one left of an entry that lies across their border.
const BUFFER_LENGTH: usize = BLOCK_LENGTH + ENTRY_LENGTH;

/// Aligned, so that it is filled, read into and hashed by words.
#[repr(align(4))]
#[derive(Clone)]
struct Buffer([u8; BUFFER_LENGTH]);

/// Firmware that was found whole, signed and fit for its slot.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its header; the digest there is what was computed of payload and table.
    checked: Checked,
    vectors: u32,
    stack: u32,
    entry: u32,
}

impl Verified {
    /// The slot that it lies in.
    pub const fn slot(&self) -> Slot {
        self.checked.slot()
    }
    /// Its version.
    pub const fn version(&self) -> Version {
        self.checked.header().version
    }
    /// Its epoch.
    pub const fn epoch(&self) -> u32 {
        self.checked.header().epoch
    }
    /// The keys of this device's table that its confirm revokes, a bit each.
    pub const fn revokes(&self) -> u8 {
        self.checked.revokes()
    }
    /// The SHA-256 of its canonical payload and table.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.checked.header().digest
    }
    /// Address of its vector table.
    pub const fn vectors(&self) -> u32 {
        self.vectors
    }
    /// Its initial stack pointer: inside RAM and aligned to 8.
    pub const fn stack(&self) -> u32 {
        self.stack
    }
    /// Its entry point: inside the payload, Thumb bit set.
    pub const fn entry(&self) -> u32 {
        self.entry
    }
}

/// What [`recheck`] says where all is well: no number that a register or fresh memory is likely to hold.
pub const RECHECK_OK: u32 = 0x4C42_A5C3;

/// Looks once more, and on its own, at who may run: `RECHECK_OK`, or another number. What was computed of signature and payload
/// is compared again, as data, with what flash says; board, epoch and key are held against a boot record that is read again.
#[inline(never)]
pub fn recheck<F: NorFlash>(firmware: &Verified, flash: &mut F, board: &'static Board, info: &BootloaderInfo) -> u32 {
    let Record { revoked, epoch_floor, .. } = *Journal::open(flash, board).record();
    let trust = Trust { board, info, revoked, epoch_floor };
    let mut header = [0; HEADER_LENGTH];
    let read = flash.read(board.slot(firmware.slot()).start, &mut header);
    if read.is_ok() && firmware.checked.matches_flash(&header, &trust) { RECHECK_OK } else { 0 }
}

/// Reads and checks the header in a slot.
#[inline(never)] // So that what the rest of a verification keeps on the stack is not there while the signature is checked.
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

/// Reads a relocation table out of flash, an entry at a time.
#[derive(Clone)]
pub struct TableReader {
    position: u32,
    end: u32,
    window: [u8; 32],
    decoder: Decoder,
}

impl TableReader {
    /// The table of a checked image, in its slot.
    pub fn new(checked: &Checked, board: &Board) -> Self {
        Self::at(board.slot(checked.slot()).start + checked.table_offset(), checked.header().table_length)
    }

    /// The table that begins at `position` in flash, in bytes, and is `length` long.
    #[inline]
    pub fn at(position: u32, length: u32) -> Self {
        TableReader { position, end: position + length, window: [0; 32], decoder: Decoder::default() }
    }

    /// The next entry, `None` behind the last one.
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

/// A check of a slot's payload and table under way, its header already found good.
#[derive(Clone)]
pub struct Check {
    checked: Checked,
    hash: Sha256,
    table: TableReader,
    rebaser: Rebaser,
    /// Bytes hashed so far: first of the payload, then of the table.
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
            hash: Sha256::new(),
            hashed: 0,
            held: 0,
            buffer: Buffer([0; BUFFER_LENGTH]),
            vectors: [0; 8],
        }
    }

    /// Whether the next [`step`](Self::step) reads a block of the payload that lies before `written`, an offset in the slot.
    pub fn is_before(&self, written: u32) -> bool {
        let read = self.hashed + self.held as u32;
        u32::from(self.checked.header().header_length) + read + BLOCK <= written
    }

    /// Reads and hashes one block more; the proof, once everything was read and is good.
    pub fn step<F: ReadNorFlash>(&mut self, flash: &mut F, board: &Board) -> Result<Option<Verified>, Invalid> {
        let header = self.checked.header();
        let (payload_length, table_length) = (header.payload_length, header.table_length);
        let slot_start = board.slot(self.checked.slot()).start;
        // What was hashed must not count a second time, in place of a block that was not read.
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

    /// Fills the buffer behind what is held with a block, or less at the `end` of what is to be hashed; returns how many
    /// bytes the buffer then holds. `start` is where in flash the first byte to be hashed lies, or would lie. Where to read
    /// follows from what was hashed, so that no block is read twice in place of another.
    fn read<F: ReadNorFlash>(&mut self, flash: &mut F, start: u32, end: u32) -> Result<usize, Invalid> {
        // Whole blocks, from a multiple of a block: aligned for any flash's reads, and inside the slot, which ends at one.
        let position = self.hashed + self.held as u32;
        let place = self.buffer.0.get_mut(self.held..self.held + BLOCK_LENGTH).ok_or(Invalid::Bounds)?;
        flash.read(start.wrapping_add(position), place).map_err(|_| Invalid::Flash)?;
        Ok(self.held + end.saturating_sub(position).min(BLOCK) as usize)
    }

    fn finish(&mut self, board: &Board) -> Result<Verified, Invalid> {
        let digest = self.hash.clone().finalize().into();
        if !self.checked.store_computed_digest(digest) {
            return Err(Invalid::Digest);
        }
        let header = self.checked.header();
        let [a, b, c, d, e, f, g, h] = self.vectors;
        let (stack, entry) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let vectors = board.payload_address(self.checked.slot());
        // A stack grows down, so it may start right behind the RAM's last byte, and not in the words that are shared.
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

//! A NOR flash in memory, as a board's map describes it, with power that can be lost at any instant.
//!
//! It keeps the rules of real flash: programming only clears bits; erasing sets whole units; a loss of power in the
//! middle leaves part of it done, and then nothing works until [`SimulatedFlash::power_on`]. Wrong use (misaligned, or
//! outside of journal and slots) fails and is recorded, since the code under test may go on after an error: tests check
//! [`SimulatedFlash::misuse`].

mod cells;
mod fault;
mod tear;
mod write_units;

pub use fault::Fault;
pub use tear::{Cut, Tear, UNSTEADY_LENGTH};
pub use write_units::WriteUnits;

use cells::Cells;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_core::layout::{Board, Region};
use lifeboot_core::{Slot, info, info::BootloaderInfo};
use std::ops::{Add, Range};
use tear::WORD;

/// The parts of flash that may be erased and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The boot journal.
    Journal,
    /// A slot.
    Slot(Slot),
}

const PARTS: [Part; 3] = [Part::Journal, Part::Slot(Slot::A), Part::Slot(Slot::B)];

/// Operations on a part. One that was cut short counts; one before which power was lost does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wear {
    /// Units erased.
    pub erases: u32,
    /// Calls that wrote.
    pub writes: u32,
    /// Bytes they wrote.
    pub bytes: u32,
}

impl Wear {
    /// The operations since `before`.
    pub fn since(self, before: Wear) -> Wear {
        Wear {
            erases: self.erases - before.erases,
            writes: self.writes - before.writes,
            bytes: self.bytes - before.bytes,
        }
    }
}

impl Add for Wear {
    type Output = Wear;

    fn add(self, other: Wear) -> Wear {
        Wear { erases: self.erases + other.erases, writes: self.writes + other.writes, bytes: self.bytes + other.bytes }
    }
}

/// The flash of a board. Offsets count from its start.
#[derive(Clone, Debug)]
pub struct SimulatedFlash {
    board: &'static Board,
    cells: Cells,
    write_once: bool,
    powered: bool,
    cut: Option<(u32, Cut)>,
    refused: Vec<Part>,
    wear: [Wear; PARTS.len()],
    misuse: Option<Fault>,
}

impl SimulatedFlash {
    /// Erased flash.
    pub fn new(board: &'static Board) -> Self {
        SimulatedFlash {
            board,
            cells: Cells::erased(board.flash_length as usize),
            write_once: false,
            powered: true,
            cut: None,
            refused: Vec::new(),
            wear: Default::default(),
            misuse: None,
        }
    }

    /// Flash that, like flash with ECC, allows one write of a word between two erases.
    pub fn write_once(self) -> Self {
        SimulatedFlash { write_once: true, ..self }
    }

    /// Flash with ECC over each of the map's write units: one write between two erases, and torn words fault when read.
    pub fn with_ecc(mut self) -> Self {
        self.cells.ecc = self.board.write_size as usize;
        self.write_once()
    }

    /// Puts bytes anywhere, as a programmer does in production, or radiation in the field.
    pub fn put(&mut self, offset: u32, bytes: &[u8]) {
        self.cells.put(offset as usize, bytes);
    }

    /// Writes a bootloader's info to its place.
    pub fn put_info(&mut self, info: &BootloaderInfo) {
        let length = info::INFO_LENGTH as u32;
        self.put(self.board.bootloader.end() - length, &info.clone().for_board(self.board).to_bytes());
    }

    /// The bytes of a region.
    pub fn region(&self, region: Region) -> &[u8] {
        &self.cells.bytes[bytes_of(region)]
    }

    /// All bytes, as they would be read if every bit were steady.
    pub fn bytes(&self) -> &[u8] {
        &self.cells.bytes
    }

    /// Bits in a region that read differently from one read to the next: offset from the start of flash, and bits.
    pub fn unsteady(&self, region: Region) -> impl Iterator<Item = (usize, u8)> {
        self.cells.unsteady(bytes_of(region))
    }

    /// Whether all of a region can be read.
    pub fn is_readable(&self, region: Region) -> bool {
        self.cells.is_readable(bytes_of(region))
    }

    /// Hashes the state of the flash: bytes, unsteady bits, torn words.
    pub fn state(&self) -> u64 {
        self.cells.state()
    }

    /// Cuts the power at an erase of a unit or a write; 0 is the next one.
    pub fn cut(&mut self, operation: u32, cut: Cut) {
        self.cut = Some((operation, cut));
    }

    /// Restores the power, and cancels a cut that has not happened.
    pub fn power_on(&mut self) {
        self.powered = true;
        self.cut = None;
    }

    /// Whether the power is on.
    pub fn is_powered(&self) -> bool {
        self.powered
    }

    /// Makes every erase and write of a part fail from now on, or work again.
    pub fn refuse(&mut self, part: Part, refuse: bool) {
        self.refused.retain(|refused| *refused != part);
        self.refused.extend(refuse.then_some(part));
    }

    /// The operations on a part.
    pub fn wear(&self, part: Part) -> Wear {
        self.wear[index(part)]
    }

    /// Erases and writes so far: a [`cut`](Self::cut) can meet each.
    pub fn operations(&self) -> u32 {
        self.wear.iter().map(|wear| wear.erases + wear.writes).sum()
    }

    /// The first wrong use, if there was any.
    pub fn misuse(&self) -> Option<Fault> {
        self.misuse
    }

    fn region_of(&self, part: Part) -> Region {
        match part {
            Part::Journal => self.board.journal,
            Part::Slot(slot) => self.board.slot(slot),
        }
    }

    /// The part that a whole range lies in; a range outside of all, or not at multiples of `unit`, is wrong use.
    fn part(&mut self, start: u32, end: u32, unit: impl Fn(Part) -> u32) -> Result<Part, Fault> {
        let part = PARTS.into_iter().find(|part| {
            let region = self.region_of(*part);
            region.start <= start && start <= end && end <= region.end()
        });
        let Some(part) = part else { return self.wrong(Fault::OutOfBounds) };
        if !start.is_multiple_of(unit(part)) || !end.is_multiple_of(unit(part)) {
            return self.wrong(Fault::Misaligned);
        }
        if self.refused.contains(&part) { Err(Fault::Refused) } else { Ok(part) }
    }

    fn wrong<T>(&mut self, fault: Fault) -> Result<T, Fault> {
        self.misuse.get_or_insert(fault);
        Err(fault)
    }

    /// How power is lost at this operation; `None` if it is not. After [`Cut::Before`] nothing works.
    fn next_operation(&mut self) -> Result<Tear, Fault> {
        match &mut self.cut {
            Some((0, cut)) => {
                self.powered = false;
                cut.tear().ok_or(Fault::NoPower)
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(Tear::NONE)
            }
            None => Ok(Tear::NONE),
        }
    }

    /// Whether power was lost at the very end of the operation.
    fn is_marginal(&self) -> bool {
        !self.powered && matches!(self.cut, Some((_, Cut::Marginal)))
    }

    fn result_of_operation(&self) -> Result<(), Fault> {
        if self.powered { Ok(()) } else { Err(Fault::NoPower) }
    }

    fn erase_unit(&mut self, part: Part, unit: Region) -> Result<(), Fault> {
        let tear = self.next_operation()?;
        self.wear[index(part)].erases += 1;
        self.cells.erase(bytes_of(unit), tear);
        if self.is_marginal() {
            self.cells.make_erase_marginal(bytes_of(unit));
        }
        self.result_of_operation()
    }
}

/// The index range of a region's bytes.
fn bytes_of(region: Region) -> Range<usize> {
    region.start as usize..region.end() as usize
}

fn index(part: Part) -> usize {
    match part {
        Part::Journal => 0,
        Part::Slot(slot) => 1 + slot as usize,
    }
}

impl ErrorType for SimulatedFlash {
    type Error = Fault;
}

impl ReadNorFlash for SimulatedFlash {
    /// Lifeboot guarantees reads that are aligned for any flash.
    const READ_SIZE: usize = WORD;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.result_of_operation()?;
        let start = offset as usize;
        if !start.is_multiple_of(Self::READ_SIZE) || !bytes.len().is_multiple_of(Self::READ_SIZE) {
            return self.wrong(Fault::Misaligned);
        }
        match self.cells.read(start, bytes) {
            Err(Fault::OutOfBounds) => self.wrong(Fault::OutOfBounds),
            read => read,
        }
    }

    fn capacity(&self) -> usize {
        self.cells.bytes.len()
    }
}

impl NorFlash for SimulatedFlash {
    // The smallest of all boards, since these are constants; the real sizes come from the map.
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.result_of_operation()?;
        let board = self.board;
        // A slot may end inside a unit, all of which belongs to it.
        let last = board.unit_at(to.saturating_sub(1).max(from));
        let whole = board.unit_at(from).start == from && (from == to || last.end() == to);
        let part = self.part(from, if whole && from < to { last.start + 1 } else { to }, |_| 1)?;
        if !whole {
            return self.wrong(Fault::Misaligned);
        }
        let mut at = from;
        while at < to {
            let unit = board.unit_at(at);
            self.erase_unit(part, unit)?;
            at = unit.end();
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.result_of_operation()?;
        let end = u32::try_from(bytes.len()).ok().and_then(|length| offset.checked_add(length)).unwrap_or(u32::MAX);
        let write_size = self.board.write_size;
        let part = self.part(offset, end, |_| write_size)?;
        let start = offset as usize;
        if self.write_once && self.cells.is_written(start..start + bytes.len()) {
            return self.wrong(Fault::Overwritten);
        }
        let tear = self.next_operation()?;
        self.wear[index(part)].writes += 1;
        self.wear[index(part)].bytes += bytes.len() as u32;
        self.cells.write(start, bytes, tear);
        if self.is_marginal() {
            self.cells.make_write_marginal(start, bytes);
        }
        self.result_of_operation()
    }
}

//! A NOR flash in memory, as a board's map describes it, with power that can be lost at any instant.
//!
//! It keeps the rules of real flash: programming only clears bits; erasing sets whole units; a loss of power in the
//! middle leaves part of it done, and then nothing works until [`SimulatedFlash::power_on`]. Wrong use (misaligned, or
//! outside of journal and slots) fails and is remembered, since the code under test may well go on after an error:
//! tests look at [`SimulatedFlash::misuse`].

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use lifeboot_core::layout::{Board, Region};
use lifeboot_core::{Slot, info, info::Info};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};

const WORD: usize = 4;

/// The parts of flash that may be erased and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The boot journal.
    Journal,
    /// A slot.
    Slot(Slot),
}

const PARTS: [Part; 3] = [Part::Journal, Part::Slot(Slot::A), Part::Slot(Slot::B)];

/// What was done to a part. An operation that was cut short counts, one that power was lost before does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wear {
    /// Units erased.
    pub erases: u32,
    /// Calls that wrote.
    pub writes: u32,
    /// Bytes they wrote.
    pub bytes: u32,
}

/// How a loss of power meets a flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before it: nothing is changed.
    Before,
    /// In the middle. A write has stored its first `words`, and of the next one cleared the bits that are not in
    /// `mask`. An erase has set the first `words` of its unit, and in all the others the bits that are in `mask`.
    Inside {
        /// Words that are done; all, where there are fewer.
        words: usize,
        /// Which bits of what was under way are set.
        mask: u32,
    },
    /// In the middle, as finely as flash tears.
    Torn(Tear),
}

/// What is left of an operation that power was lost in.
///
/// A write has stored its first bytes, and of the word that they end in or before has cleared the bits that are not in
/// `kept`. An erase has set the first bytes of its unit, and in all the others the bits that are in `kept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tear {
    /// Bytes that are done; all, where there are fewer.
    pub bytes: usize,
    /// Which bits of what was under way are set.
    pub kept: u32,
    /// Which bits of what was under way read differently from one read to the next: in the word that a write stopped
    /// in, those that it was to clear; in the [`UNSTEADY_LENGTH`] bytes where an erase stopped, any. Where there is ECC,
    /// words that are not as they were written or erased cannot be read at all instead.
    pub unsteady: u32,
}

/// Bytes that a torn erase leaves unsteady.
pub const UNSTEADY_LENGTH: usize = 512;

/// Why the flash did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Wrong use: not at a multiple of what the map says.
    Misaligned,
    /// Wrong use: erased or written outside of journal and slots, or across their borders; read outside of flash.
    OutOfBounds,
    /// Wrong use of flash that allows one write between two erases.
    Overwritten,
    /// A word that was torn, of flash with ECC.
    Unreadable,
    /// The part was told to refuse.
    Refused,
    /// There is no power.
    NoPower,
}

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Fault::Misaligned => NorFlashErrorKind::NotAligned,
            Fault::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Fault::Overwritten | Fault::Unreadable | Fault::Refused | Fault::NoPower => NorFlashErrorKind::Other,
        }
    }
}

/// The flash of a board. Offsets count from its start.
#[derive(Clone, Debug)]
pub struct SimulatedFlash {
    board: &'static Board,
    bytes: Vec<u8>,
    /// For each word, whether it was written since it was erased.
    written: Vec<bool>,
    write_once: bool,
    /// Bytes of an ECC word; 0 without ECC.
    ecc: usize,
    /// Starts of the ECC words that were torn.
    unreadable: BTreeSet<usize>,
    /// Bits that read differently from one read to the next, by byte.
    unsteady: BTreeMap<usize, u8>,
    noise: u32,
    powered: bool,
    cut: Option<(u32, Cut)>,
    refused: Vec<Part>,
    wear: [Wear; PARTS.len()],
    misuse: Option<Fault>,
}

impl SimulatedFlash {
    /// Erased flash.
    pub fn new(board: &'static Board) -> Self {
        let length = board.flash_length as usize;
        SimulatedFlash {
            board,
            bytes: vec![0xff; length],
            written: vec![false; length / WORD],
            write_once: false,
            ecc: 0,
            unreadable: BTreeSet::new(),
            unsteady: BTreeMap::new(),
            noise: 0x2545_f491,
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
    pub fn with_ecc(self) -> Self {
        SimulatedFlash { write_once: true, ecc: self.board.write_size as usize, ..self }
    }

    /// Puts bytes anywhere, as a programmer does in production, or radiation in the field.
    pub fn put(&mut self, offset: u32, bytes: &[u8]) {
        let start = offset as usize;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        self.written[start / WORD..(start + bytes.len()).div_ceil(WORD)].fill(true);
    }

    /// Puts a bootloader's word about itself where it belongs.
    pub fn put_info(&mut self, info: &Info) {
        let length = info::INFO_LENGTH as u32;
        self.put(self.board.bootloader.end() - length, &info.to_bytes(self.board));
    }

    /// The bytes of a region.
    pub fn region(&self, region: Region) -> &[u8] {
        &self.bytes[region.start as usize..region.end() as usize]
    }

    /// All bytes, as they would be read if every bit were steady.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bits in a region that read differently from one read to the next: offset from the start of flash, and bits.
    pub fn unsteady(&self, region: Region) -> impl Iterator<Item = (usize, u8)> {
        self.unsteady.range(region.start as usize..region.end() as usize).map(|(offset, bits)| (*offset, *bits))
    }

    /// Whether all of a region can be read.
    pub fn is_readable(&self, region: Region) -> bool {
        let start = (region.start as usize).saturating_sub(self.ecc.saturating_sub(1));
        self.unreadable.range(start..region.end() as usize).next().is_none()
    }

    /// Names the state of the flash: bytes, unsteady bits, torn words.
    pub fn state(&self) -> u64 {
        const BLOCK: usize = 256;
        let mut hasher = DefaultHasher::new();
        for (number, block) in self.bytes.chunks(BLOCK).enumerate().filter(|(_, block)| **block != [0xff; BLOCK]) {
            hasher.write_usize(number);
            hasher.write(block);
        }
        self.unsteady.iter().for_each(|(offset, bits)| hasher.write_usize(offset << 8 | usize::from(*bits)));
        self.unreadable.iter().for_each(|offset| hasher.write_usize(*offset));
        hasher.finish()
    }

    /// Power is lost at an erase of a unit or a write; 0 is the next one.
    pub fn cut(&mut self, operation: u32, cut: Cut) {
        self.cut = Some((operation, cut));
    }

    /// Power comes back; a cut that has not happened is called off.
    pub fn power_on(&mut self) {
        self.powered = true;
        self.cut = None;
    }

    /// Whether there is power.
    pub fn is_powered(&self) -> bool {
        self.powered
    }

    /// Every erase and write of a part fails from now on, or works again.
    pub fn refuse(&mut self, part: Part, refuse: bool) {
        self.refused.retain(|refused| *refused != part);
        self.refused.extend(refuse.then_some(part));
    }

    /// What was done to a part.
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

    /// Whether, and how, power is lost at this operation; from [`Cut::Before`] on nothing works.
    fn next_operation(&mut self) -> Result<Option<Tear>, Fault> {
        match &mut self.cut {
            Some((0, cut)) => {
                let cut = *cut;
                self.powered = false;
                match cut {
                    Cut::Before => Err(Fault::NoPower),
                    Cut::Inside { words, mask } => {
                        Ok(Some(Tear { bytes: words.saturating_mul(WORD), kept: mask, unsteady: 0 }))
                    }
                    Cut::Torn(tear) => Ok(Some(tear)),
                }
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn result_of_operation(&self) -> Result<(), Fault> {
        if self.powered { Ok(()) } else { Err(Fault::NoPower) }
    }

    fn erase_unit(&mut self, part: Part, unit: Region) -> Result<(), Fault> {
        let cut = self.next_operation()?;
        self.wear[index(part)].erases += 1;
        let (start, end) = (unit.start as usize, unit.end() as usize);
        let tear = cut.unwrap_or(WHOLE);
        let whole = end.min(start.saturating_add(tear.bytes / WORD * WORD));
        self.bytes[start..whole].fill(0xff);
        self.written[start / WORD..whole / WORD].fill(false);
        self.make_steady(start, whole);
        if tear.kept != 0 {
            for word in self.bytes[whole..end].as_chunks_mut::<WORD>().0 {
                *word = (u32::from_le_bytes(*word) | tear.kept).to_le_bytes();
            }
        }
        if tear.unsteady != 0 {
            (whole..end.min(whole + UNSTEADY_LENGTH)).for_each(|byte| self.tear(byte, bits(tear.unsteady, byte)));
        }
        self.result_of_operation()
    }

    fn write_words(&mut self, part: Part, start: usize, bytes: &[u8]) -> Result<(), Fault> {
        let words = start / WORD..(start + bytes.len()) / WORD;
        if self.write_once && self.written[words].contains(&true) {
            return self.wrong(Fault::Overwritten);
        }
        let cut = self.next_operation()?;
        self.wear[index(part)].writes += 1;
        self.wear[index(part)].bytes += bytes.len() as u32;
        let tear = cut.unwrap_or(WHOLE);
        let whole = tear.bytes.min(bytes.len());
        for (place, new) in self.bytes[start..].iter_mut().zip(&bytes[..whole]) {
            *place &= new;
        }
        // The word under way: of its bytes behind the whole ones, some bits.
        let torn = (whole / WORD + 1) * WORD;
        let mut touched = whole;
        for (index, new) in bytes.iter().enumerate().take(torn).skip(whole) {
            let (byte, due) = (start + index, self.bytes[start + index] & !new);
            let unsteady = due & bits(tear.unsteady, byte);
            self.bytes[byte] &= !due | bits(tear.kept, byte) & !unsteady;
            if due & !bits(tear.kept, byte) | unsteady != 0 {
                touched = torn.min(bytes.len());
            }
            if unsteady != 0 {
                self.tear(byte, unsteady);
            }
        }
        self.written[start / WORD..(start + touched).div_ceil(WORD)].fill(true);
        // A word that was begun has some of its ECC bits, also where none of its own changed.
        let begun = tear.kept != u32::MAX || tear.unsteady != 0 || self.ecc != 0 && !whole.is_multiple_of(self.ecc);
        if self.ecc != 0 && whole < bytes.len() && begun {
            self.unreadable.insert(start + whole / self.ecc * self.ecc);
        }
        self.result_of_operation()
    }

    fn tear(&mut self, byte: usize, bits: u8) {
        if let Some(word) = byte.checked_div(self.ecc) {
            self.unreadable.insert(word * self.ecc);
        } else {
            self.unsteady.insert(byte, bits);
        }
    }

    fn make_steady(&mut self, start: usize, end: usize) {
        self.unsteady.retain(|byte, _| !(start..end).contains(byte));
        self.unreadable.retain(|word| !(start..end).contains(word));
    }
}

/// An operation that was not cut short.
const WHOLE: Tear = Tear { bytes: usize::MAX, kept: 0, unsteady: 0 };

/// The bits of a mask for words that belong to a byte.
fn bits(mask: u32, byte: usize) -> u8 {
    mask.to_le_bytes()[byte % WORD]
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
    /// Lifeboot promises reads that are aligned for any flash.
    const READ_SIZE: usize = WORD;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.result_of_operation()?;
        let start = offset as usize;
        if !start.is_multiple_of(Self::READ_SIZE) || !bytes.len().is_multiple_of(Self::READ_SIZE) {
            return self.wrong(Fault::Misaligned);
        }
        match self.bytes.get(start..start.saturating_add(bytes.len())) {
            Some(stored) => bytes.copy_from_slice(stored),
            None => return self.wrong(Fault::OutOfBounds),
        }
        let region = Region { start: offset, length: bytes.len() as u32 };
        if !self.is_readable(region) {
            return Err(Fault::Unreadable);
        }
        let SimulatedFlash { unsteady, noise, .. } = self;
        for (byte, bits) in unsteady.range(start..start + bytes.len()) {
            // Xorshift (Marsaglia 2003): the same in each run.
            *noise ^= *noise << 13;
            *noise ^= *noise >> 17;
            *noise ^= *noise << 5;
            bytes[byte - start] ^= bits & (*noise >> 8) as u8;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for SimulatedFlash {
    // The smallest of all boards, since these are constants; what counts is the map, and is looked up there.
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.result_of_operation()?;
        let board = self.board;
        let unit = |part| if part == Part::Journal { board.journal_unit } else { board.slot_unit };
        let part = self.part(from, to, unit)?;
        for start in (from..to).step_by(unit(part) as usize) {
            self.erase_unit(part, Region { start, length: unit(part) })?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.result_of_operation()?;
        let end = u32::try_from(bytes.len()).ok().and_then(|length| offset.checked_add(length)).unwrap_or(u32::MAX);
        let write_size = self.board.write_size;
        let part = self.part(offset, end, |_| write_size)?;
        self.write_words(part, offset as usize, bytes)
    }
}

/// The flash, for drivers' users that are told at compile time how small a write may be.
pub struct WriteUnits<'a, const WRITE_SIZE: usize>(pub &'a mut SimulatedFlash);

impl<const WRITE_SIZE: usize> ErrorType for WriteUnits<'_, WRITE_SIZE> {
    type Error = Fault;
}

impl<const WRITE_SIZE: usize> ReadNorFlash for WriteUnits<'_, WRITE_SIZE> {
    const READ_SIZE: usize = WORD;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<const WRITE_SIZE: usize> NorFlash for WriteUnits<'_, WRITE_SIZE> {
    const WRITE_SIZE: usize = WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.0.write(offset, bytes)
    }
}

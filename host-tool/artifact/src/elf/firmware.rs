//! Firmware, and what the linker says about it.

use super::error::ElfError;
use lifeboot_core::layout::{HANDOVER_LENGTH, Region};
use lifeboot_core::{Board, Slot};
use object::elf::RelocationType;

/// Firmware as it was linked for one slot of a board.
#[derive(Debug)]
pub struct Firmware {
    pub(super) board: &'static Board,
    pub(super) slot: Slot,
    pub(super) payload: Vec<u8>,
    pub(super) sections: Vec<Section>,
    pub(super) symbols: Vec<Symbol>,
    pub(super) relocations: Vec<Relocation>,
    pub(super) has_relocations: bool,
}

/// A section; its index is the ELF file's.
#[derive(Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Where it lies when the firmware runs.
    pub address: u32,
    /// Bytes.
    pub length: u32,
    /// Whether it takes part in the running firmware; a debug section or defmt's does not.
    pub allocated: bool,
    /// Where in the payload its bytes are loaded; `None` if it has none.
    pub payload_offset: Option<u32>,
}

/// A symbol; its index is the ELF file's.
#[derive(Debug)]
pub struct Symbol {
    /// Its name; a section's symbol has the section's.
    pub name: String,
    /// Its value: an address, of Thumb code with bit 0 set, or a number.
    pub value: u32,
    /// Bytes, 0 where the linker does not say.
    pub length: u32,
    /// What it belongs to.
    pub section: SymbolSection,
}

/// What a symbol belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolSection {
    /// Nothing: it is undefined.
    Undefined,
    /// No section: its value is absolute.
    Absolute,
    /// The section with this index.
    Section(usize),
}

/// A relocation that the linker applied to an allocated section and left on record.
#[derive(Clone, Copy, Debug)]
pub struct Relocation {
    /// The section that was changed.
    pub section: usize,
    /// The address in it.
    pub address: u32,
    /// The type, of IHI 0044 (ELF for the Arm Architecture).
    pub kind: RelocationType,
    /// The symbol that it refers to.
    pub symbol: usize,
}

impl Firmware {
    /// The board that it was read for.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// The slot that it is linked for.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// What the slot holds behind the header.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The sections, by index.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The symbols, by index.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The relocations of the allocated sections.
    pub fn relocations(&self) -> &[Relocation] {
        &self.relocations
    }

    /// Whether the linker left relocations on record (`--emit-relocs`).
    pub fn has_relocations(&self) -> bool {
        self.has_relocations
    }

    /// The addresses that an image's payload and table can take in the slot.
    pub fn room(&self) -> Region {
        Region { start: self.board.payload_address(self.slot), length: self.board.capacity() }
    }

    /// Whether an address lies where the image does: with payload and table, it moves to the other slot.
    pub fn is_in_image(&self, address: u32) -> bool {
        (self.room().start..self.room().end()).contains(&address)
    }

    /// Whether what lies in a section has another address in the other slot: code in flash has, code in RAM has not.
    pub fn moves(&self, section: usize) -> bool {
        let moves = |section: &Section| {
            // An empty section may stand right behind the last byte, and still goes where the image goes.
            section.allocated && (self.room().start..=self.room().end()).contains(&section.address)
        };
        self.sections.get(section).is_some_and(moves)
    }

    /// Where in the payload the byte is loaded that runs at `address` in a section.
    pub fn payload_offset(&self, section: usize, address: u32) -> Option<u32> {
        let section = self.sections.get(section)?;
        let inside = address.checked_sub(section.address).filter(|inside| *inside < section.length)?;
        section.payload_offset?.checked_add(inside)
    }

    /// The symbol and the section that a byte of the payload belongs to, in words.
    pub fn place_of(&self, offset: u32) -> String {
        let inside = |section: &Section| offset.checked_sub(section.payload_offset?).filter(|at| *at < section.length);
        let Some((index, section, at)) =
            self.sections.iter().enumerate().find_map(|(index, section)| Some((index, section, inside(section)?)))
        else {
            return "between sections".to_owned();
        };
        let address = section.address.wrapping_add(at);
        let symbol =
            self.symbols.iter().filter(|symbol| symbol.section == SymbolSection::Section(index) && symbol.length > 0);
        let symbol = symbol.filter(|symbol| (symbol.value & !1..).contains(&address));
        let symbol = symbol.max_by_key(|symbol| symbol.value);
        match symbol.filter(|symbol| address - (symbol.value & !1) < symbol.length) {
            Some(symbol) => format!("in `{}` ({})", symbol.name, section.name),
            None => format!("in section {}", section.name),
        }
    }

    /// What `lifeboot_core::verify` will require of the first two vectors, checked early.
    pub(super) fn check_vectors(&self) -> Result<(), ElfError> {
        let start = self.board.payload_address(self.slot);
        let vectors = self.sections.iter().find(|section| section.name == ".vector_table");
        if let Some(offset) = vectors.and_then(|section| section.payload_offset).filter(|offset| *offset != 0) {
            return Err(ElfError::VectorsNotFirst { found: start + offset, expected: start });
        }
        let word =
            |at| self.payload.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word));
        let (stack, entry) = (word(0), word(4));
        if stack <= self.board.ram.start + HANDOVER_LENGTH || stack > self.board.ram.end() || !stack.is_multiple_of(8) {
            return Err(ElfError::Stack(stack));
        }
        let inside = (entry & !1).checked_sub(start).is_some_and(|offset| (offset as usize) < self.payload.len());
        if inside && entry & 1 != 0 { Ok(()) } else { Err(ElfError::Entry(entry)) }
    }
}

//! Firmware, and what the linker recorded about it.

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
    pub(super) unread: Option<String>,
}

/// A section, identified by its index in the ELF file.
#[derive(Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Address of the section when the firmware runs.
    pub address: u32,
    /// Size in bytes.
    pub length: u32,
    /// The alignment that the linker gave it, in bytes.
    pub alignment: u32,
    /// Whether the section is part of the running firmware; debug sections and defmt's are not.
    pub allocated: bool,
    /// Whether the linker kept relocations of it on record.
    pub has_relocations: bool,
    /// Offset in the payload where its bytes are loaded; `None` if it has none.
    pub payload_offset: Option<u32>,
}

impl Section {
    /// Returns the section's content in a payload.
    pub fn content<'a>(&self, payload: &'a [u8]) -> &'a [u8] {
        let start = self.payload_offset.unwrap_or(u32::MAX) as usize;
        payload.get(start..start.saturating_add(self.length as usize)).unwrap_or_default()
    }

    /// Returns whether an address, with or without the bit of Thumb code, lies in the section or at its end.
    pub fn contains(&self, address: u32) -> bool {
        [address, address & !1]
            .iter()
            .any(|address| address.checked_sub(self.address).is_some_and(|offset| offset <= self.length))
    }
}

/// A symbol, identified by its index in the ELF file.
#[derive(Debug)]
pub struct Symbol {
    /// Its name; a section symbol has the section's name.
    pub name: String,
    /// Its value: an address (with bit 0 set for Thumb code) or a number.
    pub value: u32,
    /// Size in bytes; 0 if the linker does not say.
    pub length: u32,
    /// What the symbol is defined in.
    pub section: SymbolSection,
}

/// What a symbol is defined in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolSection {
    /// The symbol is undefined.
    Undefined,
    /// No section: the symbol's value is absolute.
    Absolute,
    /// The section with this index.
    Section(usize),
}

/// A relocation that the linker applied to an allocated section and kept on record.
#[derive(Clone, Copy, Debug)]
pub struct Relocation {
    /// The section that the linker changed.
    pub section: usize,
    /// The address that it changed.
    pub address: u32,
    /// The relocation type of IHI 0044 (ELF for the Arm Architecture).
    pub kind: RelocationType,
    /// The symbol that the relocation refers to.
    pub symbol: usize,
}

impl Firmware {
    /// Returns the board that the ELF file was read for.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// Returns the slot that the firmware is linked for.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Returns the payload: what the slot holds after the header.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the sections, by index.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Returns the symbols, by index.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Returns the relocations of the allocated sections.
    pub fn relocations(&self) -> &[Relocation] {
        &self.relocations
    }

    /// Returns whether the linker kept relocations on record (`--emit-relocs`).
    pub fn has_relocations(&self) -> bool {
        self.has_relocations
    }

    /// Returns the name of a section that seems to hold relocations of an allocated section, in a form that was not read.
    pub fn unread_relocations(&self) -> Option<&str> {
        self.unread.as_deref()
    }

    /// Returns the addresses that an image's payload and table may use in the slot.
    pub fn room(&self) -> Region {
        Region { start: self.board.payload_address(self.slot), length: self.board.capacity() }
    }

    /// Returns whether an address lies in the image's part of the slot, and so changes if the image moves to the other
    /// slot.
    pub fn is_in_image(&self, address: u32) -> bool {
        (self.room().start..self.room().end()).contains(&address)
    }

    /// Returns whether a section's content has another address in the other slot: code in flash has, code in RAM has
    /// not.
    pub fn moves(&self, section: usize) -> bool {
        let moves = |section: &Section| {
            // An empty section may lie right after the last byte, and still moves with the image.
            section.allocated && (self.room().start..=self.room().end()).contains(&section.address)
        };
        self.sections.get(section).is_some_and(moves)
    }

    /// Returns whether a symbol's value lies in its section, its end included; `None` if the symbol has no section.
    pub fn lies_in_its_section(&self, symbol: &Symbol) -> Option<bool> {
        let SymbolSection::Section(index) = symbol.section else { return None };
        Some(self.sections.get(index).is_some_and(|section| section.contains(symbol.value)))
    }

    /// Returns the payload offset from which the byte at `address` in a section is loaded.
    pub fn payload_offset(&self, section: usize, address: u32) -> Option<u32> {
        let section = self.sections.get(section)?;
        let inside = address.checked_sub(section.address).filter(|inside| *inside < section.length)?;
        section.payload_offset?.checked_add(inside)
    }

    /// Returns a description of the symbol and section that a byte of the payload belongs to.
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

    /// Checks that no section lies in the words at the start of RAM that the bootloader writes, or reaches out of the RAM. Memory
    /// beside it, such as an STM32F4's core-coupled RAM, is the firmware's own.
    pub(super) fn check_ram(&self) -> Result<(), ElfError> {
        let ram = self.board.ram;
        let shared = Region { start: ram.start, length: HANDOVER_LENGTH };
        let overlaps = |section: &Section, region: Region| {
            let (start, end) = (u64::from(section.address), u64::from(section.address) + u64::from(section.length));
            start < u64::from(region.end()) && u64::from(region.start) < end
        };
        for section in self.sections.iter().filter(|section| section.allocated && section.length > 0) {
            let end = u64::from(section.address) + u64::from(section.length);
            let place = || (section.name.clone(), section.address, end);
            if overlaps(section, shared) {
                let (section, start, end) = place();
                return Err(ElfError::InHandover { section, start, end, first: shared.end() });
            }
            if overlaps(section, ram) && (section.address < ram.start || end > u64::from(ram.end())) {
                let (section, start, end) = place();
                return Err(ElfError::OutsideRam { section, start, end, first: shared.end(), last: ram.end() });
            }
        }
        Ok(())
    }

    /// Checks early what `lifeboot_core::verify` will require of the first two vectors.
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

//! A firmware's ELF file: what of it goes into a slot, and what the linker says about it.
//!
//! The payload is what the segments hold, placed by physical (load) address from the board's payload address on, gaps
//! filled with 0xFF as erased flash is. It starts with the vector table; every byte of it lies in the slot that the
//! firmware is linked for. A segment's bytes in front of its first section are the ELF file's own headers, which `lld`
//! maps into memory where there is room for them: they are no firmware and are left out.
//!
//! Addresses in symbols and relocations are virtual: where code runs and data lies once it was copied to RAM. What
//! counts for an image is where a section's bytes are loaded; [`Firmware::payload_offset`] goes from one to the other.

mod read;

pub use read::board_of;
pub(crate) use read::loads;

use lifeboot_core::layout::{HANDOVER_LENGTH, Region};
use lifeboot_core::{Board, Slot};
use miette::Diagnostic;
use object::elf::RelocationType;
use thiserror::Error;

/// Firmware as it was linked for one slot of a board.
#[derive(Debug)]
pub struct Firmware {
    board: &'static Board,
    slot: Slot,
    payload: Vec<u8>,
    sections: Vec<Section>,
    symbols: Vec<Symbol>,
    relocations: Vec<Relocation>,
    has_relocations: bool,
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
    /// Where in the payload its bytes are loaded; `None` where it has none.
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
    pub home: Home,
}

/// What a symbol belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Nothing: it is undefined.
    Nowhere,
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

/// Why an ELF file is not firmware for a board.
#[derive(Debug, Error, Diagnostic)]
pub enum ElfError {
    /// The bytes are not an ELF file.
    #[error("not an ELF file")]
    #[diagnostic(help("give the file that the linker wrote, e.g. target/thumbv6m-none-eabi/release/firmware"))]
    NotElf,
    /// An ELF file, but damaged.
    #[error("the ELF file is damaged: {0}")]
    #[diagnostic(help("build the firmware again"))]
    Damaged(String),
    /// Not linked for a microcontroller.
    #[error("the ELF file is not an executable for a 32-bit little-endian Arm")]
    #[diagnostic(help(
        "build with --target thumbv6m-none-eabi, or the target of your chip, and give the linked program"
    ))]
    NotArm,
    /// Nothing starts at the payload address of either slot.
    #[error("the firmware starts at {address:#010x}, and board {board} wants it at {expected:#010x}{hint}")]
    #[diagnostic(help("link it with the memory.x that Lifeboot renders for the board: a line in build.rs does it"))]
    LinkedElsewhere {
        /// Its lowest address.
        address: u32,
        /// The board.
        board: &'static str,
        /// Slot A's payload address.
        expected: u32,
        /// Names the board that it fits, if there is one.
        hint: String,
    },
    /// There is nothing to load.
    #[error("the ELF file holds no bytes to load into flash")]
    #[diagnostic(help("link with -Tlink.x, so that the linker places the vector table and the code"))]
    Empty,
    /// A section would have to be written outside the slot.
    #[error(
        "{what} is loaded to {start:#010x}..{end:#010x}, outside slot {slot} (payload: {first:#010x}..{last:#010x})"
    )]
    #[diagnostic(help(
        "everything that an update brings must fit the slot: make it smaller, or take it out of the firmware"
    ))]
    OutsideSlot {
        /// The section or segment.
        what: String,
        /// Its first load address.
        start: u64,
        /// The load address behind it.
        end: u64,
        /// The slot.
        slot: Slot,
        /// First address that a payload may take.
        first: u32,
        /// The address behind the last.
        last: u32,
    },
    /// The vector table is somewhere else.
    #[error("the vector table is loaded to {found:#010x}; it must be first, at {expected:#010x}")]
    #[diagnostic(help("link with cortex-m-rt's link.x, which places .vector_table at the start of FLASH"))]
    VectorsNotFirst {
        /// Where it is.
        found: u32,
        /// Where it belongs.
        expected: u32,
    },
    /// The first vector is no stack pointer.
    #[error("the first vector, {0:#010x}, is no stack pointer: not in the firmware's RAM, or not a multiple of 8")]
    #[diagnostic(help("link with the memory.x that Lifeboot renders for the board, and place the vector table first"))]
    Stack(u32),
    /// The second vector is no entry point.
    #[error("the reset vector, {0:#010x}, is no Thumb code in the payload")]
    #[diagnostic(help("link with the memory.x that Lifeboot renders for the board, and place the vector table first"))]
    Entry(u32),
}

impl From<object::Error> for ElfError {
    fn from(error: object::Error) -> Self {
        ElfError::Damaged(error.to_string())
    }
}

impl Firmware {
    /// Reads an ELF file for `board`.
    pub fn parse(bytes: &[u8], board: &'static Board) -> Result<Firmware, ElfError> {
        let firmware = read::read(bytes, board)?;
        firmware.check_vectors()?;
        Ok(firmware)
    }

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
        let symbol = self.symbols.iter().filter(|symbol| symbol.home == Home::Section(index) && symbol.length > 0);
        let symbol = symbol.filter(|symbol| (symbol.value & !1..).contains(&address));
        let symbol = symbol.max_by_key(|symbol| symbol.value);
        match symbol.filter(|symbol| address - (symbol.value & !1) < symbol.length) {
            Some(symbol) => format!("in `{}` ({})", symbol.name, section.name),
            None => format!("in section {}", section.name),
        }
    }

    /// What `lifeboot_core::verify` will ask of the first two vectors, asked early.
    fn check_vectors(&self) -> Result<(), ElfError> {
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

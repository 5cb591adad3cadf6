//! Builds the relocation table from the linker's records: the places of a payload that hold an absolute address in the
//! image. Invariant: a reference that would be wrong in the other slot is either listed or an error.
//!
//! | the relocation writes | its symbol moves with the image | its symbol does not (RAM, ROM, a number) |
//! | --- | --- | --- |
//! | a word, or the upper half of an address | listed | unchanged |
//! | the lower half of an address | unchanged: slots are a multiple of 64 KiB apart, or an error | unchanged |
//! | an absolute address in any other form | error | unchanged |
//! | a distance, from a place in the image | correct in both slots | error, unless it is a branch to a thunk |
//! | a distance, from a place outside | error, unless it is a branch to a thunk | correct in both slots |
//!
//! A symbol moves if its section is allocated and lies in the slot. A symbol without a section is judged by its value;
//! one in a section that is not allocated (defmt's strings) is a number, whatever its value. Two checks find addresses
//! without a relocation: [`thunks`] are recognised, and vectors are checked. What a linker script writes itself
//! (`LONG(…)`) leaves no record at all; only the comparison with a relinked program finds it.

pub(crate) mod error;

pub use error::{Place, RelocationError};

use crate::elf::{Firmware, Relocation, Symbol, SymbolSection};
use crate::relocation_types::{Writes, name, slots_are_whole_64_kib_apart, writes};
use crate::thumb::{branch, half_move};
use crate::thunks::{self, Thunk};
use lifeboot_core::rebase::{Entry, Kind};

/// An entry of the relocation table, and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// The entry.
    pub entry: Entry,
    /// Index of the section that contains the place.
    pub section: String,
    /// Index of the symbol that the place refers to; for a thunk, the thunk's own symbol.
    pub symbol: String,
    /// Whether the entry belongs to a linker's thunk.
    pub is_thunk: bool,
}

/// Returns the relocation table of a program: sorted, disjoint, complete.
pub fn table(firmware: &Firmware) -> Result<Vec<TableEntry>, RelocationError> {
    if !firmware.has_relocations() {
        return Err(RelocationError::Missing);
    }
    check_linker_tables(firmware)?;
    let thunks = thunks::find(firmware)?;
    let mut table = Vec::new();
    for relocation in firmware.relocations() {
        table.extend(entry(firmware, &thunks, relocation)?);
    }
    for thunk in &thunks {
        table.extend(thunk_entry(firmware, thunk));
    }
    // A future linker may record the relocations of its thunks too.
    table.sort_by_key(|listed| (listed.entry.offset, listed.is_thunk));
    table.dedup_by_key(|listed| listed.entry);
    if let Some(pair) = table.windows(2).find(|pair| pair[0].entry.end() > pair[1].entry.offset) {
        return Err(RelocationError::Overlap(firmware.room().start + pair[1].entry.offset));
    }
    check_vectors(firmware, &table)?;
    Ok(table)
}

fn entry(
    firmware: &Firmware,
    thunks: &[Thunk],
    relocation: &Relocation,
) -> Result<Option<TableEntry>, RelocationError> {
    let place = || place(firmware, relocation);
    let in_image = firmware.moves(relocation.section);
    let writes = writes(relocation.kind);
    let kind = match writes {
        Writes::Nothing => return Ok(None),
        Writes::Unknown => return Err(RelocationError::UnknownType(place())),
        _ if !moves(firmware, relocation)? => match writes {
            Writes::Relative | Writes::Branch if in_image => return across(firmware, thunks, relocation),
            _ => return Ok(None),
        },
        Writes::Relative | Writes::Branch if in_image => return Ok(None),
        Writes::Relative | Writes::Branch => return across(firmware, thunks, relocation),
        Writes::Absolute => return Err(RelocationError::NotRepresentable(place())),
        Writes::LowerHalf | Writes::UpperHalf if !slots_are_whole_64_kib_apart(firmware.board()) => {
            return Err(RelocationError::Half(place(), firmware.board().name));
        }
        Writes::LowerHalf => return Ok(None),
        Writes::UpperHalf => Kind::UpperHalf,
        Writes::Word => Kind::Word,
    };
    let offset = firmware.payload_offset(relocation.section, relocation.address);
    let offset = offset.ok_or_else(|| RelocationError::NotLoaded(place()))?;
    if !offset.is_multiple_of(2) {
        return Err(RelocationError::Unaligned(place()));
    }
    let bytes = bytes_at(firmware, offset).ok_or_else(|| RelocationError::NotLoaded(place()))?;
    if kind == Kind::UpperHalf && !half_move(bytes[0], bytes[1]).is_some_and(|instruction| instruction.upper) {
        return Err(RelocationError::NoMovt(place()));
    }
    let section = firmware.sections()[relocation.section].name.clone();
    let symbol = symbol(firmware, relocation).map(|symbol| symbol.name.clone()).unwrap_or_default();
    Ok(Some(TableEntry { entry: Entry { offset, kind }, section, symbol, is_thunk: false }))
}

/// Checks a distance between image and RAM: correct only if the branch goes to a thunk on its own side, which was
/// checked when the thunk was found, or if there is nothing to call and the linker made the branch fall through.
fn across(
    firmware: &Firmware,
    thunks: &[Thunk],
    relocation: &Relocation,
) -> Result<Option<TableEntry>, RelocationError> {
    let decoded = || {
        let offset = firmware.payload_offset(relocation.section, relocation.address)?;
        let [first, second] = bytes_at(firmware, offset)?;
        branch(relocation.address, first, second)
    };
    if let Some(target) = decoded().filter(|_| writes(relocation.kind) == Writes::Branch) {
        let in_image = firmware.moves(relocation.section);
        let to_thunk = |thunk: &Thunk| thunk.address == target && firmware.moves(thunk.section) == in_image;
        let undefined = symbol(firmware, relocation).is_none_or(|symbol| symbol.section == SymbolSection::Undefined);
        if thunks.iter().any(to_thunk) || undefined && target == relocation.address.wrapping_add(4) {
            return Ok(None);
        }
    }
    Err(RelocationError::Crosses(place(firmware, relocation)))
}

/// Returns whether a relocation's symbol has another address in the other slot.
fn moves(firmware: &Firmware, relocation: &Relocation) -> Result<bool, RelocationError> {
    let Some(symbol) = symbol(firmware, relocation) else { return Ok(false) };
    match symbol.section {
        SymbolSection::Undefined => Ok(false),
        SymbolSection::Section(section) => Ok(firmware.moves(section)),
        SymbolSection::Absolute => {
            // `__sidata` lies right after the last byte if nothing is initialised, so the end is included.
            let (board, payload) = (firmware.board(), firmware.room().start);
            let slot = board.slot(firmware.slot());
            let slot = board.address(slot.start)..=board.address(slot.end());
            let end = payload + firmware.payload().len() as u32;
            match symbol.value {
                value if (payload..=end).contains(&value) => Ok(true),
                value if slot.contains(&value) => Err(RelocationError::NumberOrAddress(place(firmware, relocation))),
                _ => Ok(false),
            }
        }
    }
}

fn symbol<'a>(firmware: &'a Firmware, relocation: &Relocation) -> Option<&'a Symbol> {
    firmware.symbols().get(relocation.symbol)
}

fn place(firmware: &Firmware, relocation: &Relocation) -> Place {
    let section_name = |index: usize| firmware.sections().get(index).map_or("?", |section| &section.name).to_owned();
    let symbol = symbol(firmware, relocation);
    Place {
        kind: name(relocation.kind),
        section: section_name(relocation.section),
        address: relocation.address,
        symbol: symbol.map(|symbol| symbol.name.clone()).unwrap_or_default(),
        symbol_section: match symbol.map(|symbol| (symbol.section, symbol.value)) {
            None | Some((SymbolSection::Undefined, _)) => "undefined".to_owned(),
            Some((SymbolSection::Absolute, value)) => format!("absolute, {value:#010x}"),
            Some((SymbolSection::Section(index), value)) => format!("{}, {value:#010x}", section_name(index)),
        },
    }
}

fn thunk_entry(firmware: &Firmware, thunk: &Thunk) -> Option<TableEntry> {
    let (at, kind) = thunk.entry?;
    let offset = firmware.payload_offset(thunk.section, thunk.address)? + at;
    let section = firmware.sections()[thunk.section].name.clone();
    let symbol = firmware.symbols()[thunk.symbol].name.clone();
    Some(TableEntry { entry: Entry { offset, kind }, section, symbol, is_thunk: true })
}

/// Returns two halfwords of the payload.
fn bytes_at(firmware: &Firmware, offset: u32) -> Option<[u16; 2]> {
    let [a, b, c, d] = *firmware.payload().get(offset as usize..)?.first_chunk()?;
    Some([u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])])
}

/// Rejects global offset tables and the like: they hold addresses that no relocation of the program describes.
fn check_linker_tables(firmware: &Firmware) -> Result<(), RelocationError> {
    let is_table = |name: &str| [".got", ".plt", ".iplt"].iter().any(|table| name.starts_with(table));
    let found = firmware.sections().iter().find(|section| section.payload_offset.is_some() && is_table(&section.name));
    found.map_or(Ok(()), |section| Err(RelocationError::LinkerTable(section.name.clone())))
}

/// Checks that every vector that points into the image is listed: otherwise firmware would start and lose its
/// interrupts.
fn check_vectors(firmware: &Firmware, table: &[TableEntry]) -> Result<(), RelocationError> {
    const SYSTEM_VECTORS: u32 = 16; // Armv7-M ARM, table B1-4: the stack pointer and exceptions 1 to 15.
    let section = firmware.sections().iter().find(|section| section.name == ".vector_table");
    let count = section.map_or(0, |section| section.length / 4).max(SYSTEM_VECTORS);
    let payload = firmware.room().start..firmware.room().start + firmware.payload().len() as u32;
    for index in 0..count {
        let Some([low, high]) = bytes_at(firmware, 4 * index) else { break };
        let value = u32::from(high) << 16 | u32::from(low);
        let entry = Entry { offset: 4 * index, kind: Kind::Word };
        // Compares the address without its Thumb bit, which may lie after the last byte.
        let moves = index > 0 && payload.contains(&(value & !1));
        let listed = table.iter().find(|listed| listed.entry.end() > entry.offset && listed.entry.offset < entry.end());
        match listed {
            None if moves => return Err(RelocationError::Vector { index, value }),
            Some(listed) if index == 0 || moves && listed.entry != entry => {
                return Err(RelocationError::VectorMoves { index, value });
            }
            _ => {}
        }
    }
    Ok(())
}

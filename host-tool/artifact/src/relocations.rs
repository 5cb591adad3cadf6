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
//! A symbol moves if its section is allocated and lies in the slot, and its value lies in that section. One in a section that is
//! not allocated (defmt's strings, counted from 0) is a number, if its value lies in that section, and the section not in the slot.
//! A symbol without a section, or outside it, is judged by its value: outside the slot it stays, at the border of a section in the
//! slot it moves, elsewhere in the slot nothing tells what it is, which is an error.
//!
//! Four checks find addresses without a relocation: [`thunks`] are recognised, vectors are checked, and so are sections of which
//! nothing or not all is on record. What a linker script writes itself (`LONG(…)`, a number made of addresses that does not look
//! like one) leaves no record at all; only the comparison with a relinked program finds it.

pub(crate) mod error;
mod sections;

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
///
/// `relinked` is the same program linked for the other slot, if that is at hand. It decides what the records leave open, so a
/// comparison with it must follow.
///
/// # Errors
/// What cannot be rebased, or cannot be decided.
pub fn table(firmware: &Firmware, relinked: Option<&Firmware>) -> Result<Vec<TableEntry>, RelocationError> {
    if !firmware.has_relocations() && firmware.unread_relocations().is_none() {
        return Err(RelocationError::Missing);
    }
    sections::check_are_read(firmware)?;
    let thunks = thunks::find(firmware)?;
    sections::check(firmware, &thunks, relinked.is_some())?;
    check_linker_tables(firmware)?;
    let mut table = Vec::new();
    for relocation in firmware.relocations() {
        table.extend(entry(firmware, relinked, &thunks, relocation)?);
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
    relinked: Option<&Firmware>,
    thunks: &[Thunk],
    relocation: &Relocation,
) -> Result<Option<TableEntry>, RelocationError> {
    let place = || place(firmware, relocation);
    let in_image = firmware.moves(relocation.section);
    let writes = match writes(relocation.kind) {
        Writes::Either => address_or_distance(firmware, relocation)?,
        writes => writes,
    };
    let kind = match writes {
        Writes::Nothing => return Ok(None),
        Writes::Unknown | Writes::Either => return Err(RelocationError::UnknownType(place())),
        _ if !moves(firmware, relinked, relocation)? => match writes {
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

/// Returns what a relocation wrote whose meaning is the linker's choice: `R_ARM_TARGET1` (IHI 0044, section 4.6.1.8).
fn address_or_distance(firmware: &Firmware, relocation: &Relocation) -> Result<Writes, RelocationError> {
    let undecided = || RelocationError::AddressOrDistance(place(firmware, relocation));
    let Some(symbol) = symbol(firmware, relocation) else { return Ok(Writes::Word) };
    let offset = firmware.payload_offset(relocation.section, relocation.address).ok_or_else(undecided)?;
    let [low, high] = bytes_at(firmware, offset).ok_or_else(undecided)?;
    let word = u32::from(high) << 16 | u32::from(low);
    let fits = |value: u32| match symbol.section {
        // The end is left out: it may be another section's start.
        SymbolSection::Section(index) => firmware.sections().get(index).is_some_and(|section| {
            section.contains(value) && value & !1 != section.address.wrapping_add(section.length)
        }),
        SymbolSection::Undefined | SymbolSection::Absolute => value == symbol.value,
    };
    match (fits(word), fits(word.wrapping_add(relocation.address))) {
        (true, false) => Ok(Writes::Word),
        (false, true) => Ok(Writes::Relative),
        _ => Err(undecided()),
    }
}

/// Checks a distance between image and RAM: correct only if the branch goes to a thunk on its own side, which was
/// checked when the thunk was found, or if there is nothing to call and the linker made the call do nothing.
fn across(
    firmware: &Firmware,
    thunks: &[Thunk],
    relocation: &Relocation,
) -> Result<Option<TableEntry>, RelocationError> {
    let offset = firmware.payload_offset(relocation.section, relocation.address);
    let code = offset.and_then(|offset| bytes_at(firmware, offset));
    if let Some([first, second]) = code.filter(|_| writes(relocation.kind) == Writes::Branch) {
        let target = branch(relocation.address, first, second);
        let in_image = firmware.moves(relocation.section);
        let to_thunk = |thunk: &Thunk| Some(thunk.address) == target && firmware.moves(thunk.section) == in_image;
        let undefined = symbol(firmware, relocation).is_none_or(|symbol| symbol.section == SymbolSection::Undefined);
        let does_nothing = target == Some(relocation.address.wrapping_add(4)) || NO_CALL.contains(&[first, second]);
        if thunks.iter().any(to_thunk) || undefined && does_nothing {
            return Ok(None);
        }
    }
    Err(RelocationError::Crosses(place(firmware, relocation)))
}

/// What GNU ld makes of a call of an undefined weak function (`elf32_arm_final_link_relocate` in bfd/elf32-arm.c): `nop.w`, or
/// on Armv6-M `b .+4; nop`.
const NO_CALL: [[u16; 2]; 2] = [[0xf3af, 0x8000], [0xe000, 0xbf00]];

/// Returns whether a relocation's symbol has another address in the other slot.
fn moves(firmware: &Firmware, relinked: Option<&Firmware>, relocation: &Relocation) -> Result<bool, RelocationError> {
    let Some(symbol) = symbol(firmware, relocation) else { return Ok(false) };
    let decided = match symbol.section {
        SymbolSection::Undefined => by_value(firmware, symbol.value).filter(|moves| !moves),
        SymbolSection::Section(section) if !firmware.sections()[section].allocated => {
            let section = &firmware.sections()[section];
            let counts = !firmware.is_in_image(section.address) && section.contains(symbol.value);
            if counts { Some(false) } else { by_value(firmware, symbol.value).filter(|moves| !moves) }
        }
        SymbolSection::Section(section) if firmware.sections()[section].contains(symbol.value) => {
            Some(firmware.moves(section))
        }
        // Linkers give the symbols that a script defines the section that they happen to be in.
        SymbolSection::Section(_) => by_value(firmware, symbol.value).filter(|_| is_in_ram(firmware, symbol.value)),
        SymbolSection::Absolute => by_value(firmware, symbol.value),
    };
    let decided = decided.or_else(|| moved(firmware, relinked?, relocation));
    decided.ok_or_else(|| RelocationError::NumberOrAddress(place(firmware, relocation)))
}

/// Returns whether a value without a section, or outside its section, is an address in the image; `None` if nothing tells whether
/// it is that or a number.
fn by_value(firmware: &Firmware, value: u32) -> Option<bool> {
    let (board, payload) = (firmware.board(), firmware.room().start);
    let slot = board.slot(firmware.slot());
    let slot = board.address(slot.start)..=board.address(slot.end());
    if !slot.contains(&value) {
        return Some(false);
    }
    // Scripts name the borders of sections, as where they are loaded from: `__sidata`. With nothing to load there, that is the
    // end of what comes before, aligned.
    let is_border = firmware.sections().iter().any(|section| {
        let loaded = section.payload_offset.map(|offset| payload + offset);
        let runs = Some(section.address).filter(|_| section.allocated);
        [loaded, runs].into_iter().flatten().any(|start| {
            let end = start + section.length;
            value == start || [1, 4, 8, 16].iter().any(|unit| value == end.next_multiple_of(*unit))
        })
    });
    let names = |symbol: &Symbol| symbol.value == value && firmware.lies_in_its_section(symbol) == Some(true);
    (is_border || firmware.symbols().iter().any(names)).then_some(true)
}

fn is_in_ram(firmware: &Firmware, value: u32) -> bool {
    let ram = firmware.board().ram;
    (ram.start..=ram.end()).contains(&value)
}

/// Returns whether a word is another one in the relinked program; `None` if that is neither equal nor moved by the distance of
/// the slots.
fn moved(firmware: &Firmware, relinked: &Firmware, relocation: &Relocation) -> Option<bool> {
    let offset = firmware.payload_offset(relocation.section, relocation.address)?;
    let word =
        |firmware: &Firmware| bytes_at(firmware, offset).map(|[low, high]| u32::from(high) << 16 | u32::from(low));
    let difference = word(relinked)?.wrapping_sub(word(firmware)?);
    match difference {
        _ if writes(relocation.kind) != Writes::Word => None,
        0 => Some(false),
        _ => (difference == firmware.board().distance(firmware.slot(), relinked.slot())).then_some(true),
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

//! Parses an ELF file. Nothing in it is trusted before it is checked: a damaged file is an error, never a panic.

use super::bounds;
use super::error::ElfError;
use super::firmware::{Firmware, Relocation, Section, Symbol, SymbolSection};
use super::lost;
use super::raw::{Header, LITTLE, RawSection, loaded_range};
use crate::boards::from_map;
use crate::segment::{ERASED, Segment};
use lifeboot_core::layout::{BOARD_SYMBOL, MAP_LENGTH, MAP_SYMBOL};
use lifeboot_core::{Board, Slot};
use object::elf::{self, Rel32, Rela32, RelocationType, Sym32};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, SectionTable, Sym};
use object::{LittleEndian, SectionIndex};
use std::ops::Range;

impl Firmware {
    /// Reads an ELF file for `board`.
    pub fn parse(bytes: &[u8], board: &'static Board) -> Result<Firmware, ElfError> {
        let firmware = read(bytes, board)?;
        firmware.check_vectors()?;
        firmware.check_ram()?;
        Ok(firmware)
    }
}

/// Reads everything, but does not check vectors and RAM.
fn read(bytes: &[u8], board: &'static Board) -> Result<Firmware, ElfError> {
    let (_, table, segments) = open(bytes)?;
    match named_board(&table, bytes)? {
        Some(named) if named.name != board.name => {
            return Err(ElfError::OtherBoard { named: named.name, board: board.name });
        }
        Some(named) if !named.fits(board) => return Err(ElfError::OtherMap(board.name)),
        _ => {}
    }
    let slot = linked_slot(&segments, board)?;
    let mut firmware = Firmware {
        board,
        slot,
        payload: Vec::new(),
        sections: Vec::new(),
        symbols: Vec::new(),
        relocations: Vec::new(),
        has_relocations: false,
        unread: None,
    };
    read_sections(&mut firmware, &table, &segments)?;
    firmware.payload = payload(&firmware, &segments)?;
    read_linkage(&mut firmware, &table, bytes)?;
    Ok(firmware)
}

/// Returns the board that the firmware in an ELF file names, by the symbols that Lifeboot's `memory.x` defines; `None` if it names
/// none.
///
/// # Errors
/// [`ElfError`] if it is not an executable for Arm, names two boards, or holds no map or one that contradicts itself.
pub fn board_of(bytes: &[u8]) -> Result<Option<&'static Board>, ElfError> {
    let (_, table, _) = open(bytes)?;
    named_board(&table, bytes)
}

fn named_board(table: &SectionTable<'_, Header>, bytes: &[u8]) -> Result<Option<&'static Board>, ElfError> {
    let symbols = table.symbols(LITTLE, bytes, elf::SHT_SYMTAB)?;
    let (mut found, mut map, mut words) = (None::<String>, [0; MAP_LENGTH], 0);
    for raw in symbols.iter() {
        let name = raw.name(LITTLE, symbols.strings())?;
        if let Some(name) = name.strip_prefix(BOARD_SYMBOL.as_bytes()) {
            let name = String::from_utf8_lossy(name).into_owned();
            if let Some(other) = found.replace(name.clone()).filter(|other| *other != name) {
                return Err(ElfError::TwoBoards { first: other, second: name });
            }
        }
        let number = name.strip_prefix(MAP_SYMBOL.as_bytes()).and_then(|number| std::str::from_utf8(number).ok());
        let place = number.and_then(|number| map.as_chunks_mut().0.get_mut(number.parse::<usize>().ok()?));
        if let Some(place) = place {
            *place = raw.st_value(LITTLE).to_le_bytes();
            words += 1;
        }
    }
    let Some(name) = found else { return Ok(None) };
    if words != MAP_LENGTH / 4 {
        return Err(ElfError::NoMap(name));
    }
    Ok(Some(from_map(&name, &map)?))
}

/// Returns the segments that any executable loads, and its entry point.
pub fn loads(bytes: &[u8]) -> Result<(Vec<Segment>, u32), ElfError> {
    let (header, _, segments) = open(bytes)?;
    let loaded =
        segments.iter().map(|segment| Segment { address: segment.load_address, bytes: segment.bytes.to_vec() });
    Ok((loaded.collect(), header.e_entry(LITTLE)))
}

/// Checks that a file is an executable for Arm, and that no reader of it takes unreasonable memory.
///
/// # Errors
/// [`ElfError`] if it is not.
pub fn check(bytes: &[u8]) -> Result<(), ElfError> {
    open(bytes).map(drop)
}

pub(super) type Opened<'a> = (&'a Header, SectionTable<'a, Header>, Vec<FileSegment<'a>>);

pub(super) fn open(bytes: &[u8]) -> Result<Opened<'_>, ElfError> {
    if !bytes.starts_with(&elf::ELFMAG) {
        return Err(ElfError::NotElf);
    }
    let header = Header::parse(bytes).map_err(|_| ElfError::NotArm)?;
    let is_executable = header.e_type(LITTLE) == elf::ET_EXEC && header.e_machine(LITTLE) == elf::EM_ARM;
    if !header.is_little_endian() || !is_executable {
        return Err(ElfError::NotArm);
    }
    let table = header.sections(LITTLE, bytes)?;
    bounds::check(header, &table, bytes)?;
    lost::check(header, &table, bytes)?;
    let segments = segments(header, bytes, &table)?;
    Ok((header, table, segments))
}

/// Bytes to load: their range in the file, and their load address.
pub(super) struct FileSegment<'a> {
    bytes: &'a [u8],
    file_offset: u64,
    load_address: u32,
}

impl FileSegment<'_> {
    fn loads(&self) -> Range<u64> {
        let start = u64::from(self.load_address);
        start..start + self.bytes.len() as u64
    }

    /// Returns the load address of a range of the file's bytes, if it lies in this segment.
    fn load_address(&self, (offset, length): (u64, u64)) -> Option<u32> {
        let inside = offset.checked_sub(self.file_offset)?;
        let fits = inside.checked_add(length)? <= self.bytes.len() as u64;
        self.load_address.checked_add(inside as u32).filter(|_| fits)
    }
}

/// Returns the segments that hold bytes of sections, each starting at its first section.
fn segments<'a>(
    header: &Header,
    bytes: &'a [u8],
    table: &SectionTable<'a, Header>,
) -> Result<Vec<FileSegment<'a>>, ElfError> {
    let mut segments = Vec::new();
    for raw in header.program_headers(LITTLE, bytes)? {
        let (start, length) = raw.file_range(LITTLE);
        if raw.p_type(LITTLE) != elf::PT_LOAD || length == 0 {
            continue;
        }
        let data = raw.data(LITTLE, bytes).map_err(|()| damaged("a segment reaches past its end"))?;
        let starts = table.iter().filter_map(loaded_range).map(|(offset, _)| offset);
        let Some(first) = starts.filter(|offset| (start..start + length).contains(offset)).min() else { continue };
        segments.push(FileSegment {
            bytes: data.get((first - start) as usize..).unwrap_or_default(),
            file_offset: first,
            load_address: raw.p_paddr(LITTLE).wrapping_add((first - start) as u32),
        });
    }
    Ok(segments)
}

fn linked_slot(segments: &[FileSegment], board: &'static Board) -> Result<Slot, ElfError> {
    if let Some(slot) = Slot::BOTH.into_iter().find(|slot| starts_in(segments, board, *slot)) {
        return Ok(slot);
    }
    let address = segments.iter().map(|segment| segment.load_address).min().ok_or(ElfError::Empty)?;
    Err(ElfError::LinkedElsewhere { address, board: board.name, expected: board.payload_address(Slot::A) })
}

fn starts_in(segments: &[FileSegment], board: &Board, slot: Slot) -> bool {
    segments.iter().any(|segment| segment.load_address == board.payload_address(slot))
}

fn read_sections(
    firmware: &mut Firmware,
    table: &SectionTable<'_, Header>,
    segments: &[FileSegment],
) -> Result<(), ElfError> {
    for raw in table.iter() {
        let name = String::from_utf8_lossy(table.section_name(LITTLE, raw)?).into_owned();
        let length = raw.sh_size(LITTLE);
        let range = loaded_range(raw);
        let loaded = range.and_then(|range| segments.iter().find_map(|segment| segment.load_address(range)));
        let payload_offset = match loaded {
            None if range.is_some() => return Err(ElfError::InNoSegment(name)),
            Some(start) => {
                let range = u64::from(start)..u64::from(start) + u64::from(length);
                check_inside(firmware, range, || format!("section {name}"))?;
                Some(start - firmware.room().start)
            }
            None => None,
        };
        let allocated = raw.sh_flags(LITTLE).contains(elf::SHF_ALLOC);
        firmware.sections.push(Section {
            name,
            address: raw.sh_addr(LITTLE),
            length,
            alignment: raw.sh_addralign(LITTLE),
            allocated,
            has_relocations: false,
            payload_offset,
        });
    }
    let loaded = firmware.sections.iter().filter_map(|section| Some((section.payload_offset?, section)));
    let start = u64::from(firmware.room().start);
    check_disjoint(loaded.map(|(offset, section)| {
        let first = start + u64::from(offset);
        (first..first + u64::from(section.length), format!("section {}", section.name))
    }))
}

fn check_inside(firmware: &Firmware, range: Range<u64>, what: impl Fn() -> String) -> Result<(), ElfError> {
    let (room, slot) = (firmware.room(), firmware.slot);
    if u64::from(room.start) <= range.start && range.end <= u64::from(room.end()) {
        return Ok(());
    }
    let (start, end) = (range.start, range.end);
    Err(ElfError::OutsideSlot { what: what(), start, end, slot, first: room.start, last: room.end() })
}

/// Checks that no two of these ranges, which have names, overlap.
fn check_disjoint(ranges: impl Iterator<Item = (Range<u64>, String)>) -> Result<(), ElfError> {
    let mut ranges: Vec<_> = ranges.filter(|(range, _)| !range.is_empty()).collect();
    ranges.sort_by_key(|(range, _)| (range.start, range.end));
    match ranges.windows(2).find(|pair| pair[0].0.end > pair[1].0.start) {
        Some([(_, first), (range, second)]) => {
            Err(ElfError::Overlap { first: first.clone(), second: second.clone(), address: range.start })
        }
        _ => Ok(()),
    }
}

fn payload(firmware: &Firmware, segments: &[FileSegment]) -> Result<Vec<u8>, ElfError> {
    let start = u64::from(firmware.room().start);
    let name = |segment: &FileSegment| format!("the segment at {:#x} of the file", segment.file_offset);
    check_disjoint(segments.iter().map(|segment| (segment.loads(), name(segment))))?;
    let mut payload = Vec::new();
    for segment in segments {
        let range = segment.loads();
        check_inside(firmware, range.clone(), || name(segment))?;
        let (from, to) = ((range.start - start) as usize, (range.end - start) as usize);
        payload.resize(payload.len().max(to), ERASED);
        payload[from..to].copy_from_slice(segment.bytes);
    }
    Ok(payload)
}

/// Reads the symbols, and the relocations of allocated sections that the linker kept on record.
fn read_linkage(firmware: &mut Firmware, table: &SectionTable<'_, Header>, bytes: &[u8]) -> Result<(), ElfError> {
    let symbols = table.symbols(LITTLE, bytes, elf::SHT_SYMTAB)?;
    for raw in symbols.iter() {
        let symbol = symbol(raw, raw.name(LITTLE, symbols.strings())?, &firmware.sections)?;
        firmware.symbols.push(symbol);
    }
    firmware.unread = unread_by_name(&firmware.sections, table);
    for (index, raw) in table.enumerate() {
        let section = raw.info_link(LITTLE).0;
        // Relocations that are themselves loaded are for a dynamic linker, which does not exist here.
        let loaded = raw.sh_flags(LITTLE).contains(elf::SHF_ALLOC);
        if loaded || !firmware.sections.get(section).is_some_and(|section| section.allocated) {
            continue;
        }
        let Some((list, link)) = on_record(raw, bytes)? else {
            if CARRY_RELOCATIONS.contains(&raw.sh_type(LITTLE).0) {
                firmware.unread = firmware.sections.get(index.0).map(|section| section.name.clone());
            }
            continue;
        };
        if link != symbols.section() && link != SectionIndex(0) {
            return Err(damaged("its relocations refer to a second symbol table"));
        }
        firmware.has_relocations |= !list.is_empty();
        firmware.sections[section].has_relocations |= !list.is_empty();
        for (address, kind, symbol) in list {
            let symbol = symbol as usize;
            if symbol >= firmware.symbols.len().max(1) {
                return Err(damaged("a relocation refers to a symbol that does not exist"));
            }
            firmware.relocations.push(Relocation { section, address, kind, symbol });
        }
    }
    Ok(())
}

/// Types of sections that hold relocations in other forms: CREL, as LLVM 20 and newer write it, RELR, and Android's
/// (`llvm/include/llvm/BinaryFormat/ELF.h`).
const CARRY_RELOCATIONS: [u32; 5] = [0x4000_0014, 19, 0x6000_0001, 0x6000_0002, 0x6fff_ff00];

/// Returns the name of a section that by its name holds the relocations of a loaded section, but does not by its type, or names
/// another section: something has changed it after linking.
fn unread_by_name(sections: &[Section], table: &SectionTable<'_, Header>) -> Option<String> {
    let is_unread = |(index, raw): (SectionIndex, &RawSection)| {
        let name = &sections.get(index.0)?.name;
        let target = [".rela", ".rel", ".crel"].iter().find_map(|prefix| {
            let target = name.strip_prefix(prefix)?;
            sections.iter().position(|section| section.name == target && section.payload_offset.is_some())
        })?;
        let is_read = matches!(raw.sh_type(LITTLE), elf::SHT_REL | elf::SHT_RELA) && raw.info_link(LITTLE).0 == target;
        (!is_read).then(|| name.clone())
    };
    table.enumerate().find_map(is_unread)
}

/// Address, type and symbol of a relocation.
type OnRecord = (u32, RelocationType, u32);

/// Returns the relocations in a relocation section, and the symbol table that they refer to.
fn on_record(raw: &RawSection, bytes: &[u8]) -> Result<Option<(Vec<OnRecord>, SectionIndex)>, ElfError> {
    if let Some((entries, link)) = raw.rel(LITTLE, bytes)? {
        let fields =
            |entry: &Rel32<LittleEndian>| (entry.r_offset.get(LITTLE), entry.r_type(LITTLE), entry.r_sym(LITTLE));
        return Ok(Some((entries.iter().map(fields).collect(), link)));
    }
    // The linker has already written the whole address, with or without an addend on record.
    let fields = |entry: &Rela32<LittleEndian>| (entry.r_offset.get(LITTLE), entry.r_type(LITTLE), entry.r_sym(LITTLE));
    Ok(raw.rela(LITTLE, bytes)?.map(|(entries, link)| (entries.iter().map(fields).collect(), link)))
}

fn damaged(how: &str) -> ElfError {
    ElfError::Damaged(how.to_owned())
}

fn symbol(raw: &Sym32<LittleEndian>, name: &[u8], sections: &[Section]) -> Result<Symbol, ElfError> {
    let section = match raw.st_shndx(LITTLE) {
        elf::SHN_UNDEF => SymbolSection::Undefined,
        elf::SHN_ABS => SymbolSection::Absolute,
        index => SymbolSection::Section(usize::from(index.0)),
    };
    let name = match section {
        SymbolSection::Section(index) => {
            let section = sections.get(index).ok_or_else(|| damaged("a symbol's section does not exist"))?;
            if raw.st_type() == elf::STT_SECTION { section.name.clone() } else { String::from_utf8_lossy(name).into() }
        }
        _ => String::from_utf8_lossy(name).into(),
    };
    Ok(Symbol { name, value: raw.st_value(LITTLE), length: raw.st_size(LITTLE), section })
}

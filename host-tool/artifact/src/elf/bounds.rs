//! How much an ELF file may ask for. A file of a megabyte can name gigabytes: symbols, sections and segments may all
//! refer to the same long name or the same bytes. Each bound is a multiple of what firmware for these boards has.

use super::error::ElfError;
use super::raw::{Header, LITTLE};
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, SectionTable, Sym};

/// Most program headers.
const SEGMENTS: usize = 256;
/// Most sections.
const SECTIONS: usize = 1 << 14;
/// Most symbols.
const SYMBOLS: usize = 1 << 18;
/// Most relocations of sections that are loaded.
const RELOCATIONS: usize = 1 << 20;
/// Most bytes of all names, each counted as often as something has it.
const NAMES: usize = 16 << 20;
/// Most bytes that are loaded.
const LOADED: u64 = 32 << 20;
/// Most bytes of sections that are compressed, unpacked.
const UNPACKED: u64 = 64 << 20;

/// Fails if reading the file would take more memory or time than firmware does.
pub(super) fn check(header: &Header, table: &SectionTable<'_, Header>, bytes: &[u8]) -> Result<(), ElfError> {
    let segments = header.program_headers(LITTLE, bytes)?;
    at_most("segments", segments.len(), SEGMENTS)?;
    at_most("sections", table.len(), SECTIONS)?;
    let loads = segments.iter().filter(|segment| segment.p_type(LITTLE) == elf::PT_LOAD);
    let loaded: u64 = loads.map(|segment| u64::from(segment.p_filesz(LITTLE))).sum();
    at_most("bytes to load", loaded, LOADED)?;
    let symbols = table.symbols(LITTLE, bytes, elf::SHT_SYMTAB)?;
    at_most("symbols", symbols.len(), SYMBOLS)?;

    // Names are not counted further than to the bound: counting them would take too long.
    let mut names = 0;
    for raw in table.iter() {
        names += table.section_name(LITTLE, raw)?.len();
        at_most("bytes in names", names, NAMES)?;
    }
    for raw in symbols.iter() {
        names += raw.name(LITTLE, symbols.strings())?.len();
        if raw.st_type() == elf::STT_SECTION {
            let section = table.section(object::SectionIndex(usize::from(raw.st_shndx(LITTLE).0)));
            names += section.and_then(|section| table.section_name(LITTLE, section)).map_or(0, <[u8]>::len);
        }
        at_most("bytes in names", names, NAMES)?;
    }

    let (mut relocations, mut unpacked) = (0, 0_u64);
    for raw in table.iter() {
        let changed = table.section(raw.info_link(LITTLE));
        if changed.is_ok_and(|section| section.sh_flags(LITTLE).contains(elf::SHF_ALLOC)) {
            relocations += raw.rel(LITTLE, bytes)?.map_or(0, |(entries, _)| entries.len());
            relocations += raw.rela(LITTLE, bytes)?.map_or(0, |(entries, _)| entries.len());
            at_most("relocations", relocations, RELOCATIONS)?;
        }
        if let Some((compression, ..)) = raw.compression(LITTLE, bytes)? {
            unpacked = unpacked.saturating_add(u64::from(compression.ch_size.get(LITTLE)));
            at_most("bytes in compressed sections", unpacked, UNPACKED)?;
        }
    }
    Ok(())
}

fn at_most<T: PartialOrd + std::fmt::Display>(what: &'static str, found: T, most: T) -> Result<(), ElfError> {
    if found > most { Err(ElfError::TooMuch { what, most: most.to_string() }) } else { Ok(()) }
}

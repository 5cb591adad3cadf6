//! How large a program's types are, by its debugging information (DWARF 5, 5.7).

use anyhow::{Context, Result};
use gimli::{AttributeValue, DW_AT_byte_size, DW_AT_name, DW_TAG_structure_type, Dwarf, EndianSlice, LittleEndian};
use object::{Object, ObjectSection};
use std::borrow::Cow;
use std::fs;
use std::path::Path;

/// Bytes of the largest structure whose name, without its module, begins so.
pub fn size(elf: &Path, name: &str) -> Result<u64> {
    let bytes = fs::read(elf)?;
    let file = object::File::parse(&*bytes)?;
    let section = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>> {
        let section = file.section_by_name(id.name());
        Ok(section.map_or(Ok(Cow::Borrowed(&[][..])), |section| section.uncompressed_data())?)
    };
    let sections = gimli::DwarfSections::load(section)?;
    let dwarf = sections.borrow(|section| EndianSlice::new(section, LittleEndian));
    let mut sizes = Vec::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        let unit = dwarf.unit(header)?;
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            let is_named =
                || named(&dwarf, &unit, entry.attr_value(DW_AT_name)).is_some_and(|found| found.starts_with(name));
            if entry.tag() == DW_TAG_structure_type && is_named() {
                sizes.extend(entry.attr_value(DW_AT_byte_size).and_then(|size| size.udata_value()));
            }
        }
    }
    sizes.into_iter().max().with_context(|| format!("{} has no type {name}", elf.display()))
}

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// A name's text.
fn named<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    unit: &gimli::Unit<Slice<'a>>,
    name: Option<AttributeValue<Slice<'a>>>,
) -> Option<Cow<'a, str>> {
    dwarf.attr_string(unit, name?).ok().map(|name| name.to_string_lossy())
}

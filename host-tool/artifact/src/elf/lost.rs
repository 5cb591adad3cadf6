//! Finds what a segment loads and no image would hold.

use super::error::ElfError;
use super::raw::{Header, LITTLE, loaded_range};
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, SectionTable};
use std::ops::Range;

/// Checks that the bytes which segments load are those of allocated sections, as far as they are not padding or the file's own
/// headers, with which the first segment may start.
///
/// # Errors
/// [`ElfError::NotAllocated`], [`ElfError::NoSection`]
pub(super) fn check(header: &Header, table: &SectionTable<'_, Header>, bytes: &[u8]) -> Result<(), ElfError> {
    let program_headers = header.program_headers(LITTLE, bytes)?;
    let headers = u64::from(header.e_phoff.get(LITTLE)) + size_of_val(program_headers) as u64;
    let held: Vec<Range<u64>> = table.iter().filter_map(loaded_range).map(range).collect();
    for raw in program_headers.iter().filter(|raw| raw.p_type(LITTLE) == elf::PT_LOAD) {
        let loaded = range(raw.file_range(LITTLE));
        for section in table.iter() {
            let allocated = section.sh_flags(LITTLE).contains(elf::SHF_ALLOC);
            let place = section.file_range(LITTLE).map(range).filter(|_| !allocated);
            if place.is_some_and(|place| place.start < loaded.end && loaded.start < place.end) {
                let name = String::from_utf8_lossy(table.section_name(LITTLE, section)?).into_owned();
                return Err(ElfError::NotAllocated(name));
            }
        }
        // From the first section on, a segment is loaded whole.
        let first = held.iter().map(|section| section.start).filter(|start| loaded.contains(start)).min();
        let before = loaded.start.max(headers)..first.unwrap_or(loaded.end);
        let lost = bytes.get(before.start as usize..before.end as usize).unwrap_or_default();
        if lost.iter().any(|byte| *byte != 0) {
            return Err(ElfError::NoSection(raw.p_paddr(LITTLE)));
        }
    }
    Ok(())
}

fn range((start, length): (u64, u64)) -> Range<u64> {
    start..start.saturating_add(length)
}

//! The records of an ELF file of 32 bits, as its readers share them.

use object::LittleEndian;
use object::elf::{self, FileHeader32, SectionHeader32};
use object::read::elf::SectionHeader;

pub(super) type Header = FileHeader32<LittleEndian>;
pub(super) type RawSection = SectionHeader32<LittleEndian>;
pub(super) const LITTLE: LittleEndian = LittleEndian;

/// Returns the file range of a section whose bytes are loaded.
pub(super) fn loaded_range(raw: &RawSection) -> Option<(u64, u64)> {
    let allocated = raw.sh_flags(LITTLE).contains(elf::SHF_ALLOC);
    raw.file_range(LITTLE).filter(|(_, length)| allocated && *length > 0)
}

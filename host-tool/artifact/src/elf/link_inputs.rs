//! What firmware was linked with, beside its own code and data, as far as its ELF file shows.

use super::error::ElfError;
use super::raw::LITTLE;
use super::read::open;
use object::SectionIndex;
use object::elf;
use object::read::elf::{SectionHeader, Sym};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Returns a digest of what firmware was linked with. Code and data may change without changing it; a linker script, the
/// linker, the compiler, and a kind of relocation that a section did not have before do change it.
///
/// # Errors
/// [`ElfError`] if it is not an executable for Arm.
pub fn link_inputs(bytes: &[u8]) -> Result<[u8; 32], ElfError> {
    let (_, table, _) = open(bytes)?;
    // Sorted, since the order of symbols and relocations follows the code.
    let mut seen: BTreeSet<(&str, Vec<u8>)> = BTreeSet::new();
    for raw in table.iter() {
        let name = table.section_name(LITTLE, raw)?;
        let changed = table.section(raw.info_link(LITTLE)).ok().filter(|_| raw.sh_info(LITTLE) != 0);
        if raw.sh_flags(LITTLE).contains(elf::SHF_ALLOC) {
            let kind = raw.sh_type(LITTLE).0.to_le_bytes();
            let flags = raw.sh_flags(LITTLE).0.to_le_bytes();
            seen.insert(("section", [name, &kind, &flags].concat()));
        } else if name == b".comment" {
            // The compilers and the linker, each with its version.
            seen.insert(("made by", raw.data(LITTLE, bytes)?.to_vec()));
        } else if changed.is_some_and(|changed| changed.sh_flags(LITTLE).contains(elf::SHF_ALLOC)) {
            let rel = raw.rel(LITTLE, bytes)?.map_or(&[][..], |(entries, _)| entries);
            let rela = raw.rela(LITTLE, bytes)?.map_or(&[][..], |(entries, _)| entries);
            let kinds =
                rel.iter().map(|entry| entry.r_type(LITTLE)).chain(rela.iter().map(|entry| entry.r_type(LITTLE)));
            let kinds: BTreeSet<u32> = kinds.map(|kind| kind.0).collect();
            seen.extend(kinds.into_iter().map(|kind| ("relocation", [name, &kind.to_le_bytes()].concat())));
        }
    }
    let symbols = table.symbols(LITTLE, bytes, elf::SHT_SYMTAB)?;
    for raw in symbols.iter() {
        // What a linker script or the command line defines has no type.
        let is_global = raw.st_bind() == elf::STB_GLOBAL;
        let section = SectionIndex(usize::from(raw.st_shndx(LITTLE).0));
        if is_global && raw.st_type() == elf::STT_NOTYPE && section.0 != 0 {
            let name = raw.name(LITTLE, symbols.strings())?;
            // The flash map is what the values of these are.
            let map = if name.starts_with(b"__lifeboot_") { raw.st_value(LITTLE) } else { 0 };
            seen.insert(("symbol", [name, &map.to_le_bytes()].concat()));
        }
    }
    let mut digest = Sha256::new();
    for (kind, what) in seen {
        digest.update(kind);
        digest.update((what.len() as u64).to_le_bytes());
        digest.update(what);
    }
    Ok(digest.finalize().into())
}

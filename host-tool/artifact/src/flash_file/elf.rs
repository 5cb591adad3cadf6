//! Writes an executable with a segment for each run of bytes. Each has a section as well: gdb's `load`, openocd and
//! probe-rs use a segment only if a section lies in it.

use super::format::{FlashFileError, Format};
use crate::segment::Segment;
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, Writer};
use object::{Endianness, elf};

/// Alignment of the segments in the file; their addresses are multiples of more.
const ALIGN: u64 = 4;

/// ELF for the Arm Architecture (IHI 0044), 5.2: version 5 of the EABI.
const FLAGS: elf::FileFlags = elf::FileFlags(0x0500_0000);

pub fn write(segments: &[(&'static str, Segment)], entry: u32) -> Result<Vec<u8>, FlashFileError> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(Endianness::Little, false, &mut bytes);
    let failed = |_| FlashFileError::TooLarge(Format::Elf);

    writer.reserve_file_header();
    writer.reserve_program_headers(segments.len() as u32);
    let offsets: Vec<u64> =
        segments.iter().map(|(_, segment)| writer.reserve(segment.bytes.len() as u64, ALIGN)).collect();
    writer.reserve_null_section_index();
    let names: Vec<_> = segments.iter().map(|(name, _)| writer.add_section_name(name.as_bytes())).collect();
    for _ in segments {
        writer.reserve_section_index();
    }
    writer.reserve_shstrtab_section_index();
    writer.reserve_shstrtab().map_err(failed)?;
    writer.reserve_section_headers();

    let header = FileHeader {
        os_abi: elf::ELFOSABI_NONE,
        abi_version: 0,
        e_type: elf::ET_EXEC,
        e_machine: elf::EM_ARM,
        e_entry: entry.into(),
        e_flags: FLAGS,
    };
    writer.write_file_header(&header).map_err(failed)?;
    writer.write_align_program_headers();
    for ((_, segment), offset) in segments.iter().zip(&offsets) {
        let length = segment.bytes.len() as u64;
        writer.write_program_header(&ProgramHeader {
            p_type: elf::PT_LOAD,
            p_flags: elf::PF_R | elf::PF_X,
            p_offset: *offset,
            p_vaddr: segment.address.into(),
            p_paddr: segment.address.into(),
            p_filesz: length,
            p_memsz: length,
            p_align: ALIGN,
        });
    }
    for ((_, segment), offset) in segments.iter().zip(&offsets) {
        writer.pad_until(*offset);
        writer.write(&segment.bytes);
    }
    writer.write_shstrtab();
    writer.write_null_section_header();
    for (((_, segment), offset), name) in segments.iter().zip(&offsets).zip(&names) {
        writer.write_section_header(&SectionHeader {
            sh_name: writer.section_name_offset(Some(*name)),
            sh_type: elf::SHT_PROGBITS,
            sh_flags: elf::SHF_ALLOC | elf::SHF_EXECINSTR,
            sh_addr: segment.address.into(),
            sh_offset: *offset,
            sh_size: segment.bytes.len() as u64,
            sh_link: 0,
            sh_info: 0,
            sh_addralign: ALIGN,
            sh_entsize: 0,
        });
    }
    writer.write_shstrtab_section_header();
    drop(writer);
    Ok(bytes)
}

//! A small program as a linker would write it: vectors, code, constants, initialised data that runs in RAM, zeroed
//! data, and defmt's strings, which are not part of the running firmware. Tests add what they need.

use lifeboot_artifact::elf::Firmware;
use lifeboot_core::info::{BootloaderInfo, INFO_LENGTH};
use lifeboot_core::layout::{BOARD_SYMBOL, MAP_SYMBOL};
use lifeboot_core::{Board, Slot};
use lifeboot_example_boards::{MICROBIT, PICO, STM32F405};
use object::Endianness;
use object::elf::{self, RelocationType};
use object::write::elf::{FileHeader, ProgramHeader, Rel, SectionHeader, SectionIndex, Sym, Writer};

/// A board whose slots are not a multiple of 64 KiB apart.
pub static SMALL: &Board = &MICROBIT;
/// A board whose slots are a multiple of 64 KiB apart.
pub static LARGE: &Board = &STM32F405;

/// Their board files.
pub const SMALL_FILE: &str = include_str!("../../../firmware-example/boards/microbit.toml");
pub const LARGE_FILE: &str = include_str!("../../../firmware-example/boards/stm32f405.toml");

/// The id by which the boot ROM of an RP2040 knows its UF2 files.
pub const RP2040: u32 = 0xe48b_ff56;

/// Sections of every program here, by index in the ELF file.
pub const VECTORS: u32 = 1;
pub const TEXT: u32 = 2;
pub const RODATA: u32 = 3;
pub const DATA: u32 = 4;
pub const BSS: u32 = 5;
pub const DEFMT: u32 = 6;

/// Where the sections start in the payload.
pub const TEXT_OFFSET: u32 = 0x40;
pub const RODATA_OFFSET: u32 = 0x80;
pub const DATA_OFFSET: u32 = 0xa0;
pub const PAYLOAD_LENGTH: u32 = 0xc0;

/// Symbols of every program here, by index in the ELF file.
pub const MAIN: u32 = 1;
pub const CONSTANT: u32 = 2;
pub const VARIABLE: u32 = 3;
pub const RAM_FUNCTION: u32 = 4;
pub const ZEROED: u32 = 5;
pub const LOG_STRING: u32 = 6;
pub const DATA_LOAD: u32 = 7;
pub const UNDEFINED: u32 = 8;

pub struct Section {
    pub name: &'static str,
    pub address: u32,
    pub load_address: u32,
    pub bytes: Vec<u8>,
    /// Bytes in memory, for a section that has none in the file.
    pub zeroed: u32,
    pub allocated: bool,
    pub alignment: u32,
    /// Whether a segment loads it, if it has bytes and is part of the program.
    pub loaded: bool,
    /// Whether a segment loads it, whatever else it is.
    pub segment: Option<bool>,
}

pub struct Program {
    pub board: &'static Board,
    pub sections: Vec<Section>,
    pub symbols: Vec<(String, Option<u32>, u32, u32)>,
    pub relocations: Vec<(u32, u32, RelocationType, u32)>,
    pub emit_relocations: bool,
    /// Whether the sections of relocations say that they hold none.
    pub empty_records: bool,
    /// Bytes of the file between its headers and the first section.
    pub gap: u64,
    /// A section of this name and type that says that it holds the relocations of a section.
    pub unread: Option<(&'static str, elf::SectionType, u32)>,
    pub file_type: elf::FileType,
    pub machine: elf::Machine,
    pub entry: u32,
}

impl Program {
    /// Valid firmware for any board.
    pub fn new(board: &'static Board, slot: Slot) -> Program {
        let (flash, ram) = (board.payload_address(slot), board.ram.start + 0x100);
        let section = |name, address, load_address, bytes: Vec<u8>| {
            let allocated = address != 0;
            Section {
                name,
                address,
                load_address,
                bytes,
                zeroed: 0,
                allocated,
                alignment: 4,
                loaded: true,
                segment: None,
            }
        };
        let mut bss = section(".bss", ram + 0x20, ram + 0x20, Vec::new());
        bss.zeroed = 0x10;
        let sections = vec![
            section(".vector_table", flash, flash, vec![0; 0x40]),
            section(".text", flash + TEXT_OFFSET, flash + TEXT_OFFSET, [0x00, 0xbf].repeat(0x20)),
            section(".rodata", flash + RODATA_OFFSET, flash + RODATA_OFFSET, vec![0; 0x20]),
            section(".data", ram, flash + DATA_OFFSET, vec![0; 0x20]),
            bss,
            section(".defmt", 0, 0, vec![0; 8]),
        ];
        let mut program = Program {
            board,
            sections,
            symbols: Vec::new(),
            relocations: Vec::new(),
            emit_relocations: true,
            empty_records: false,
            gap: 0,
            unread: None,
            file_type: elf::ET_EXEC,
            machine: elf::EM_ARM,
            entry: 0,
        };
        program.symbol("main", Some(TEXT), flash + TEXT_OFFSET + 1, 0x20);
        program.symbol("CONSTANT", Some(RODATA), flash + RODATA_OFFSET, 8);
        program.symbol("VARIABLE", Some(DATA), ram, 4);
        program.symbol("ram_function", Some(DATA), ram + 9, 0x10);
        program.symbol("ZEROED", Some(BSS), ram + 0x20, 4);
        // A number, the same in any slot.
        program.symbol("{=str} hello", Some(DEFMT), 5, 0);
        program.symbol("__sidata", None, flash + DATA_OFFSET, 0);
        program.symbols.push(("weak".to_owned(), Some(0), 0, 0));
        program.symbol(&format!("{BOARD_SYMBOL}{}", board.name), None, board.map_digest(), 0);
        for (number, word) in board.map_bytes().as_chunks().0.iter().enumerate() {
            program.symbol(&format!("{MAP_SYMBOL}{number:02}"), None, u32::from_le_bytes(*word), 0);
        }
        program.put(VECTORS, 0, &(board.ram.end()).to_le_bytes());
        program.word(VECTORS, 4, MAIN);
        program
    }

    /// A bootloader that trusts these keys.
    pub fn bootloader(board: &'static Board, keys: &[[u8; 32]], demo_key: bool) -> Program {
        let mut program = Program::new(board, Slot::A);
        let start = board.address(board.bootloader.start);
        let info = board.address(board.bootloader.end()) - INFO_LENGTH as u32;
        let mut vectors = board.ram.end().to_le_bytes().to_vec();
        vectors.extend((start + 0x41).to_le_bytes());
        vectors.resize(0x40, 0);
        let family = if board == &PICO { RP2040 } else { 0 };
        let about = BootloaderInfo::new(keys, demo_key).for_board(board).with_uf2_family(family);
        let section = |name, address, bytes: Vec<u8>| Section {
            name,
            address,
            load_address: address,
            bytes,
            zeroed: 0,
            allocated: true,
            alignment: 4,
            loaded: true,
            segment: None,
        };
        program.sections = vec![
            section(".vectors", start, vectors),
            section(".text", start + 0x40, [0x00, 0xbf].repeat(0x21)),
            section(".info", info, about.to_bytes().to_vec()),
        ];
        program.symbols.clear();
        program.relocations.clear();
        program.entry = start + 0x41;
        program
    }

    /// Adds a symbol: section index, value, length; without a section it is absolute. Returns its index.
    pub fn symbol(&mut self, name: &str, section: Option<u32>, value: u32, length: u32) -> u32 {
        self.symbols.push((name.to_owned(), section, value, length));
        self.symbols.len() as u32
    }

    pub fn address(&self, section: u32, at: u32) -> u32 {
        self.sections[section as usize - 1].address + at
    }

    pub fn put(&mut self, section: u32, at: u32, bytes: &[u8]) {
        let place = &mut self.sections[section as usize - 1].bytes;
        place[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    pub fn code(&mut self, section: u32, at: u32, halves: &[u16]) {
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
        self.put(section, at, &bytes);
    }

    /// Records a relocation and leaves the bytes alone.
    pub fn relocate(&mut self, section: u32, at: u32, kind: RelocationType, symbol: u32) {
        self.relocations.push((section, self.address(section, at), kind, symbol));
    }

    /// A word with a symbol's value, and its relocation.
    pub fn word(&mut self, section: u32, at: u32, symbol: u32) {
        let value = self.symbols[symbol as usize - 1].2;
        self.put(section, at, &value.to_le_bytes());
        self.relocate(section, at, elf::R_ARM_ABS32, symbol);
    }

    /// Takes away what names the board.
    pub fn nameless(&mut self) {
        self.symbols.retain(|symbol| !symbol.0.starts_with(BOARD_SYMBOL));
    }

    pub fn firmware(&self) -> Firmware {
        Firmware::parse(&self.elf(), self.board).unwrap()
    }

    /// The ELF file as lld lays it out without --nmagic: the first segment starts at the file's start, in front of the slot. Returns
    /// it with the offset of the first section.
    pub fn elf_with_loaded_headers(&self) -> (Vec<u8>, usize) {
        let mut bytes = self.elf();
        let first_header = 0x34;
        let field = |at: usize| u32::from_le_bytes(*bytes[first_header + at..].first_chunk().unwrap());
        let (offset, address, length) = (field(4), field(12), field(16));
        let start = address - offset;
        for (at, value) in [(4, 0), (8, start), (12, start), (16, length + offset), (20, length + offset)] {
            bytes[first_header + at..][..4].copy_from_slice(&u32::to_le_bytes(value));
        }
        (bytes, offset as usize)
    }

    /// The ELF file.
    pub fn elf(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(Endianness::Little, false, &mut bytes);
        writer.reserve_file_header();
        let loaded = |section: &&Section| {
            section.segment.unwrap_or(section.loaded && section.allocated && !section.bytes.is_empty())
        };
        writer.reserve_program_headers(self.sections.iter().filter(loaded).count() as u32);
        writer.reserve(self.gap, 1);
        let offsets: Vec<u64> =
            self.sections.iter().map(|section| writer.reserve(section.bytes.len() as u64, 4)).collect();
        let with_records: Vec<u32> = (1..=self.sections.len() as u32)
            .filter(|index| self.emit_relocations && self.records(*index).next().is_some())
            .collect();
        let record_offsets: Vec<u64> =
            with_records.iter().map(|index| writer.reserve_relocations(self.records(*index).count(), false)).collect();

        writer.reserve_null_section_index();
        let section_names: Vec<_> =
            self.sections.iter().map(|section| writer.add_section_name(section.name.as_bytes())).collect();
        for _ in &self.sections {
            writer.reserve_section_index();
        }
        let rel_name = writer.add_section_name(b".rel");
        for _ in &with_records {
            writer.reserve_section_index();
        }
        let unread = self.unread.map(|(name, ..)| {
            writer.reserve_section_index();
            writer.add_section_name(name.as_bytes())
        });
        writer.reserve_null_symbol_index();
        let symbol_names: Vec<_> = self.symbols.iter().map(|symbol| writer.add_string(symbol.0.as_bytes())).collect();
        for _ in &self.symbols {
            writer.reserve_symbol_index(None);
        }
        writer.reserve_symtab_section_index();
        writer.reserve_symtab();
        writer.reserve_strtab_section_index();
        writer.reserve_strtab().unwrap();
        writer.reserve_shstrtab_section_index();
        writer.reserve_shstrtab().unwrap();
        writer.reserve_section_headers();

        let header = FileHeader {
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            e_type: self.file_type,
            e_machine: self.machine,
            e_entry: self.entry.into(),
            e_flags: elf::FileFlags(0x0500_0000),
        };
        writer.write_file_header(&header).unwrap();
        writer.write_align_program_headers();
        for (section, offset) in self.sections.iter().zip(&offsets).filter(|(section, _)| loaded(section)) {
            writer.write_program_header(&ProgramHeader {
                p_type: elf::PT_LOAD,
                p_flags: elf::PF_R,
                p_offset: *offset,
                p_vaddr: section.address.into(),
                p_paddr: section.load_address.into(),
                p_filesz: section.bytes.len() as u64,
                p_memsz: section.bytes.len() as u64,
                p_align: 4,
            });
        }
        for (section, offset) in self.sections.iter().zip(&offsets) {
            writer.pad_until(*offset);
            writer.write(&section.bytes);
        }
        for index in &with_records {
            writer.write_align_relocation();
            for (_, address, r_type, r_sym) in self.records(*index) {
                let rel = Rel { r_offset: (*address).into(), r_sym: *r_sym, r_type: *r_type, r_addend: 0 };
                writer.write_relocation(false, &rel);
            }
        }
        writer.write_null_symbol();
        for ((_, section, value, length), name) in self.symbols.iter().zip(&symbol_names) {
            writer.write_symbol(&Sym {
                section: section.filter(|section| *section != 0),
                st_name: writer.string_offset(Some(*name)),
                st_info: elf::SymbolInfo(0x10),
                st_other: elf::SymbolOther(0),
                st_shndx: if section.is_none() { elf::SHN_ABS } else { elf::SHN_UNDEF },
                st_value: (*value).into(),
                st_size: (*length).into(),
            });
        }
        writer.write_strtab();
        writer.write_shstrtab();
        writer.write_null_section_header();
        for ((section, offset), name) in self.sections.iter().zip(&offsets).zip(&section_names) {
            writer.write_section_header(&SectionHeader {
                sh_name: writer.section_name_offset(Some(*name)),
                sh_type: if section.zeroed > 0 { elf::SHT_NOBITS } else { elf::SHT_PROGBITS },
                sh_flags: if section.allocated { elf::SHF_ALLOC } else { elf::SectionFlags(0) },
                sh_addr: section.address.into(),
                sh_offset: *offset,
                sh_size: u64::from(section.zeroed) + section.bytes.len() as u64,
                sh_link: 0,
                sh_info: 0,
                sh_addralign: section.alignment.into(),
                sh_entsize: 0,
            });
        }
        let symbols = writer.symtab_index();
        for (index, offset) in with_records.iter().zip(&record_offsets) {
            let count = if self.empty_records { 0 } else { self.records(*index).count() };
            writer.write_relocation_section_header(rel_name, SectionIndex(*index), symbols, *offset, count, false);
        }
        if let Some((_, sh_type, section)) = self.unread {
            writer.write_section_header(&SectionHeader {
                sh_name: writer.section_name_offset(unread),
                sh_type,
                sh_flags: elf::SectionFlags(0),
                sh_addr: 0,
                sh_offset: 0,
                sh_size: 0,
                sh_link: symbols.0,
                sh_info: section,
                sh_addralign: 1,
                sh_entsize: 0,
            });
        }
        writer.write_symtab_section_header(1);
        writer.write_strtab_section_header();
        writer.write_shstrtab_section_header();
        drop(writer);
        bytes
    }

    fn records(&self, section: u32) -> impl Iterator<Item = &(u32, u32, RelocationType, u32)> {
        self.relocations.iter().filter(move |record| record.0 == section)
    }
}

//! Report on firmware that is to become an image: `inspect` of an ELF file.

use crate::image::Relocations;
use crate::slot_name::SlotName;
use crate::table::line;
use lifeboot_artifact::elf::{self, Firmware};
use lifeboot_artifact::relocations::TableEntry;
use lifeboot_core::rebase::Entry;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// `lifeboot inspect`: what an ELF file holds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FirmwareElf {
    /// The board that it is linked for.
    pub board: String,
    /// The slot that it is linked for.
    pub linked_for: SlotName,
    /// The payload's address in that slot.
    pub payload_address: u32,
    /// Bytes of the payload.
    pub payload_length: usize,
    /// What the payload is made of, by load address.
    pub sections: Vec<SectionPart>,
    /// What is to be rebased; `null` if that has not been looked for.
    pub relocations: Option<RelocationsElf>,
}

/// A section of the payload.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SectionPart {
    /// Its name.
    pub name: String,
    /// Where it is loaded.
    pub load_address: u32,
    /// Where it lies when the firmware runs.
    pub address: u32,
    /// Bytes.
    pub length: u32,
}

/// The relocations of an ELF file.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RelocationsElf {
    /// How many there are, and the length of their table.
    #[serde(flatten)]
    pub counts: Relocations,
    /// How many there are in which section.
    pub sections: Vec<SectionRelocations>,
    /// The linker's thunks among them.
    pub thunks: Vec<Thunk>,
}

/// The relocations in a section.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SectionRelocations {
    /// The section's name.
    pub name: String,
    /// How many.
    pub count: usize,
}

/// A thunk of the linker's that holds an address.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Thunk {
    /// Its symbol.
    pub symbol: String,
    /// The section that it lies in.
    pub section: String,
    /// The address's offset in the payload.
    pub payload_offset: u32,
}

impl From<&Firmware> for FirmwareElf {
    /// Without its relocations: they may be wrong, and the rest still worth knowing.
    fn from(firmware: &Firmware) -> Self {
        let payload_address = firmware.board().payload_address(firmware.slot());
        let part = |section: &elf::Section| {
            let load_address = payload_address + section.payload_offset?;
            let (name, address, length) = (section.name.clone(), section.address, section.length);
            Some(SectionPart { name, load_address, address, length })
        };
        FirmwareElf {
            board: firmware.board().name.to_owned(),
            linked_for: firmware.slot().into(),
            payload_address,
            payload_length: firmware.payload().len(),
            sections: firmware.sections().iter().filter_map(part).collect(),
            relocations: None,
        }
    }
}

impl RelocationsElf {
    /// Those that were found, and the length of their table in bytes.
    pub fn new(table: &[TableEntry], table_length: usize) -> RelocationsElf {
        let entries: Vec<Entry> = table.iter().map(|listed| listed.entry).collect();
        let mut names: Vec<&String> = table.iter().map(|listed| &listed.section).collect();
        names.dedup();
        let section = |name: &String| {
            let count = table.iter().filter(|listed| listed.section == *name).count();
            SectionRelocations { name: name.clone(), count }
        };
        let thunk = |listed: &TableEntry| Thunk {
            symbol: listed.symbol.clone(),
            section: listed.section.clone(),
            payload_offset: listed.entry.offset,
        };
        RelocationsElf {
            counts: Relocations::new(&entries, table_length),
            sections: names.into_iter().map(section).collect(),
            thunks: table.iter().filter(|listed| listed.is_thunk).map(thunk).collect(),
        }
    }
}

impl Display for FirmwareElf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, true, "firmware", "ELF, not signed")?;
        line(f, false, "board", &self.board)?;
        let address = self.payload_address;
        line(f, false, "linked for", format_args!("slot {}, payload at {address:#010x}", self.linked_for))?;
        line(f, false, "payload", format_args!("{} bytes", self.payload_length))?;
        for SectionPart { name, load_address, address, length } in &self.sections {
            line(f, false, "", format_args!("{load_address:#010x} {length:>7} bytes  {name}"))?;
            if address != load_address {
                write!(f, ", runs at {address:#010x}")?;
            }
        }
        let Some(RelocationsElf { counts, sections, thunks }) = &self.relocations else { return Ok(()) };
        line(f, false, "relocations", counts)?;
        for SectionRelocations { name, count } in sections {
            line(f, false, "", format_args!("{count:>6} in {name}"))?;
        }
        for Thunk { symbol, section, payload_offset } in thunks {
            line(f, false, "thunk", format_args!("{symbol} ({section}, payload + {payload_offset:#x})"))?;
        }
        Ok(())
    }
}

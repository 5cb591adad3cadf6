//! The report on firmware that has not been signed yet: `inspect` of an ELF file.

use crate::image::Relocations;
use crate::slot_name::SlotName;
use crate::table::line;
use lifeboot_artifact::elf::{self, Firmware};
use lifeboot_artifact::relocations::TableEntry;
use lifeboot_core::rebase::Entry;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// `lifeboot inspect`: the content of an ELF file.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FirmwareElf {
    /// The board that the firmware is linked for.
    pub board: String,
    /// The slot that the firmware is linked for.
    pub linked_for: SlotName,
    /// The payload's address in that slot.
    pub payload_address: u32,
    /// Size of the payload in bytes.
    pub payload_length: usize,
    /// The sections of the payload, by load address.
    pub sections: Vec<SectionPart>,
    /// What is to be rebased; `null` if it was not determined.
    pub relocations: Option<RelocationsElf>,
}

/// A section of the payload.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SectionPart {
    /// Its name.
    pub name: String,
    /// The address that it is loaded at.
    pub load_address: u32,
    /// Its address when the firmware runs.
    pub address: u32,
    /// Size in bytes.
    pub length: u32,
}

/// The relocations of an ELF file.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RelocationsElf {
    /// Number of relocations, and length of their table.
    #[serde(flatten)]
    pub counts: Relocations,
    /// Number of relocations in each section.
    pub sections: Vec<SectionRelocations>,
    /// Which of them belong to the linker's thunks.
    pub thunks: Vec<Thunk>,
}

/// The relocations in a section.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SectionRelocations {
    /// The section's name.
    pub name: String,
    /// Number of relocations.
    pub count: usize,
}

/// A linker's thunk that holds an address.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Thunk {
    /// Its symbol.
    pub symbol: String,
    /// The section that contains it.
    pub section: String,
    /// The address's offset in the payload.
    pub payload_offset: u32,
}

impl From<&Firmware> for FirmwareElf {
    /// Leaves the relocations out: if they are wrong, the rest is still useful.
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
    /// Makes the report from the table's entries and its length in bytes.
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

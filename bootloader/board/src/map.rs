//! The flash map of a board: which region has which sectors.

use crate::sectors::{Sector, Sectors};
use lifeboot_core::layout::{Region, Slot};

/// What a part of flash is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// The bootloader.
    Bootloader,
    /// The boot journal.
    Journal,
    /// A slot.
    Slot(Slot),
    /// The application's, under this name.
    Application(String),
    /// Nobody's.
    Free,
}

impl Usage {
    /// Returns how a sentence calls it.
    pub fn describe(&self) -> String {
        match self {
            Usage::Bootloader => "the bootloader".to_owned(),
            Usage::Journal => "the journal".to_owned(),
            Usage::Slot(slot) => format!("slot {slot}"),
            Usage::Application(name) => name.clone(),
            Usage::Free => "free".to_owned(),
        }
    }
}

/// A part of flash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapRegion {
    /// What it is for.
    pub usage: Usage,
    /// Its bytes, counted from the start of flash.
    pub region: Region,
    /// The sectors that have a byte of it. Nobody else's bytes are in them, but the last may reach past the region.
    pub sectors: Vec<Sector>,
    /// Whether its start was chosen here, because the board file does not say one.
    pub was_placed: bool,
}

impl MapRegion {
    /// Returns the bytes of its last sector that are lost to everybody.
    pub fn lost(&self) -> u32 {
        self.sectors.last().map_or(0, |sector| sector.end().saturating_sub(self.region.end()))
    }
}

/// A checked flash map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlashMap {
    sectors: Sectors,
    /// In the order of the board file.
    regions: Vec<MapRegion>,
}

impl FlashMap {
    /// Returns the map of regions that were checked.
    pub(crate) fn new(sectors: Sectors, regions: Vec<MapRegion>) -> Self {
        FlashMap { sectors, regions }
    }

    /// Returns all of flash in order: the regions, and the gaps between them.
    pub fn regions(&self) -> Vec<MapRegion> {
        let mut all: Vec<MapRegion> = self.regions.clone();
        let has_owner = |sector: &Sector| self.regions.iter().any(|region| region.sectors.contains(sector));
        let free: Vec<Sector> = self.sectors.iter().filter(|sector| !has_owner(sector)).collect();
        for gap in free.chunk_by(|a, b| a.end() == b.start) {
            let (start, end) = (gap[0].start, gap[gap.len() - 1].end());
            let region = Region { start, length: end - start };
            all.push(MapRegion { usage: Usage::Free, region, sectors: gap.to_vec(), was_placed: false });
        }
        all.sort_by_key(|region| region.region.start);
        all
    }

    /// Returns the sectors of the flash.
    pub fn sectors(&self) -> &Sectors {
        &self.sectors
    }

    /// Returns the bootloader's region; its last bytes are its info.
    pub fn bootloader(&self) -> Region {
        self.of(&Usage::Bootloader).region
    }

    /// Returns the journal's region.
    pub fn journal(&self) -> Region {
        self.of(&Usage::Journal).region
    }

    /// Returns the bytes that one erase in the journal clears.
    pub fn journal_unit(&self) -> u32 {
        self.of(&Usage::Journal).sectors[0].length
    }

    /// Returns the slots' regions.
    pub fn slots(&self) -> [Region; 2] {
        Slot::BOTH.map(|slot| self.of(&Usage::Slot(slot)).region)
    }

    /// Returns the sectors of a slot.
    pub fn slot_sectors(&self, slot: Slot) -> &[Sector] {
        &self.of(&Usage::Slot(slot)).sectors
    }

    /// Returns the application's regions with their names, in the order of the board file.
    pub fn application(&self) -> impl Iterator<Item = (&str, Region)> {
        self.regions.iter().filter_map(|region| match &region.usage {
            Usage::Application(name) => Some((name.as_str(), region.region)),
            _ => None,
        })
    }

    /// Returns the regions whose start was chosen here, in the order of the board file.
    pub fn placed(&self) -> impl Iterator<Item = &MapRegion> {
        self.regions.iter().filter(|region| region.was_placed)
    }

    fn of(&self, usage: &Usage) -> &MapRegion {
        self.regions.iter().find(|region| region.usage == *usage).expect("a checked map has every region")
    }
}

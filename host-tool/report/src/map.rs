//! `lifeboot map`: the flash map of a board.

use crate::table::table;
use lifeboot_core::Board;
use lifeboot_core::layout::Region;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// The flash map of a board.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FlashMap {
    /// The board's name.
    pub board: String,
    /// The map digest, 8 hexadecimal digits.
    pub map_digest: String,
    /// All of the flash, in order.
    pub regions: Vec<MapRegion>,
}

/// A part of the flash.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct MapRegion {
    /// What it is: `bootloader`, `journal`, `slot_a`, `slot_b`; the name of a region of the application; `free`; or `other`, where
    /// it is not known whether the application uses it.
    pub name: String,
    /// The address of the first byte.
    pub start: u32,
    /// The length in bytes.
    pub length: u32,
    /// The erase units, in order: each length, and how many follow each other.
    pub units: Vec<UnitRun>,
    /// Bytes behind the region that are lost: its last erase unit reaches past it.
    pub lost: u32,
    /// Whether the board file does not say where it starts, so that it was placed.
    pub placed: bool,
}

/// Erase units of equal length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct UnitRun {
    /// How many there are.
    pub count: u32,
    /// The length of each in bytes.
    pub length: u32,
}

impl FlashMap {
    /// Returns the map of a board, of which only Lifeboot's own regions are known.
    pub fn of(board: &Board) -> FlashMap {
        let [a, b] = board.slots;
        let known = [("bootloader", board.bootloader), ("journal", board.journal), ("slot_a", a), ("slot_b", b)];
        let mut regions = Vec::new();
        let mut at = 0;
        let end = Region { start: board.flash_length, length: 0 };
        for (name, region) in known.into_iter().chain([("", end)]) {
            if at < region.start {
                regions.push(MapRegion::new("other", Region { start: at, length: region.start - at }, board));
            }
            if region.length > 0 {
                let region = MapRegion::new(name, region, board);
                at = region.start - board.flash_address + region.length + region.lost;
                regions.push(region);
            }
        }
        FlashMap { board: board.name.to_owned(), map_digest: format!("{:08x}", board.map_digest()), regions }
    }
}

impl MapRegion {
    /// Returns a region of a board; `region` counts from the start of the flash.
    pub fn new(name: &str, region: Region, board: &Board) -> MapRegion {
        let mut units: Vec<UnitRun> = Vec::new();
        let mut at = region.start;
        while at < region.end() {
            let unit = board.unit_at(at);
            match units.last_mut() {
                Some(run) if run.length == unit.length => run.count += 1,
                _ => units.push(UnitRun { count: 1, length: unit.length }),
            }
            at = unit.end();
        }
        MapRegion {
            name: name.to_owned(),
            start: board.address(region.start),
            length: region.length,
            units,
            lost: at - region.end(),
            placed: false,
        }
    }
}

impl Display for FlashMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, flash map {}", self.board, self.map_digest)?;
        let rows = self.regions.iter().map(|region| {
            let MapRegion { name, start, length, units, lost, placed } = region;
            let units: Vec<String> = units.iter().map(|run| format!("{} × {}", run.count, size(run.length))).collect();
            let mut notes = Vec::new();
            notes.extend(placed.then(|| "placed".to_owned()));
            notes.extend((*lost > 0).then(|| format!("{} behind it are lost", size(*lost))));
            [name.replace('_', " "), format!("{start:#010x}"), size(*length), units.join(", "), notes.join(", ")]
        });
        f.write_str(&table(["region", "start", "length", "erase units", "notes"], rows))
    }
}

/// Returns a length as people write it.
fn size(bytes: u32) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1024) => format!("{} KiB", bytes / 1024),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboot_core::layout::Units;
    use lifeboot_example_boards::STM32F405;

    #[test]
    fn all_of_the_flash_is_shown() {
        let text = FlashMap::of(&STM32F405).to_string();
        assert!(text.starts_with("stm32f405, flash map f8f45942\n"), "{text}");
        assert!(text.contains("| other      | 0x08010000 | 64 KiB  | 1 × 64 KiB  |"), "{text}");
        assert!(text.contains("| slot a     | 0x08020000 | 384 KiB | 3 × 128 KiB |"), "{text}");
        let map = FlashMap::of(&STM32F405);
        assert_eq!(map.regions.iter().map(|region| region.length).sum::<u32>(), STM32F405.flash_length);
    }

    #[test]
    fn what_a_region_leaves_of_its_last_unit_is_lost() {
        let slots = [(64, 192), (256, 192)].map(|(start, length)| Region { start: start << 10, length: length << 10 });
        let units: &[Units] = STM32F405.units;
        let board = STM32F405.with_slots(slots).with_units(units).with_flash_length(512 << 10);
        assert_eq!(board.contradiction(), None);
        let map = FlashMap::of(&board);
        let [.., a, b] = &map.regions[..] else { panic!("{map:?}") };
        assert_eq!(a.units, [UnitRun { count: 1, length: 64 << 10 }, UnitRun { count: 1, length: 128 << 10 }]);
        assert_eq!((a.lost, b.lost, b.name.as_str()), (0, 64 << 10, "slot_b"));
    }
}

//! The flash map of a board file.

use crate::check;
use crate::chip::Chip;
use crate::error::{BoardError, Source, Wrong, wrong};
use crate::map::{FlashMap, MapRegion, Usage};
use crate::place::{self, Entry, Spot};
use crate::values::{Table, Value};
use lifeboot_core::layout::Slot;

/// Names that the application's regions cannot have: what the map and linker scripts call their own parts, and the constants that
/// a bootloader gets beside them.
const RESERVED: [&str; 16] = [
    "slot",
    "slot-a",
    "slot-b",
    "slots",
    "flash",
    "ram",
    "info",
    "keys",
    "demo-key",
    "uf2-family",
    "recovery",
    "serial",
    "baud-divisor",
    "clock",
    "ahb1-after-reset",
    "sectors",
];

/// How no name may start: an ELF file names its board by a symbol that starts so (`BOARD_SYMBOL` of core).
const RESERVED_START: &str = "board";

/// Reads `map` of a board, places its regions and checks them.
pub fn map(board: &Table, source: Source, chip: &Chip) -> Result<FlashMap, BoardError> {
    const EXAMPLE: &str = "{ bootloader = \"32K\", journal = \"32K\", slots = [\"128K @ 128K\", \"128K @ 256K\"] }";
    let value = board.required("the board", "map", &format!("where everything lies in flash: map = {EXAMPLE}"))?;
    let table = value.table(EXAMPLE)?;
    for (key, example) in [
        ("bootloader", "the bootloader's size: bootloader = \"32K\""),
        ("journal", "the journal's size, two sectors or more: journal = \"32K\""),
        ("slots", "both slots: slots = [\"128K @ 128K\", \"128K @ 256K\"]"),
    ] {
        if table.value(key).is_none() {
            let what = format!("the map has no {key}");
            return Err(source.error(value.at, Wrong { what, help: format!("add {example}") }));
        }
    }
    let mut entries = Vec::new();
    for value in table.values() {
        if value.key() == "slots" {
            let slots = value.pair("[\"128K @ 128K\", \"128K @ 256K\"]")?;
            for (slot, value) in Slot::BOTH.into_iter().zip(slots) {
                entries.push(entry(source, Usage::Slot(slot), &format!("slot {slot}"), value)?);
            }
            continue;
        }
        let usage = match value.key() {
            "bootloader" => Usage::Bootloader,
            "journal" => Usage::Journal,
            name => {
                check_region(name).map_err(|wrong| source.error(table.key_at(name), wrong))?;
                Usage::Application(name.to_owned())
            }
        };
        entries.push(entry(source, usage, value.key(), value)?);
    }
    let spots = place::place(&chip.flash.sectors, entries);
    check::check(chip, &spots).map_err(|(at, wrong)| source.error(at, wrong))?;
    let sectors = &chip.flash.sectors;
    let region = |Spot { usage, region, was_placed, .. }| {
        let covered = sectors.covering(region).collect();
        MapRegion { usage, region, sectors: covered, was_placed }
    };
    Ok(FlashMap::new(sectors.clone(), spots.into_iter().map(region).collect()))
}

fn entry(source: Source, usage: Usage, key: &str, value: Value) -> Result<Entry, BoardError> {
    let text = value.size_text("\"32K @ 64K\"")?;
    let (length, offset) = place::read(key, &text).map_err(|wrong| source.error(value.at, wrong))?;
    Ok(Entry { usage, length, offset, at: value.at })
}

/// A region's name becomes a constant and a part of a symbol.
pub fn check_region(name: &str) -> Result<(), Wrong> {
    let is_identifier = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_identifier {
        return wrong(
            format!("{name:?} is no name for a region"),
            "a name has small letters, digits and hyphens, and starts with a letter: storage, file-system",
        );
    }
    if RESERVED.contains(&name) || name.starts_with(RESERVED_START) {
        return wrong(
            format!("{name} is no region of the application"),
            "the map has bootloader, journal and slots, and regions of the application under other names: storage",
        );
    }
    Ok(())
}

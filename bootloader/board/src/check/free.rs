//! Where there is room for a region that has to move.

use crate::chip::Chip;
use crate::map::Usage;
use crate::place::Spot;
use crate::size::show;
use lifeboot_core::layout::{Architecture, Region, Slot};

/// What a MOVT's half of an address counts: rebasing adds the slots' distance to the upper half alone.
pub const UPPER_HALF: u32 = 64 * 1024;

/// Returns a region as a board file would write it.
pub fn written(usage: &Usage, Region { start, length }: Region) -> String {
    let value = format!("\"{} @ {}\"", show(length), show(start));
    match usage {
        Usage::Bootloader => format!("bootloader = {value}"),
        Usage::Journal => format!("journal = {value}"),
        Usage::Slot(slot) => format!("{value} for slot {slot}"),
        Usage::Application(name) => format!("{name} = {value}"),
        Usage::Free => value,
    }
}

/// Returns the legal place for `length` bytes that is nearest to where `spot` lies, while all other regions stay; `None` if
/// there is none.
pub fn nearest_place(chip: &Chip, spots: &[Spot], spot: &Spot, length: u32) -> Option<Region> {
    let starts = chip.flash.sectors.iter().map(|sector| sector.start);
    starts
        .filter(|start| start.checked_add(length).is_some())
        .map(|start| Region { start, length })
        .filter(|region| is_legal(chip, spots, &spot.usage, *region))
        .min_by_key(|region| region.start.abs_diff(spot.region.start))
}

/// Whether a region that starts at a sector has its sectors to itself, and could serve.
pub fn is_legal(chip: &Chip, spots: &[Spot], usage: &Usage, region: Region) -> bool {
    let sectors = &chip.flash.sectors;
    let end = sectors.border_from(region.end());
    let others: Vec<&Spot> = spots.iter().filter(|other| other.usage != *usage).collect();
    let overlaps = |other: &&Spot| other.region.start < end && region.start < sectors.border_from(other.region.end());
    region.end() <= sectors.length() && !others.iter().any(overlaps) && suits(chip, &others, usage, region)
}

/// Whether a region could serve, by what the other checks want of it.
fn suits(chip: &Chip, others: &[&Spot], usage: &Usage, region: Region) -> bool {
    let sectors = &chip.flash.sectors;
    let slot = |slot: Slot| others.iter().find(|spot| spot.usage == Usage::Slot(slot)).map(|spot| spot.region);
    match usage {
        Usage::Slot(Slot::A) => slot(Slot::B).is_none_or(|b| are_apart(chip, region, b)),
        Usage::Slot(Slot::B) => slot(Slot::A).is_none_or(|a| are_apart(chip, a, region)),
        Usage::Journal => {
            let lengths: Vec<u32> = sectors.covering(region).map(|sector| sector.length).collect();
            lengths.len() >= 2
                && lengths.iter().all(|length| *length == lengths[0])
                && sectors.is_border(region.end())
                && slot(Slot::A).is_none_or(|a| region.end() <= a.start)
        }
        Usage::Bootloader | Usage::Application(_) | Usage::Free => sectors.is_border(region.end()),
    }
}

/// Whether slots lie in order and a legal distance apart.
pub fn are_apart(chip: &Chip, a: Region, b: Region) -> bool {
    let has_upper_halves = chip.core.architecture() == Architecture::Armv7M;
    a.start < b.start && (!has_upper_halves || (b.start - a.start).is_multiple_of(UPPER_HALF))
}

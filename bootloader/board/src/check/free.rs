//! Where there is room.

use crate::chip::Chip;
use crate::map::Usage;
use crate::place::Spot;
use crate::size::show;
use lifeboot_core::layout::Region;

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

/// Returns the first place where `length` bytes have sectors of their own, that `is_legal` accepts; `but` is the region that
/// is to move.
pub fn first_place(
    chip: &Chip,
    spots: &[Spot],
    but: &Usage,
    length: u32,
    is_legal: impl Fn(Region) -> bool,
) -> Option<Region> {
    let sectors = &chip.flash.sectors;
    let others: Vec<Region> = spots.iter().filter(|spot| spot.usage != *but).map(|spot| spot.region).collect();
    let is_free = |region: Region| {
        let end = sectors.border_from(region.end());
        let overlaps = |other: &Region| other.start < end && region.start < sectors.border_from(other.end());
        region.end() <= sectors.length() && !others.iter().any(overlaps)
    };
    let starts = sectors.iter().map(|sector| sector.start).filter(|start| start.checked_add(length).is_some());
    starts.map(|start| Region { start, length }).find(|region| is_free(*region) && is_legal(*region))
}

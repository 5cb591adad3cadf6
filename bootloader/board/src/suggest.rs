//! A first board file for a chip: the map with the largest slots.

use crate::check::are_apart;
use crate::chip::Chip;
use crate::chips;
use crate::description::BoardDescription;
use crate::error::{BoardError, Source, Wrong};
use crate::parse::{check_name, check_region, parse_file};
use crate::pins;
use crate::size::{read, show};
use lifeboot_core::layout::{Architecture, Region};
use std::cmp::Reverse;
use std::fmt;
use std::path::Path;

const KIB: u32 = 1024;

/// What the author of a new board file has decided.
#[derive(Clone, Copy, Debug)]
pub struct NewBoard<'a> {
    /// The name that images are signed for.
    pub name: &'a str,
    /// The chip, as [`chips::find`] takes it.
    pub chip: &'a str,
    /// The size of external flash.
    pub flash: Option<&'a str>,
    /// The serial port of recovery mode; [`pins::example`] if it is not decided yet.
    pub serial: Option<&'a str>,
    /// The recovery pin.
    pub recovery: Option<&'a str>,
    /// Regions of the application: each a name and a size, which is rounded up to whole sectors.
    pub regions: &'a [(String, String)],
}

/// Returns a table `[board]`, and the board that it describes: a bootloader with room for recovery mode, a journal of two
/// units, and the largest slots that the chip's sectors allow. `path` is where errors are reported at.
///
/// # Errors
/// [`BoardError`], at the line that is wrong in the returned table.
pub fn suggest(new: &NewBoard, path: &Path) -> Result<(String, BoardDescription), BoardError> {
    let NewBoard { name, chip: chip_name, flash, serial, recovery, regions } = *new;
    let at_start = |wrong| Source { text: "", path }.error(0, wrong);
    check_name(name).map_err(at_start)?;
    for (index, (region, _)) in regions.iter().enumerate() {
        check_region(region).map_err(at_start)?;
        if ["bootloader", "journal"].contains(&region.as_str())
            || regions[..index].iter().any(|(other, _)| other == region)
        {
            let what = format!("there is a region {region} already");
            return Err(at_start(Wrong { what, help: "give each region of yours a name of its own".to_owned() }));
        }
    }
    let mut text = format!("[board]\nname = {name:?}\nchip = {chip_name:?}\n");
    if let Some(flash) = flash {
        text += &format!("flash = {flash:?}\n");
    }
    let at = |text: &str, wrong| Source { text, path }.error(text.len().saturating_sub(1), wrong);
    let mut chip = chips::find(chip_name).map_err(|wrong| at(&text, wrong))?;
    let size = |what: &str, size: &str| {
        let help = "write a size, such as \"8M\"".to_owned();
        read(size).ok_or_else(|| at(&text, Wrong { what: format!("{what}: {size:?} is not a size"), help }))
    };
    if let Some(length) = flash.map(|flash| size("flash", flash)).transpose()? {
        chip = chips::with_flash(chip, length).map_err(|wrong| at(&text, wrong))?;
    } else if chip.has_external_flash {
        let help = "say how much the board has: flash = \"2M\", or --flash 2M".to_owned();
        return Err(at(&text, Wrong { what: format!("flash: the {} has its flash outside", chip.name), help }));
    }
    let regions = regions.iter().map(|(name, length)| Ok((name.as_str(), size(name, length)?)));
    let regions = regions.collect::<Result<Vec<_>, BoardError>>()?;
    let map = Map::largest(&chip, &regions).ok_or_else(|| {
        let help = match regions.is_empty() {
            true => "choose a chip with more flash".to_owned(),
            false => "choose a chip with more flash, or give your own regions less of it".to_owned(),
        };
        at(&text, Wrong { what: format!("map: the flash of the {} has no room for two slots", chip.name), help })
    })?;
    let example = pins::example(&chip);
    text += &map.to_string();
    text += &format!("pins = {{ serial = {:?}", serial.unwrap_or(&example));
    if let Some(recovery) = recovery {
        text += &format!(", recovery = {recovery:?}");
    }
    text += " }\n";
    let board = parse_file(&text, path)?;
    Ok((text, board))
}

/// A map of what Lifeboot needs, and of the application's own regions.
#[derive(Debug, PartialEq, Eq)]
struct Map<'a> {
    bootloader: u32,
    journal: u32,
    slots: [Region; 2],
    regions: Vec<(&'a str, Region)>,
}

impl<'a> Map<'a> {
    /// Returns the map with the largest slots; `None` if there is none. The application's regions follow the journal, or lie at
    /// the end of the flash.
    fn largest(chip: &Chip, regions: &[(&'a str, u32)]) -> Option<Map<'a>> {
        let sectors = &chip.flash.sectors;
        // What a chip can protect is a multiple of 4 KiB, or a power of two.
        let least = match chip.core.architecture() {
            Architecture::Armv6M => chip.family.smallest_bootloader().next_multiple_of(4 * KIB),
            _ => chip.family.smallest_bootloader().next_power_of_two(),
        };
        let bootloader = sectors.border_from(least);
        let journal = 2 * sectors.at(bootloader)?.length;
        let (after, end) = (bootloader + journal, sectors.length());
        let behind_the_journal = || {
            let mut next = sectors.border_from(after);
            let placed = regions.iter().map(|(name, length)| {
                let start = next;
                next = sectors.border_from(next.checked_add(*length)?);
                Some((*name, Region { start, length: next - start }))
            });
            let placed = placed.collect::<Option<Vec<_>>>()?;
            Some((slots(chip, next, end)?, placed))
        };
        let at_the_end = || {
            let mut next = end;
            let placed = regions.iter().rev().map(|(name, length)| {
                let end = next;
                next = sectors.at(next.checked_sub(*length)?)?.start;
                Some((*name, Region { start: next, length: end - next }))
            });
            let mut placed = placed.collect::<Option<Vec<_>>>()?;
            placed.reverse();
            Some((slots(chip, after, next)?, placed))
        };
        // Of equal slots those that leave the regions no more than they need, and then those with the regions at the end.
        let both = [behind_the_journal(), at_the_end()].into_iter().flatten();
        let taken = |regions: &[(&str, Region)]| regions.iter().map(|(_, region)| region.length).sum::<u32>();
        let (slots, regions) = both.max_by_key(|(slots, regions)| (slots[0].length, Reverse(taken(regions))))?;
        Some(Map { bootloader, journal, slots, regions })
    }
}

/// Returns the largest slots between two places.
fn slots(chip: &Chip, after: u32, end: u32) -> Option<[Region; 2]> {
    let starts = chip.flash.sectors.iter().map(|sector| sector.start);
    let starts: Vec<u32> = starts.filter(|start| (after..end).contains(start)).collect();
    // Both slots start where a sector does: A at one of the first, B near the middle of what is left.
    let pairs = starts.iter().take(16).flat_map(|a| {
        let middle = a.midpoint(end);
        let mut starts: Vec<u32> = starts.iter().copied().filter(|b| b > a).collect();
        starts.sort_by_key(|b| b.abs_diff(middle));
        starts.into_iter().take(64).map(|b| (*a, b)).collect::<Vec<_>>()
    });
    let slots = pairs.filter_map(|(a, b)| {
        let length = (b - a).min(end - b) / KIB * KIB;
        let slots = [Region { start: a, length }, Region { start: b, length }];
        (length > 0 && are_apart(chip, slots[0], slots[1])).then_some(slots)
    });
    // Of equal ones the first: what is left lies at the end.
    slots.reduce(|best, slots| if slots[0].length > best[0].length { slots } else { best })
}

impl fmt::Display for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Map { bootloader, journal, slots: [a, b], regions } = self;
        let place = |region: &Region| format!("\"{} @ {}\"", show(region.length), show(region.start));
        let (bootloader, journal) = (show(*bootloader), show(*journal));
        write!(f, "map = {{ bootloader = {bootloader:?}, journal = {journal:?}, slots = [{}, {}]", place(a), place(b))?;
        regions.iter().try_for_each(|(name, region)| write!(f, ", {name} = {}", place(region)))?;
        writeln!(f, " }}")
    }
}

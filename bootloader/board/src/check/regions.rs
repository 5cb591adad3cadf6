//! What every region must keep: it starts at a sector, fits the flash, and has its sectors to itself.

use super::free::{is_legal, nearest_place, written};
use crate::chip::Chip;
use crate::error::{Wrong, wrong};
use crate::map::Usage;
use crate::place::Spot;
use crate::sectors::Sector;
use crate::size::show;
use lifeboot_core::layout::Region;

/// Checks that each region ends inside the flash.
pub fn fit(chip: &Chip, spots: &[Spot]) -> Result<(), (usize, Wrong)> {
    spots.iter().try_for_each(|spot| fits(chip, spots, spot).map_err(|wrong| (spot.at, wrong)))
}

/// Checks that each region starts at a sector.
pub fn start_at_borders(chip: &Chip, spots: &[Spot]) -> Result<(), (usize, Wrong)> {
    spots.iter().try_for_each(|spot| starts(chip, spots, spot).map_err(|wrong| (spot.at, wrong)))
}

/// Checks that each region but the slots ends at a sector's end.
pub fn end_at_borders(chip: &Chip, spots: &[Spot]) -> Result<(), (usize, Wrong)> {
    spots.iter().try_for_each(|spot| ends(chip, spots, spot).map_err(|wrong| (spot.at, wrong)))
}

/// Checks that no two regions have bytes in the same sector.
pub fn are_apart(chip: &Chip, spots: &[Spot]) -> Result<(), (usize, Wrong)> {
    let pairs =
        spots.iter().enumerate().flat_map(|(index, spot)| spots[..index].iter().map(move |other| (other, spot)));
    pairs.into_iter().try_for_each(|(other, spot)| is_apart(chip, spots, other, spot).map_err(|wrong| (spot.at, wrong)))
}

/// A sector as a sentence names it.
pub fn describe(sector: Sector) -> String {
    format!("sector {} ({} from {} on)", sector.number, show(sector.length), show(sector.start))
}

fn fits(chip: &Chip, spots: &[Spot], spot: &Spot) -> Result<(), Wrong> {
    let (length, Region { start, .. }) = (chip.flash.sectors.length(), spot.region);
    if spot.region.end() <= length {
        return Ok(());
    }
    let what = format!(
        "{} ends at {}, and the flash of the {} at {}",
        spot.usage.describe(),
        show(spot.region.end()),
        chip.name,
        show(length)
    );
    if let Some(place) = nearest_place(chip, spots, spot, spot.region.length) {
        return wrong(what, format!("there is room elsewhere: write {}", written(&spot.usage, place)));
    }
    match length.checked_sub(start).filter(|left| *left > 0) {
        Some(left) => wrong(what, format!("from {} on there are {} at most", show(start), show(left))),
        None => wrong(what, "make the regions before it smaller"),
    }
}

fn starts(chip: &Chip, spots: &[Spot], spot: &Spot) -> Result<(), Wrong> {
    let (sectors, Region { start, length }) = (&chip.flash.sectors, spot.region);
    let Some(sector) = sectors.at(start).filter(|sector| sector.start != start) else { return Ok(()) };
    let (below, above) = (show(sector.start), show(sector.end()));
    let help = match nearest_place(chip, spots, spot, length) {
        Some(place) => format!("sectors start at {below} and {above}: write {}", written(&spot.usage, place)),
        None => {
            format!("sectors start at {below} and {above}, and {} have no place: make a region smaller", show(length))
        }
    };
    wrong(format!("{} starts at {}, inside of {}", spot.usage.describe(), show(start), describe(sector)), help)
}

/// Slots may end inside of a sector, whose rest is then lost: their lengths are equal, and their sectors need not be.
fn ends(chip: &Chip, spots: &[Spot], spot: &Spot) -> Result<(), Wrong> {
    let (sectors, Region { start, .. }) = (&chip.flash.sectors, spot.region);
    if matches!(spot.usage, Usage::Slot(_)) || sectors.is_border(spot.region.end()) {
        return Ok(());
    }
    let end = spot.region.end();
    let Some(sector) = sectors.at(end) else { return Ok(()) };
    let legal = [sector.start, sector.end()]
        .into_iter()
        .filter_map(|end| Some(Region { start, length: end.checked_sub(start).filter(|length| *length > 0)? }))
        .filter(|region| is_legal(chip, spots, &spot.usage, *region))
        .min_by_key(|region| region.end().abs_diff(end))
        .or_else(|| nearest_place(chip, spots, spot, spot.region.length));
    let help = match legal {
        Some(region) => format!("write {}", written(&spot.usage, region)),
        None => format!("sectors end at {} and {}", show(sector.start), show(sector.end())),
    };
    wrong(format!("{} ends at {}, inside of {}", spot.usage.describe(), show(end), describe(sector)), help)
}

fn is_apart(chip: &Chip, spots: &[Spot], first: &Spot, second: &Spot) -> Result<(), Wrong> {
    let sectors = &chip.flash.sectors;
    let Some(both) =
        sectors.covering(first.region).find(|sector| sectors.covering(second.region).any(|other| other == *sector))
    else {
        return Ok(());
    };
    let what =
        format!("{} and {} both have bytes in {}", first.usage.describe(), second.usage.describe(), describe(both));
    match nearest_place(chip, spots, second, second.region.length) {
        Some(place) => wrong(what, format!("a sector belongs to one region: write {}", written(&second.usage, place))),
        None => wrong(
            what,
            format!(
                "a sector belongs to one region, and {} have no place: make a region smaller",
                show(second.region.length)
            ),
        ),
    }
}

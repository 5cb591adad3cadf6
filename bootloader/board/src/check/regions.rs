//! What every region must keep: it starts at a sector, fits the flash, and has its sectors to itself.

use super::free::{first_place, written};
use crate::chip::Chip;
use crate::error::{Wrong, wrong};
use crate::map::Usage;
use crate::place::Spot;
use crate::sectors::Sector;
use crate::size::show;
use lifeboot_core::layout::Region;

/// Checks each region, and each against those before it.
pub fn check(chip: &Chip, spots: &[Spot]) -> Result<(), (usize, Wrong)> {
    for spot in spots {
        fits(chip, spots, spot).and_then(|()| starts(chip, spot)).map_err(|wrong| (spot.at, wrong))?;
        ends(chip, spot).map_err(|wrong| (spot.at, wrong))?;
    }
    for (index, spot) in spots.iter().enumerate() {
        for other in &spots[..index] {
            is_apart(chip, spots, other, spot).map_err(|wrong| (spot.at, wrong))?;
        }
    }
    Ok(())
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
    if let Some(place) = first_place(chip, spots, &spot.usage, spot.region.length, |_| true) {
        return wrong(what, format!("there is room elsewhere: write {}", written(&spot.usage, place)));
    }
    match length.checked_sub(start).filter(|left| *left > 0) {
        Some(left) => wrong(what, format!("from {} on there are {} at most", show(start), show(left))),
        None => wrong(what, "make the regions before it smaller"),
    }
}

fn starts(chip: &Chip, spot: &Spot) -> Result<(), Wrong> {
    let (sectors, Region { start, length }) = (&chip.flash.sectors, spot.region);
    let Some(sector) = sectors.at(start).filter(|sector| sector.start != start) else { return Ok(()) };
    let (below, above) = (sector.start, sector.end());
    let nearest = if start - below <= above - start || above == sectors.length() { below } else { above };
    wrong(
        format!("{} starts at {}, inside of {}", spot.usage.describe(), show(start), describe(sector)),
        format!(
            "sectors start at {} and {}: write {}",
            show(below),
            show(above),
            written(&spot.usage, Region { start: nearest, length })
        ),
    )
}

/// Slots may end inside of a sector, whose rest is then lost: their lengths are equal, and their sectors need not be.
fn ends(chip: &Chip, spot: &Spot) -> Result<(), Wrong> {
    let (sectors, Region { start, .. }) = (&chip.flash.sectors, spot.region);
    if matches!(spot.usage, Usage::Slot(_)) || sectors.is_border(spot.region.end()) {
        return Ok(());
    }
    let end = spot.region.end();
    let Some(sector) = sectors.at(end) else { return Ok(()) };
    let (below, above) = (sector.start.saturating_sub(start), sector.end() - start);
    let nearest = if below == 0 || sector.end() - end <= end - sector.start { above } else { below };
    let lengths = if below == 0 { show(above) } else { format!("{} or {}", show(below), show(above)) };
    wrong(
        format!("{} ends at {}, inside of {}", spot.usage.describe(), show(end), describe(sector)),
        format!(
            "from {} on it can have {lengths}: write {}",
            show(start),
            written(&spot.usage, Region { start, length: nearest })
        ),
    )
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
    match first_place(chip, spots, &second.usage, second.region.length, |_| true) {
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

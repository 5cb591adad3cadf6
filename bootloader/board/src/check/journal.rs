//! The journal: two or more equal sectors before the slots, not too long.

use super::free::{first_place, written};
use super::regions::describe;
use crate::chip::Chip;
use crate::error::{Wrong, wrong};
use crate::map::Usage;
use crate::place::Spot;
use crate::sectors::Sectors;
use crate::size::show;
use lifeboot_core::layout::{Region, Slot};

/// As `Board::check` of core has it: sequence numbers allow for no longer journal.
const LONGEST: u32 = 1024 * 1024;

/// Checks the journal's region.
pub fn check(chip: &Chip, spots: &[Spot]) -> Result<(), (usize, Wrong)> {
    let of = |usage: Usage| spots.iter().find(move |spot| spot.usage == usage);
    let (Some(spot), Some(slot)) = (of(Usage::Journal), of(Usage::Slot(Slot::A))) else { return Ok(()) };
    has_two_units(chip, spots, spot)
        .and_then(|()| has_equal_units(chip, spots, spot))
        .and_then(|()| is_short_enough(spot))
        .and_then(|()| lies_before(chip, spots, spot, slot))
        .map_err(|wrong| (spot.at, wrong))
}

fn has_two_units(chip: &Chip, spots: &[Spot], spot: &Spot) -> Result<(), Wrong> {
    let mut sectors = chip.flash.sectors.covering(spot.region);
    let (Some(only), None) = (sectors.next(), sectors.next()) else { return Ok(()) };
    wrong(
        format!(
            "the journal has only {}, and while one unit is erased another must hold the newest record",
            describe(only)
        ),
        equal_pair(chip, spots),
    )
}

fn has_equal_units(chip: &Chip, spots: &[Spot], spot: &Spot) -> Result<(), Wrong> {
    let sectors: Vec<_> = chip.flash.sectors.covering(spot.region).collect();
    let Some(pair) = sectors.windows(2).find(|pair| pair[0].length != pair[1].length) else { return Ok(()) };
    wrong(
        format!("the journal has sectors of different sizes: {} and {}", describe(pair[0]), describe(pair[1])),
        equal_pair(chip, spots),
    )
}

/// The help that names the first two equal sectors that the journal could have.
fn equal_pair(chip: &Chip, spots: &[Spot]) -> String {
    let sectors = &chip.flash.sectors;
    let mut lengths: Vec<u32> = sectors.runs().iter().map(|run| 2 * run.unit).collect();
    lengths.sort_unstable();
    let pair = lengths
        .into_iter()
        .find_map(|length| first_place(chip, spots, &Usage::Journal, length, |region| are_two_equal(sectors, region)));
    match pair {
        Some(region) => format!("write {}", written(&Usage::Journal, region)),
        None => "a journal has two or more sectors of equal size: make room for two by smaller regions".to_owned(),
    }
}

fn are_two_equal(sectors: &Sectors, region: Region) -> bool {
    let sectors: Vec<_> = sectors.covering(region).map(|sector| sector.length).collect();
    sectors == [region.length / 2; 2]
}

fn is_short_enough(spot: &Spot) -> Result<(), Wrong> {
    if spot.region.length <= LONGEST {
        return Ok(());
    }
    wrong(
        format!("the journal has {}, and sequence numbers allow for {}", show(spot.region.length), show(LONGEST)),
        "write journal = \"1M\"; two sectors last for most products",
    )
}

fn lies_before(chip: &Chip, spots: &[Spot], spot: &Spot, slot: &Spot) -> Result<(), Wrong> {
    if spot.region.start < slot.region.start {
        return Ok(());
    }
    let before = |region: Region| region.end() <= slot.region.start;
    let help = match first_place(chip, spots, &Usage::Journal, spot.region.length, before) {
        Some(place) => format!("write {}", written(&Usage::Journal, place)),
        None => "write the journal before the slots, and give them what follows it".to_owned(),
    };
    wrong(format!("the journal starts at {}, behind slot A", show(spot.region.start)), help)
}

//! The journal: two or more equal sectors before the slots, not too long.

use super::free::{nearest_place, written};
use super::regions::describe;
use crate::chip::Chip;
use crate::error::{Wrong, wrong};
use crate::map::Usage;
use crate::place::Spot;
use crate::size::show;
use lifeboot_core::layout::Slot;

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
        equal_pair(chip, spots, spot),
    )
}

fn has_equal_units(chip: &Chip, spots: &[Spot], spot: &Spot) -> Result<(), Wrong> {
    let sectors: Vec<_> = chip.flash.sectors.covering(spot.region).collect();
    let Some(pair) = sectors.windows(2).find(|pair| pair[0].length != pair[1].length) else { return Ok(()) };
    wrong(
        format!("the journal has sectors of different sizes: {} and {}", describe(pair[0]), describe(pair[1])),
        equal_pair(chip, spots, spot),
    )
}

/// The help that names the two smallest equal sectors that the journal could have.
fn equal_pair(chip: &Chip, spots: &[Spot], spot: &Spot) -> String {
    let mut lengths: Vec<u32> = chip.flash.sectors.runs().iter().map(|run| 2 * run.unit).collect();
    lengths.sort_unstable();
    match lengths.into_iter().find_map(|length| nearest_place(chip, spots, spot, length)) {
        Some(region) => format!("write {}", written(&Usage::Journal, region)),
        None => "a journal has two or more sectors of equal size: make room for two by smaller regions".to_owned(),
    }
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
    let help = match nearest_place(chip, spots, spot, spot.region.length) {
        Some(place) => format!("write {}", written(&Usage::Journal, place)),
        None => "write the journal before the slots, and give them what follows it".to_owned(),
    };
    wrong(format!("the journal starts at {}, behind slot A", show(spot.region.start)), help)
}

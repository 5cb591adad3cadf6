//! The slots: equal in length, A before B, a legal distance apart, and large enough for firmware.

use super::free::{UPPER_HALF, are_apart, nearest_place, written};
use crate::chip::Chip;
use crate::error::{Wrong, wrong};
use crate::map::Usage;
use crate::place::Spot;
use crate::size::show;
use lifeboot_core::layout::{BLOCK, Region, Slot};

const KIB: u32 = 1024;

/// The least bytes for payload and relocation table: less holds no firmware that updates itself.
const SMALLEST_PAYLOAD: u32 = 8 * KIB;

/// Checks the slots.
pub fn check(chip: &Chip, spots: &[Spot]) -> Result<(), (usize, Wrong)> {
    let of = |slot: Slot| spots.iter().find(move |spot| spot.usage == Usage::Slot(slot));
    let (Some(a), Some(b)) = (of(Slot::A), of(Slot::B)) else { return Ok(()) };
    holds_firmware(chip, a).and_then(|()| has_whole_blocks(a)).map_err(|wrong| (a.at, wrong))?;
    are_equal(a, b)
        .and_then(|()| are_in_order(a, b))
        .and_then(|()| are_a_legal_distance_apart(chip, spots, a, b))
        .map_err(|wrong| (b.at, wrong))
}

fn holds_firmware(chip: &Chip, spot: &Spot) -> Result<(), Wrong> {
    let least = chip.header_length() + SMALLEST_PAYLOAD;
    if spot.region.length >= least {
        return Ok(());
    }
    wrong(
        format!(
            "{} has {}, of which the image's header takes {}",
            spot.usage.describe(),
            show(spot.region.length),
            show(chip.header_length())
        ),
        format!("give each slot {} or more", show(chip.flash.sectors.border_from(least))),
    )
}

fn has_whole_blocks(spot: &Spot) -> Result<(), Wrong> {
    let Region { start, length } = spot.region;
    if length.is_multiple_of(BLOCK) {
        return Ok(());
    }
    let nearest = Region { start, length: length.next_multiple_of(BLOCK) - BLOCK };
    wrong(
        format!("{} has {length} bytes, not a multiple of {BLOCK}", spot.usage.describe()),
        format!("write {}", written(&spot.usage, nearest)),
    )
}

fn are_equal(a: &Spot, b: &Spot) -> Result<(), Wrong> {
    if a.region.length == b.region.length {
        return Ok(());
    }
    let (length_a, length_b) = (show(a.region.length), show(b.region.length));
    let smaller = show(a.region.length.min(b.region.length));
    wrong(
        format!("slot A has {length_a} and slot B {length_b}, and an image must fit either"),
        format!("give both {smaller}; what is left of a sector is lost"),
    )
}

fn are_in_order(a: &Spot, b: &Spot) -> Result<(), Wrong> {
    if a.region.start < b.region.start {
        return Ok(());
    }
    wrong(
        format!("slot B, at {}, lies before slot A, at {}", show(b.region.start), show(a.region.start)),
        format!(
            "write slots = [\"{0} @ {1}\", \"{0} @ {2}\"]",
            show(a.region.length),
            show(b.region.start),
            show(a.region.start)
        ),
    )
}

fn are_a_legal_distance_apart(chip: &Chip, spots: &[Spot], a: &Spot, b: &Spot) -> Result<(), Wrong> {
    if are_apart(chip, a.region, b.region) {
        return Ok(());
    }
    let what = format!(
        "slot B starts {} behind slot A, and addresses in MOVW and MOVT can only be rebased by a multiple of {}",
        show(b.region.start - a.region.start),
        show(UPPER_HALF)
    );
    match nearest_place(chip, spots, b, b.region.length) {
        Some(place) => wrong(what, format!("write {}", written(&b.usage, place))),
        None => wrong(what, "make the slots smaller, so that B can start such a distance behind A"),
    }
}

//! The bootloader's region: at the start of flash, large enough, and of a shape that the chip can protect.

use super::free::written;
use crate::chip::{Chip, Family};
use crate::error::{Wrong, wrong};
use crate::map::Usage;
use crate::place::Spot;
use crate::size::show;
use lifeboot_core::layout::Region;

const KIB: u32 = 1024;

/// A block of what the nRF51 protects from reset on: a bit of PROTENSET0 each (nRF51 Series Reference Manual 3.0, chapter 9).
const NRF51_BLOCK: u32 = 4 * KIB;

/// Checks the bootloader's region.
pub fn check(chip: &Chip, spots: &[Spot]) -> Result<(), (usize, Wrong)> {
    let Some(spot) = spots.iter().find(|spot| spot.usage == Usage::Bootloader) else { return Ok(()) };
    at_start(chip, spot)
        .and_then(|()| is_large_enough(chip, spot))
        .and_then(|()| can_be_protected(chip, spot))
        .map_err(|wrong| (spot.at, wrong))
}

/// Returns the nearest length of at least `length` that the chip can protect.
fn protected_length(chip: &Chip, length: u32) -> u32 {
    let length = length.max(chip.family.smallest_bootloader());
    match chip.family {
        Family::Nrf51 => length.next_multiple_of(NRF51_BLOCK),
        // A region of the MPU (DDI 0403, B3.5.8): a power of two.
        Family::Stm32f4 => length.next_power_of_two(),
        // Nothing on the chip protects its flash (`docs/boards/pico.md`): whole sectors.
        Family::Rp2040 => chip.flash.sectors.border_from(length),
    }
}

fn at_start(chip: &Chip, spot: &Spot) -> Result<(), Wrong> {
    if spot.region.start == 0 {
        return Ok(());
    }
    let region = Region { start: 0, length: protected_length(chip, spot.region.length) };
    wrong(
        format!("the bootloader starts at {}, and a reset enters at the start of flash", show(spot.region.start)),
        format!("write {}", written(&Usage::Bootloader, region)),
    )
}

fn is_large_enough(chip: &Chip, spot: &Spot) -> Result<(), Wrong> {
    let least = chip.family.smallest_bootloader();
    if spot.region.length >= least {
        return Ok(());
    }
    wrong(
        format!("the bootloader has {}, and its code needs {}", show(spot.region.length), show(least)),
        format!("write bootloader = {:?}", show(protected_length(chip, least))),
    )
}

fn can_be_protected(chip: &Chip, spot: &Spot) -> Result<(), Wrong> {
    let length = spot.region.length;
    let nearest = protected_length(chip, length);
    if nearest == length {
        return Ok(());
    }
    let how = match chip.family {
        Family::Nrf51 => "the nRF51 protects it in blocks of 4K",
        Family::Stm32f4 => "the MPU protects it as one region, a power of two",
        Family::Rp2040 => "flash is erased by sectors",
    };
    wrong(format!("the bootloader has {}, and {how}", show(length)), format!("write bootloader = {:?}", show(nearest)))
}

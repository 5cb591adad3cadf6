//! The checks of a flash map. Each error names the nearest legal value.
//!
//! What holds for every chip is no check here but a test in `chips.rs`: that write units suit records and blocks, that a sector
//! holds enough boot records, and that every sector's start suits the vector table of a slot.

mod bootloader;
mod free;
mod journal;
mod regions;
mod slots;

use crate::chip::Chip;
use crate::error::Wrong;
use crate::place::Spot;

pub use free::are_apart;

/// An error, and the byte of the board file that it is about.
pub type Placeless = (usize, Wrong);

/// Checks a map that has every region; what a region is for comes before its neighbours, since it explains more.
///
/// # Errors
/// The first that is found.
pub fn check(chip: &Chip, spots: &[Spot]) -> Result<(), Placeless> {
    regions::fit(chip, spots)?;
    bootloader::check(chip, spots)?;
    regions::start_at_borders(chip, spots)?;
    journal::check(chip, spots)?;
    regions::end_at_borders(chip, spots)?;
    slots::check(chip, spots)?;
    regions::are_apart(chip, spots)
}

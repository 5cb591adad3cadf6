//! The clock of a board file.

use crate::chip::{Chip, ClockSource};
use crate::clock::PllClock;
use crate::error::{BoardError, Source, Wrong, wrong};
use crate::values::Table;

/// Reads `clock` of a board, or chooses the fastest; `None` where there is no choice.
pub fn clock(table: &Table, source: Source, chip: &Chip) -> Result<Option<PllClock>, BoardError> {
    let Some(value) = table.value("clock") else {
        return Ok(match chip.clock {
            ClockSource::Pll(limits) => Some(PllClock::highest(limits)),
            ClockSource::Fixed(_) | ClockSource::Crystal(_) => None,
        });
    };
    let text = value.text("\"84M\"")?;
    choose_clock(chip, text).map_err(|wrong| source.error(value.at, wrong))
}

/// Reads a clock in hertz, in which an M is a million.
fn choose_clock(chip: &Chip, text: &str) -> Result<Option<PllClock>, Wrong> {
    let hertz = match text.trim().strip_suffix(['M', 'm']) {
        Some(mega) => mega.trim().parse().ok().and_then(|mega: u32| mega.checked_mul(1_000_000)),
        None => text.trim().parse().ok(),
    };
    let Some(hertz) = hertz else {
        return wrong(
            format!("clock: {text:?} is no frequency"),
            "write hertz, or megahertz with an M: clock = \"84M\"",
        );
    };
    let limits = match chip.clock {
        ClockSource::Fixed(only) | ClockSource::Crystal(only) if hertz == only => return Ok(None),
        ClockSource::Fixed(only) | ClockSource::Crystal(only) => {
            return wrong(format!("clock: the {} runs at {}M only", chip.name, only / 1_000_000), "leave the key out");
        }
        ClockSource::Pll(limits) => limits,
    };
    if let Some(clock) = PllClock::of(limits, hertz) {
        return Ok(Some(clock));
    }
    let highest = PllClock::highest(limits).core;
    let why = match hertz > highest {
        true => format!(
            "is more than the internal oscillator can be trusted with: it may be 4.5 % fast, and the {} has limits of {}M for \
             the core, {}M and {}M for its buses, and {}M for flash at 1.8 V",
            chip.name,
            limits.core,
            limits.apb1,
            limits.apb2,
            limits.core.min(limits.flash_step * (limits.wait_states + 1))
        ),
        false => "is not what the PLL can make of 16M, with whole megahertz on each bus".to_owned(),
    };
    let nearest =
        PllClock::all(limits).min_by_key(|clock| clock.core.abs_diff(hertz)).map_or(highest, |clock| clock.core);
    wrong(
        format!("clock: {text:?} {why}"),
        format!("write clock = \"{}M\", or leave it out for {}M", nearest / 1_000_000, highest / 1_000_000),
    )
}

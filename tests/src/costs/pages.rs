//! The README's table: a part of it that is written by `cargo costs`, between two marks.

use super::{Costs, Figure, Peer, Unit};
use crate::product::{self, MICROBIT, PICO, STM32F405};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

const BEGIN: &str = "<!-- Written by `cargo costs`. -->\n";
const END: &str = "<!-- Up to here. -->\n";

/// What is told there; the rest is in `costs.json`.
const TOLD: [&str; 22] = [
    "bootloader in flash, with recovery",
    "bootloader in flash, without recovery",
    "bootloader's static RAM",
    "bootloader's stack",
    "RAM of updater and session with the board's frames, of 512 or 2,048 bytes, in bytes",
    "example firmware's stack in an update, signature check, updater and session included",
    "reset to confirmed firmware of 64 KiB",
    "reset to the first instruction of new firmware of 64 KiB",
    "longest standstill of the application during a push",
    "push of 64 KiB at 115200 baud",
    "push of 64 KiB at 115200 baud, over the longer of line and flash",
    "push of 64 KiB at 115200 baud: image on the line while it is sent",
    "push of 64 KiB: over the line, over bytes of image",
    "update of 64 KiB: erases, journal included",
    "update of 64 KiB: erases by the bootloader",
    "update of 64 KiB: flash is busy",
    "update of 64 KiB: boot records",
    "rollback after crashes: erases",
    "rollback after crashes: flash is busy",
    "push of what runs: erases",
    "push of what the other slot holds: erases",
    "10,000 updates: erases of each unit of the journal",
];

/// What a row may be in; what is measured in two has two rows.
const UNITS: [Unit; 7] =
    [Unit::Bytes, Unit::Instructions, Unit::Microseconds, Unit::Ratio, Unit::LineShare, Unit::Erases, Unit::Records];

const HEAD: &str = "| figure | micro:bit | Pico | STM32F405 | held to | budget | peer |\n| --- | --- | --- | --- | --- | --- | --- |\n";

/// The table.
pub fn table(costs: &Costs) -> String {
    let rows = TOLD.iter().flat_map(|what| {
        let of_this = |unit: Unit| -> Vec<&Figure> {
            costs.figures.iter().filter(|figure| figure.what == *what && figure.unit == unit).collect()
        };
        let in_units = UNITS.map(of_this).into_iter().filter(|figures| !figures.is_empty());
        in_units.map(|figures| row(what, &figures)).collect::<Vec<_>>()
    });
    HEAD.to_owned() + &rows.collect::<String>()
}

/// What is measured on all boards, in one row; what is the same for all of them, once.
fn row(what: &str, figures: &[&Figure]) -> String {
    let on_boards = [&MICROBIT, &PICO, &STM32F405].map(|target| {
        let is_its = |figure: &&&Figure| figure.board == target.board.name;
        figures.iter().find(is_its).copied()
    });
    let unit = figures[0].unit;
    let ours = on_boards.map(|figure| figure.map_or_else(String::new, |figure| unit.number(figure.ours)));
    let joined = |value: &dyn Fn(&Figure) -> Option<u64>| {
        let mut values: Vec<String> =
            on_boards.iter().flatten().filter_map(|figure| Some(unit.number(value(figure)?))).collect();
        values.dedup();
        values.join(" / ")
    };
    let limits = joined(&|figure| figure.limit);
    let budgets = joined(&|figure| figure.budget);
    let missed = if figures.iter().any(|figure| figure.misses_budget()) { ", **missed**" } else { "" };
    let peers = joined(&|figure| figure.peer.as_ref().map(|peer| peer.value));
    let peer = figures.iter().find_map(|figure| figure.peer.as_ref());
    let named = peer.map_or_else(String::new, |Peer { name, measured, .. }| {
        format!(" {name}, {}", if *measured { "measured" } else { "cited" })
    });
    let of = if what.contains(unit.name()) { String::new() } else { format!(", {}", unit.name()) };
    format!("| {what}{of} | {} | {limits} | {budgets}{missed} | {peers}{named} |\n", ours.join(" | "))
}

fn file() -> PathBuf {
    product::root().join("README.md")
}

/// What stands before the table, the table, and what stands behind it.
fn parts() -> Result<[String; 3]> {
    let text = fs::read_to_string(file())?;
    let (before, rest) = text.split_once(BEGIN).context("the README has no place for the figures")?;
    let (table, behind) = rest.split_once(END).context("the README's place for the figures does not end")?;
    Ok([before.to_owned(), table.to_owned(), behind.to_owned()])
}

/// The table that stands there.
pub fn written() -> Result<String> {
    Ok(parts()?[1].trim().to_owned() + "\n")
}

/// Writes it.
pub fn write(costs: &Costs) -> Result<()> {
    let [before, _, behind] = parts()?;
    Ok(fs::write(file(), format!("{before}{BEGIN}\n{}\n{END}{behind}", table(costs)))?)
}

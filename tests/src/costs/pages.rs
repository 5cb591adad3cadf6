//! The pages' tables of figures: parts of them that are written by `cargo costs`, between two marks.

use super::stall::{CHECK, MAX_STALL};
use super::{Costs, Figure, Peer, Unit, gateway};
use crate::product::{self, MICROBIT, PICO, STM32F405};
use anyhow::{Context, Result};
use std::fs;

const BEGIN: &str = "<!-- Written by `cargo costs`. -->\n";
const END: &str = "<!-- Up to here. -->\n";

/// A page with a table of figures.
pub struct Page {
    file: &'static str,
    /// The figures in it; the rest is in `costs.json`.
    figures: &'static [&'static str],
    columns: Columns,
}

/// What stands in a table's row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// The figure on each board.
    Boards,
    /// And its limit, its budget and a peer's figure.
    BoardsAndLimits,
    /// A figure that is no board's, and its limit.
    Limit,
}

/// The pages.
pub const PAGES: [Page; 3] = [README, EVIDENCE, FLEETS];

/// The few figures that a decision for or against Lifeboot needs.
const README: Page = Page {
    file: "README.md",
    figures: &[
        "bootloader in flash, with recovery",
        "bootloader in flash, with recovery, compact verifier",
        "RAM of updater and session with the board's frames, of 512 or 2,048 bytes, in bytes",
        "reset to confirmed firmware of 64 KiB",
        "reset to confirmed firmware of 64 KiB, compact verifier",
        MAX_STALL,
        "push of 64 KiB at 115200 baud",
        "update of 64 KiB: erases, journal included",
    ],
    columns: Columns::Boards,
};

/// What a reader of the evidence looks for.
const EVIDENCE: Page = Page { file: "docs/evidence.md", figures: &ALL, columns: Columns::BoardsAndLimits };

/// What a gateway takes.
const FLEETS: Page = Page {
    file: "docs/fleets.md",
    figures: &[gateway::DOWNLOADS, gateway::UPDATE, gateway::HEAP],
    columns: Columns::Limit,
};

const ALL: [&str; 37] = [
    "bootloader in flash, with recovery",
    "bootloader in flash, with recovery, compact verifier",
    "bootloader in flash, with recovery and two-part-signature",
    "bootloader in flash, without recovery",
    "bootloader in flash, without recovery, compact verifier",
    "bootloader's static RAM",
    "bootloader's stack",
    "bootloader's stack, compact verifier",
    "RAM of updater and session with the board's frames, of 512 or 2,048 bytes, in bytes",
    "updater in firmware's flash",
    "updater in firmware's flash, compact verifier",
    "updater and session in firmware's flash",
    "updater and session in firmware's flash, compact verifier",
    "updater and session with patches in firmware's flash",
    "updater and session with patches in firmware's flash, compact verifier",
    "example firmware's stack in an update, signature check, updater and session included",
    "example firmware's stack in an update, signature check, updater and session included, compact verifier",
    CHECK,
    "signature's check by the example firmware during a push, compact verifier",
    "reset to confirmed firmware of 64 KiB",
    "reset to confirmed firmware of 64 KiB, compact verifier",
    "reset to confirmed firmware of 64 KiB, with two-part-signature",
    "reset to the first instruction of new firmware of 64 KiB",
    MAX_STALL,
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
const UNITS: [Unit; 8] = [
    Unit::Bytes,
    Unit::Instructions,
    Unit::Microseconds,
    Unit::Ratio,
    Unit::LineShare,
    Unit::Erases,
    Unit::Records,
    Unit::Requests,
];

/// The table of a page.
pub fn table(page: &Page, costs: &Costs) -> String {
    let (columns, rule) = match page.columns {
        Columns::Boards => (" micro:bit | Pico | STM32F405 |", " --- | --- | --- |"),
        Columns::BoardsAndLimits => {
            (" micro:bit | Pico | STM32F405 | held to | budget | peer |", " --- | --- | --- | --- | --- | --- |")
        }
        Columns::Limit => (" measured | held to |", " --- | --- |"),
    };
    let rows = page.figures.iter().flat_map(|what| {
        let of_this = |unit: Unit| -> Vec<&Figure> {
            costs.figures.iter().filter(|figure| figure.what == *what && figure.unit == unit).collect()
        };
        let in_units = UNITS.map(of_this).into_iter().filter(|figures| !figures.is_empty());
        in_units.map(|figures| row(what, &figures, page.columns)).collect::<Vec<_>>()
    });
    let rows = rows.collect::<String>();
    format!("| figure |{columns}\n| --- |{rule}\n{rows}")
}

/// What is measured on all boards, in one row; what is the same for all of them, once.
fn row(what: &str, figures: &[&Figure], columns: Columns) -> String {
    if columns == Columns::Limit {
        let figure = figures[0];
        let limit = figure.limit.map_or_else(String::new, |limit| figure.unit.number(limit));
        return format!("| {what}, {} | {} | {limit} |\n", figure.unit.name(), figure.unit.number(figure.ours));
    }
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
    let limits = match columns {
        Columns::BoardsAndLimits => format!(" {limits} | {budgets}{missed} | {peers}{named} |"),
        Columns::Boards | Columns::Limit => String::new(),
    };
    format!("| {what}{of} | {} |{limits}\n", ours.join(" | "))
}

impl Page {
    /// Its path in the repository.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// What is in front of the table, the table, and what is behind it.
    fn parts(&self) -> Result<[String; 3]> {
        let text = fs::read_to_string(product::root().join(self.file))?;
        let file = self.file;
        let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{file} has no place for the figures"))?;
        let (table, behind) =
            rest.split_once(END).with_context(|| format!("the place for the figures in {file} does not end"))?;
        Ok([before.to_owned(), table.to_owned(), behind.to_owned()])
    }

    /// The table that it has.
    pub fn written(&self) -> Result<String> {
        Ok(self.parts()?[1].trim().to_owned() + "\n")
    }

    /// Writes the table into it.
    pub fn write(&self, costs: &Costs) -> Result<()> {
        let [before, _, behind] = self.parts()?;
        let table = table(self, costs);
        let path = product::root().join(self.file);
        // Atomically, as other tests read the pages meanwhile.
        let new = path.with_extension("new");
        fs::write(&new, format!("{before}{BEGIN}\n{table}\n{END}{behind}"))?;
        Ok(fs::rename(new, path)?)
    }
}

//! Flash and RAM of the bootloader.

mod types;

use super::{Figure, Symbol, Unit, kit};
use crate::product::{self, MICROBIT, PICO, STM32F405, Target};
use anyhow::Result;
use lifeboot_core::Slot;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use std::fs;
use std::path::Path;

/// The limits of each board's bootloader, with recovery and without; its budget with recovery; and MCUboot's size,
/// without recovery.
struct Flash {
    target: &'static Target,
    limit: u64,
    without_recovery: u64,
    budget: u64,
    peer: Option<u64>,
}

const FLASH: [Flash; 3] = [
    Flash { target: &MICROBIT, limit: 26_750, without_recovery: 22_150, budget: 20 * 1024, peer: Some(20_356) },
    Flash { target: &PICO, limit: 26_980, without_recovery: 22_360, budget: 20 * 1024, peer: None },
    Flash { target: &STM32F405, limit: 23_960, without_recovery: 19_400, budget: 16 * 1024, peer: Some(18_588) },
];

/// Cited: measured before this project, on its release with similar settings.
const PEER: &str = "MCUboot, direct-XIP, Ed25519";

/// RAM of a session and an updater, at most.
const UPDATER: [u64; 2] = [2_500, 4_040];

/// Symbols of each board that are named.
const LARGEST: usize = 10;

/// The figures.
pub fn figures() -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for Flash { target, limit, without_recovery, budget, peer } in FLASH {
        let name = target.board.name;
        let bootloader = kit::bootloader(target)?;
        let figure = |what, value| Figure::new(what, name, Unit::Bytes, value);
        figures.push(
            figure("bootloader in flash, with recovery", product::flash_size(&bootloader)?)
                .held_to(limit)
                .meant_to_be(budget),
        );
        let two_parts = product::flash_size(&kit::bootloader_with_two_parts(target)?)?;
        figures.push(figure("bootloader in flash, with recovery and two-part-signature", two_parts));
        let without = product::flash_size(&kit::bootloader_without_recovery(target)?)?;
        let without = figure("bootloader in flash, without recovery", without).held_to(without_recovery);
        figures.push(match peer {
            Some(peer) => without.beside_cited(PEER, peer),
            None => without,
        });
        figures.push(figure("bootloader's static RAM", static_ram(&bootloader)?).held_to(0).meant_to_be(1200));
    }
    for (target, limit) in [(&MICROBIT, UPDATER[0]), (&PICO, UPDATER[1]), (&STM32F405, UPDATER[1])] {
        let firmware = product::firmware(target, Slot::A, &[])?;
        let ram = types::size(&firmware, "Session<")? + types::size(&firmware, "Updater<")?;
        let what = "RAM of updater and session with the board's frames, of 512 or 2,048 bytes, in bytes";
        figures.push(Figure::new(what, target.board.name, Unit::Bytes, ram).held_to(limit));
    }
    Ok(figures)
}

/// Bytes of variables that a program has, set or zero at its start.
fn static_ram(elf: &Path) -> Result<u64> {
    let bytes = fs::read(elf)?;
    let file = object::File::parse(&*bytes)?;
    let is_variable =
        |section: &object::Section| matches!(section.kind(), SectionKind::Data | SectionKind::UninitializedData);
    Ok(file.sections().filter(is_variable).map(|section| section.size()).sum())
}

/// The largest symbols of each board's bootloader.
pub fn symbols() -> Result<Vec<Symbol>> {
    let mut all = Vec::new();
    for Flash { target, .. } in FLASH {
        let bytes = fs::read(kit::bootloader(target)?)?;
        let file = object::File::parse(&*bytes)?;
        let board = target.board.name;
        let mut symbols: Vec<Symbol> = file
            .symbols()
            .filter(|symbol| symbol.size() > 0)
            .filter_map(|symbol| Some((name(symbol.name().ok()?), symbol.size())))
            .map(|(name, bytes)| Symbol { board: board.to_owned(), name, bytes })
            .collect();
        symbols.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        symbols.truncate(LARGEST);
        all.extend(symbols);
    }
    Ok(all)
}

/// A symbol's name, without the compiler's hash in it.
fn name(symbol: &str) -> String {
    if symbol.starts_with(".Lanon.") {
        return "a constant without a name".to_owned();
    }
    let name = rustc_demangle::demangle(symbol).to_string();
    name.rsplit_once("::h").map_or(name.clone(), |(name, _)| name.to_owned())
}

//! Flash and RAM of the bootloader.

mod types;

use super::{Figure, Symbol, Unit, kit};
use crate::product::{self, MICROBIT, PICO, RECOVERY, STM32F405, Target};
use anyhow::Result;
use lifeboot_board::Verifier;
use lifeboot_core::Slot;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use std::fs;
use std::path::Path;

/// The limits of each board's bootloader, and MCUboot's size, without recovery.
struct Flash {
    target: &'static Target,
    dalek: Limits,
    compact: Limits,
    peer: Option<u64>,
}

/// Limits of bootloaders with recovery and without, and their budgets.
struct Limits {
    with_recovery: [u64; 2],
    without: [u64; 2],
}

const FLASH: [Flash; 3] = [
    Flash {
        target: &MICROBIT,
        dalek: Limits { with_recovery: [26_700, 26_134], without: [22_100, 21_866] },
        compact: Limits { with_recovery: [18_600, 17_400], without: [14_000, 13_000] },
        peer: Some(20_356),
    },
    Flash {
        target: &PICO,
        dalek: Limits { with_recovery: [27_000, 26_378], without: [22_400, 22_186] },
        compact: Limits { with_recovery: [18_950, 17_400], without: [14_300, 13_000] },
        peer: None,
    },
    Flash {
        target: &STM32F405,
        dalek: Limits { with_recovery: [23_850, 23_194], without: [19_300, 19_056] },
        compact: Limits { with_recovery: [17_900, 16_400], without: [13_300, 12_300] },
        peer: Some(18_588),
    },
];

/// What stands behind a figure's name if it is one with the compact verifier.
pub const COMPACT: &str = ", compact verifier";

/// Cited: measured before this project, on its release with similar settings.
const PEER: &str = "MCUboot, direct-XIP, Ed25519";

/// RAM of a session and an updater, at most.
const UPDATER: [u64; 2] = [2_500, 4_040];

/// Symbols of each board that are named.
const LARGEST: usize = 10;

/// The figures.
pub fn figures() -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for Flash { target, dalek, compact, peer } in FLASH {
        let name = target.board.name;
        let figure = |what: &str, value| Figure::new(what, name, Unit::Bytes, value);
        for (verifier, limits, name) in [(Verifier::Dalek, dalek, ""), (Verifier::Compact, compact, COMPACT)] {
            let size = |features| product::flash_size(&kit::bootloader_of(verifier, target, features)?);
            let ([limit, budget], what) = (limits.with_recovery, format!("bootloader in flash, with recovery{name}"));
            figures.push(figure(&what, size(&[RECOVERY])?).held_to(limit).meant_to_be(budget));
            let ([limit, budget], what) = (limits.without, format!("bootloader in flash, without recovery{name}"));
            let without = figure(&what, size(&[])?).held_to(limit).meant_to_be(budget);
            figures.push(match peer {
                Some(peer) => without.beside_cited(PEER, peer),
                None => without,
            });
        }
        let two_parts = kit::bootloader_of(Verifier::Dalek, target, &[RECOVERY, "two-part-signature"])?;
        let two_parts = product::flash_size(&two_parts)?;
        figures.push(figure("bootloader in flash, with recovery and two-part-signature", two_parts));
        figures.push(
            figure("bootloader's static RAM", static_ram(&kit::bootloader(target)?)?).held_to(0).meant_to_be(1200),
        );
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

//! Board files.
//!
//! ```toml
//! name  = "acme-press"          # 1 to 16 printable ASCII characters; what images are signed for
//! chip  = "STM32F411CE"
//! flash = "8M"                  # only where flash is external (RP2040)
//! map   = { bootloader = "32K", journal = "32K", slots = ["128K @ 128K", "128K @ 256K"], storage = "64K @ 64K" }
//! pins  = { serial = "USART1 PA9 PA10", recovery = "PA0 low" }
//!
//! # What few boards need:
//! clock = "84M"                 # hertz; else the fastest from the internal oscillator
//! ram = "64K"                   # less than the chip has
//! dual-bank = true              # an STM32F42x or F43x with 1M, whose option DB1M is set
//! watch-confirmed = true        # the watchdog also runs while confirmed firmware does
//! verifier = "compact"          # a bootloader 8 KB smaller, with 5 KB less stack; else ed25519-dalek and sha2
//! ```
//!
//! Every further name in the map is a region of the application.

mod clock;
mod map;

pub use map::check_region;

use crate::chip::Chip;
use crate::chips;
use crate::description::BoardDescription;
use crate::error::{BoardError, Source, Wrong, wrong};
use crate::pin::{RecoveryPin, Serial};
use crate::pins;
use crate::size::{self, show};
use crate::values::{Table, Value};
use crate::verifier::Verifier;
use lifeboot_core::layout::{HANDOVER_LENGTH, Region};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const KEYS: [&str; 10] =
    ["name", "chip", "flash", "map", "pins", "clock", "ram", "dual-bank", "watch-confirmed", "verifier"];
const PINS: [&str; 2] = ["serial", "recovery"];

/// Returns what the bootloader uses of RAM: its stack, and the words that it shares with the firmware; in whole KiB.
fn smallest_ram(verifier: Verifier) -> u32 {
    (verifier.stack() + HANDOVER_LENGTH).next_multiple_of(1024)
}

/// Reads a board from a file of its own, or from the table `[board]` of a project's `lifeboot.toml`.
///
/// # Errors
/// [`BoardError`], at the first value that is wrong.
pub fn parse_file(text: &str, path: &Path) -> Result<BoardDescription, BoardError> {
    match DeTable::parse(text) {
        Ok(file) => {
            let table = match file.get_ref().get("board").map(Spanned::get_ref) {
                Some(DeValue::Table(board)) => board,
                _ => file.get_ref(),
            };
            parse_table(table, text, path)
        }
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let help = "write a value as KEY = VALUE, a text in quotes".to_owned();
            Err(Source { text, path }.error(at, Wrong { what: error.message().replace('\n', ", "), help }))
        }
    }
}

/// Reads a board from the table `[board]` of a file; `text` is the whole file, and `path` its path.
///
/// # Errors
/// [`BoardError`], at the first value that is wrong.
pub fn parse_table(table: &DeTable<'_>, text: &str, path: &Path) -> Result<BoardDescription, BoardError> {
    let source = Source { text, path };
    let table = Table::new(table, source);
    table.only("a board", &KEYS)?;
    let name = table.required("the board", "name", "a name that images are signed for: name = \"acme-press\"")?;
    let at_name = |wrong| source.error(name.at, wrong);
    let name = check_name(name.text("\"acme-press\"")?).map_err(at_name)?;
    let chip = chip(&table, source)?;
    let map = map::map(&table, source, &chip)?;
    let verifier = verifier(&table, source)?;
    let ram = ram(&table, source, &chip, smallest_ram(verifier))?;
    let (serial, recovery) = read_pins(&table, source, &chip)?;
    let clock = clock::clock(&table, source, &chip)?;
    let watches_confirmed = table.value("watch-confirmed").map(Value::flag).transpose()?.unwrap_or(false);
    Ok(BoardDescription { name: name.to_owned(), chip, map, ram, watches_confirmed, verifier, serial, recovery, clock })
}

/// Headers hold 16 bytes, and a linker script's symbol is quoted.
pub fn check_name(name: &str) -> Result<&str, Wrong> {
    const LONGEST: usize = 16;
    let is_legal = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    let short: String = name.chars().filter(|c| is_legal(*c)).take(LONGEST).collect();
    let help = match short.is_empty() {
        true => "write a name of 1 to 16 printable ASCII characters without spaces, such as \"acme-press\"".to_owned(),
        false => format!("a name has 1 to 16 printable ASCII characters without spaces: write name = \"{short}\""),
    };
    if name.is_empty() {
        return wrong("name: it is empty", help);
    }
    if let Some(other) = name.chars().find(|c| !is_legal(*c)) {
        return wrong(format!("name: {name:?} has the character {other:?}"), help);
    }
    if name.len() > LONGEST {
        return wrong(format!("name: {name:?} has {} characters", name.len()), help);
    }
    Ok(name)
}

fn chip(table: &Table, source: Source) -> Result<Chip, BoardError> {
    let value = table.required("the board", "chip", "the chip's part number: chip = \"STM32F411CE\"")?;
    let mut chip = chips::find(value.text("\"STM32F411CE\"")?).map_err(|wrong| source.error(value.at, wrong))?;
    match table.value("flash") {
        Some(flash) => {
            let text = flash.size_text("\"8M\"")?;
            chip = read_size("flash", &text, "\"8M\"")
                .and_then(|length| chips::with_flash(chip, length))
                .map_err(|wrong| source.error(flash.at, wrong))?;
        }
        None if chip.has_external_flash => {
            let what = format!("the board has no flash, and that of the {} is a chip of its own", chip.name);
            let help = "add its size in bytes: flash = \"2M\"".to_owned();
            return Err(source.error(value.at, Wrong { what, help }));
        }
        None => {}
    }
    if let Some(value) = table.value("dual-bank")
        && value.flag()?
    {
        chip = chips::with_dual_bank(chip).map_err(|wrong| source.error(value.at, wrong))?;
    }
    Ok(chip)
}

fn read_size(key: &str, text: &str, example: &str) -> Result<u32, Wrong> {
    match size::read(text) {
        Some(size) => Ok(size),
        None => wrong(format!("{key}: {text:?} is not a size"), format!("for example: {key} = {example}")),
    }
}

fn verifier(table: &Table, source: Source) -> Result<Verifier, BoardError> {
    let Some(value) = table.value("verifier") else { return Ok(Verifier::default()) };
    Verifier::find(value.text("\"compact\"")?).map_err(|wrong| source.error(value.at, wrong))
}

fn ram(table: &Table, source: Source, chip: &Chip, smallest: u32) -> Result<Region, BoardError> {
    let all = chip.main_ram();
    let Some(value) = table.value("ram") else { return Ok(all) };
    let text = value.size_text("\"64K\"")?;
    let check = |length: u32| {
        let nearest = length.clamp(smallest, all.length) / 8 * 8;
        let help = format!("write ram = {:?}, or leave it out for all of it", show(nearest));
        if length > all.length {
            return wrong(format!("ram: the {} has {}, not {}", chip.name, show(all.length), show(length)), help);
        }
        if length < smallest {
            let what = format!("ram: {} are too few for the bootloader, which needs {}", show(length), show(smallest));
            return wrong(what, help);
        }
        if length != nearest {
            // DDI 0419, B1.5.7: the stack pointer of an exception.
            return wrong(format!("ram: {length} bytes end where no stack can start, at no multiple of 8"), help);
        }
        Ok(Region { start: all.start, length })
    };
    read_size("ram", &text, "\"64K\"").and_then(check).map_err(|wrong| source.error(value.at, wrong))
}

fn read_pins(board: &Table, source: Source, chip: &Chip) -> Result<(Option<Serial>, Option<RecoveryPin>), BoardError> {
    let Some(value) = board.value("pins") else { return Ok((None, None)) };
    let table = value.table("{ serial = \"USART1 PA9 PA10\", recovery = \"PA0 low\" }")?;
    table.only("pins", &PINS)?;
    let (serial, recovery) = (table.value("serial"), table.value("recovery"));
    let Some(serial) = serial else {
        let Some(recovery) = recovery else { return Ok((None, None)) };
        let what = "recovery: recovery mode needs a serial port".to_owned();
        let help = "add the port to pins, such as serial = \"USART1 PA9 PA10\", or leave recovery out".to_owned();
        return Err(source.error(recovery.at, Wrong { what, help }));
    };
    let port =
        pins::serial(chip, serial.text("\"USART1 PA9 PA10\"")?).map_err(|wrong| source.error(serial.at, wrong))?;
    let Some(recovery) = recovery else { return Ok((Some(port), None)) };
    let pin = pins::recovery(chip, recovery.text("\"PA0 low\"")?)
        .and_then(|pin| pins::used_once(&port, &pin).map(|()| pin))
        .map_err(|wrong| source.error(recovery.at, wrong))?;
    Ok((Some(port), Some(pin)))
}

//! The commands, one file each: its arguments and help text, and a `run` that returns what it has to report.

pub mod completions;
pub mod confirm;
pub mod diff;
pub mod doctor;
pub mod flash;
pub mod inspect;
mod interrupt;
pub mod keygen;
pub mod keys;
pub mod man;
pub mod monitor;
mod passphrase;
mod patches;
mod port;
mod progress;
pub mod provision;
pub mod push;
mod release;
pub mod reset;
pub mod rollback;
pub mod run;
pub mod sign;
pub mod status;
pub mod watch;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use lifeboot_core::layout::BOARDS;
use lifeboot_core::{Board, Version};
use lifeboot_host_tool::Error;
use lifeboot_host_tool::cargo_version::{self, CargoVersion};
use lifeboot_host_tool::elf::board_of;
use std::path::{Path, PathBuf};

/// Takes a board's name from the command line.
fn board() -> impl TypedValueParser<Value = &'static Board> {
    let names = BOARDS.map(|board| board.name);
    PossibleValuesParser::new(names).try_map(|name| Board::named(&name).ok_or("no such board"))
}

/// The board that firmware is for: as named, or as it is linked.
fn board_for(elf: &[u8], named: Option<&'static Board>) -> Result<&'static Board, Error> {
    match named {
        Some(board) => Ok(board),
        None => board_of(elf)?.ok_or_else(|| Error::BoardNeeded { boards: board_names() }),
    }
}

/// The version of firmware, and the `Cargo.toml` that it comes from where it was not given.
fn version_for(elf: &Path, given: Option<Version>) -> Result<Option<(Version, Option<PathBuf>)>, Error> {
    if let Some(version) = given {
        return Ok(Some((version, None)));
    }
    let found = cargo_version::of_firmware(elf)?;
    Ok(found.map(|CargoVersion { version, manifest }| (version, Some(manifest))))
}

fn board_names() -> String {
    BOARDS.map(|board| board.name).join(", ")
}

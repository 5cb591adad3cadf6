//! Which board firmware is for, and which version it has.

use crate::error::Error;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lifeboot_artifact::elf::board_of;
use lifeboot_core::layout::BOARDS;
use lifeboot_core::{Board, Version};
use lifeboot_project::cargo_version::{self, CargoVersion};
use std::path::{Path, PathBuf};

/// Parses a board's name.
pub fn board() -> impl TypedValueParser<Value = &'static Board> {
    let names = BOARDS.map(|board| board.name);
    PossibleValuesParser::new(names).try_map(|name| Board::named(&name).ok_or("no such board"))
}

/// Returns the board that firmware is for: the given one, or the one that it names. It is never guessed from an address.
pub fn board_for(elf: &[u8], named: Option<&'static Board>) -> Result<&'static Board, Error> {
    match named {
        Some(board) => Ok(board),
        None => board_of(elf)?.ok_or_else(|| Error::BoardNeeded { boards: board_names() }),
    }
}

/// Returns the version of firmware, and the `Cargo.toml` that it comes from if it was not given.
pub fn version_for(elf: &Path, given: Option<Version>) -> Result<Option<(Version, Option<PathBuf>)>, Error> {
    if let Some(version) = given {
        return Ok(Some((version, None)));
    }
    let found = cargo_version::of_firmware(elf)?;
    Ok(found.map(|CargoVersion { version, manifest }| (version, Some(manifest))))
}

fn board_names() -> String {
    BOARDS.map(|board| board.name).join(", ")
}

//! Which board firmware is for, and which version it has.

use crate::error::Error;
use crate::output;
use lifeboot_artifact::elf::board_of;
use lifeboot_core::{Board, Version};
use lifeboot_project::board_file::BoardFile;
use lifeboot_project::cargo_version::{self, CargoVersion};
use lifeboot_project::files::{self, Kind};
use lifeboot_project::relink::put_back;
use std::path::{Path, PathBuf};

/// Returns the board that firmware is for: that of the given board file, or the one that the firmware names. It is never
/// guessed from an address.
pub fn board_for(elf: &[u8], file: Option<&Path>) -> Result<&'static Board, Error> {
    match file {
        Some(path) => Ok(BoardFile::read(path)?.board()),
        None => board_of(elf)?.ok_or(Error::BoardNeeded),
    }
}

/// Reads firmware. If a proof was killed that had linked it for slot B, it is put back first.
pub fn read_firmware(path: &Path) -> Result<Vec<u8>, Error> {
    if put_back(path)? {
        let path = path.display();
        output::warn(format_args!(
            "a proof was stopped while {path} was linked for slot B: it is as before the proof again"
        ));
    }
    Ok(files::read(path, Kind::Elf)?)
}

/// Returns the version of firmware, and the `Cargo.toml` that it comes from if it was not given.
pub fn version_for(elf: &Path, given: Option<Version>) -> Result<Option<(Version, Option<PathBuf>)>, Error> {
    if let Some(version) = given {
        return Ok(Some((version, None)));
    }
    let found = cargo_version::of_firmware(elf)?;
    Ok(found.map(|CargoVersion { version, manifest }| (version, Some(manifest))))
}

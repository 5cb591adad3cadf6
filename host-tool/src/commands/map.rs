//! `lifeboot map`

use super::port::Line;
use crate::error::Error;
use crate::output::Output;
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::elf::board_of;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_board::BoardDescription;
use lifeboot_board::map::Usage;
use lifeboot_client::link::Retry;
use lifeboot_core::{Board, Slot};
use lifeboot_project::board_file::BoardFile;
use lifeboot_project::files::{self, Kind};
use lifeboot_report::{FlashMap, MapRegion};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Show the flash map of a board: its regions, their erase units, and what is free
///
/// The map is that of a board file, or the one that a bootloader, firmware, an image or a device carries.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot map boards/acme-press.toml
  lifeboot map firmware.img
  lifeboot map --port /dev/ttyACM0 --json")]
pub struct Arguments {
    /// A board file (.toml), a bootloader, firmware's ELF file or an image
    #[arg(value_name = "FILE", required_unless_present = "port", conflicts_with = "port")]
    file: Option<PathBuf>,
    /// The device at this port, /dev/ttyACM0 or tcp:HOST:NUMBER, instead of a file
    #[arg(short, long)]
    port: Option<String>,
    #[command(flatten)]
    line: Line,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<FlashMap, Error> {
    if let Some(port) = &arguments.port {
        let mut link = arguments.line.link(arguments.line.open(port, output)?, output);
        let (_, board) = link.board(Retry::SHORT)?;
        return Ok(FlashMap::of(board.ok_or(Error::NoMapReported)?));
    }
    let path = arguments.file.as_deref().unwrap_or(Path::new(""));
    if path.extension() == Some(OsStr::new("toml")) {
        return Ok(described(&BoardFile::read(path)?.description));
    }
    Ok(FlashMap::of(board_in(&files::read(path, Kind::FlashFile)?)?))
}

/// Returns the board that a file is for.
fn board_in(bytes: &[u8]) -> Result<&'static Board, Error> {
    if bytes.starts_with(b"LBIM") {
        return Ok(ImageFile::from_bytes(bytes)?.board());
    }
    if bytes.starts_with(b"\x7fELF")
        && let Some(board) = board_of(bytes)?
    {
        return Ok(board);
    }
    Ok(Bootloader::from_file(bytes)?.board())
}

/// Returns the map of a board file, with all of its regions.
pub fn described(description: &BoardDescription) -> FlashMap {
    let board = description.board();
    let regions = description.map.regions().into_iter().map(|region| {
        let name = match &region.usage {
            Usage::Bootloader => "bootloader",
            Usage::Journal => "journal",
            Usage::Slot(Slot::A) => "slot_a",
            Usage::Slot(Slot::B) => "slot_b",
            Usage::Application(name) => name,
            Usage::Free => "free",
        };
        MapRegion { placed: region.was_placed, ..MapRegion::new(name, region.region, &board) }
    });
    FlashMap { regions: regions.collect(), ..FlashMap::of(&board) }
}

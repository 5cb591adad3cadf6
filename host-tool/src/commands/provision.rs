//! `lifeboot provision`

use super::bootloader::{Expected, of_project};
use crate::error::Error;
use crate::output;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::flash_file::Format;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_project::board_file::BoardFile;
use lifeboot_project::files::{self, Kind};
use lifeboot_report::Provisioned;
use std::path::{Path, PathBuf};

/// Make the file for a board's first flash: bootloader, blank journal, first firmware
///
/// Checks that the bootloader is for the image's board, trusts the key that signed the image, and would start it. A
/// used board becomes like one from production: its journal and the start of slot B are erased.
#[derive(clap::Args)]
#[command(
    allow_missing_positional = true,
    after_help = "\
Examples:
  lifeboot provision firmware.img -o first.elf
  lifeboot provision bootloader.elf firmware.img -o first.hex

  first.elf  for debuggers: lifeboot flash, probe-rs, gdb, openocd
  first.hex  for programmers, and for boards with a drive that takes it, such as a micro:bit
  first.uf2  for the drive of the chip's boot ROM, as an RP2040 has one
  first.bin  from the start of flash on; leaves slot B alone"
)]
pub struct Arguments {
    /// The bootloader [default: the one that lifeboot bootloader has built for the project's board]
    #[arg(value_name = "BOOTLOADER.elf")]
    bootloader: Option<PathBuf>,
    /// The first firmware, as lifeboot sign wrote it
    #[arg(value_name = "FIRMWARE.img", required = true)]
    image: PathBuf,
    /// The board whose bootloader is meant: a board file, or a lifeboot.toml with a table [board]
    #[arg(long, value_name = "BOARD.toml", env = "LIFEBOOT_BOARD")]
    board: Option<PathBuf>,
    #[command(flatten)]
    expected: Expected,
    /// The file to write; - is stdout, with --format [default: the image's name with .first.elf, or the format's extension]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The file's format [default: by the file's extension]
    #[arg(long, value_name = "FORMAT", value_parser = format(), ignore_case = true)]
    format: Option<Format>,
}

impl Arguments {
    /// Returns whether stdout is the file that this command writes.
    pub fn stdout_is_taken(&self) -> bool {
        self.out.as_deref().is_some_and(files::is_stdout)
    }
}

pub fn run(arguments: &Arguments) -> Result<Provisioned, Error> {
    let (path, format) = match (&arguments.out, arguments.format) {
        (Some(path), Some(format)) => (path.clone(), format),
        (Some(path), None) => (path.clone(), Format::of_path(path)?),
        (None, format) => {
            let format = format.unwrap_or(Format::Elf);
            (files::with_ending(&arguments.image, &["img"], &format!("first.{}", format.ending())), format)
        }
    };
    let file = || arguments.board.as_deref().map(BoardFile::read).transpose();
    let bootloader = match &arguments.bootloader {
        Some(path) => path.clone(),
        None => of_project(file()?.as_ref(), &arguments.expected)?,
    };
    let first = first_flash(&bootloader, &arguments.image)?;
    files::write(&path, &first.to_file(format)?)?;
    Ok(Provisioned::new(files::shown(&path), format, &first))
}

/// Makes the first flash from two files, and warns if its keys protect nothing.
pub fn first_flash(bootloader: &Path, image: &Path) -> Result<FirstFlash, Error> {
    let bootloader = Bootloader::from_elf(&files::read(bootloader, Kind::Elf)?)?;
    let image = ImageFile::from_bytes(&files::read(image, Kind::Image)?)?;
    let first = FirstFlash::new(bootloader, image)?;
    warn(&first);
    Ok(first)
}

/// Warns if the bootloader's keys protect nothing.
pub fn warn(first: &FirstFlash) {
    if first.bootloader().info().demo_key() {
        output::warn("the bootloader was built with a demo's throw-away key, which protects nothing");
    }
}

fn format() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.map(|(name, _)| name);
    PossibleValuesParser::new(names).try_map(|name| Format::named(&name).ok_or("no such format"))
}

//! `lifeboot flash`

use super::bootloader::{Expected, of_project};
use super::provision::{first_flash, warn};
use crate::error::Error;
use clap::ArgGroup;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_core::Board;
use lifeboot_project::board_file::BoardFile;
use lifeboot_project::files::{self, Kind};
use lifeboot_report::Flashed;
use std::path::PathBuf;

/// Flash a board for the first time, through a debug probe
///
/// Writes bootloader, blank journal and first firmware, verifies them, and starts the board. Needs a lifeboot that was
/// built with probe-rs: cargo install --path host-tool --features probe.
#[derive(clap::Args)]
#[command(
    group = ArgGroup::new("what").required(true).args(["file", "image"]),
    after_help = "\
Examples:
  lifeboot flash first.elf --board boards/acme-press.toml
  lifeboot flash --image firmware.img
  lifeboot flash first.elf --probe 0483:374b --chip STM32F407VG"
)]
pub struct Arguments {
    /// A file that lifeboot provision wrote, in any of its formats
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Provision in the same step: the bootloader [default: the one that lifeboot bootloader has built for the board]
    #[arg(long, value_name = "BOOTLOADER.elf", requires = "image")]
    bootloader: Option<PathBuf>,
    /// Provision in the same step: the first firmware, as lifeboot sign wrote it
    #[arg(long, value_name = "FIRMWARE.img")]
    image: Option<PathBuf>,
    /// The board that is flashed: a board file, or a lifeboot.toml with a table [board]; it says which chip it has
    #[arg(long, value_name = "BOARD.toml", env = "LIFEBOOT_BOARD")]
    board: Option<PathBuf>,
    #[command(flatten)]
    expected: Expected,
    #[command(flatten)]
    probe: Probe,
}

/// The debug probe, and the chip that it is connected to.
#[derive(clap::Args)]
#[group(skip)]
pub struct Probe {
    /// The debug probe, if there is more than one: VID:PID or VID:PID:SERIAL
    #[arg(long, value_name = "PROBE", env = "LIFEBOOT_PROBE")]
    probe: Option<String>,
    /// The chip's name in probe-rs [default: the chip of --board]
    #[arg(long, value_name = "CHIP", env = "LIFEBOOT_CHIP")]
    chip: Option<String>,
    /// The clock of the debug port in kHz, at most: a slower one may help with long cables [default: the probe's]
    #[arg(long, value_name = "KHZ", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: Option<u32>,
    /// Hold the chip in reset until the probe is connected: for firmware that sleeps or switches the debug port off
    #[arg(long)]
    connect_under_reset: bool,
}

pub fn run(arguments: &Arguments) -> Result<Flashed, Error> {
    let file = arguments.board.as_deref().map(BoardFile::read).transpose()?;
    let first = match (&arguments.file, &arguments.image) {
        (Some(file), _) => {
            let first = FirstFlash::from_file(&files::read(file, Kind::FlashFile)?)?;
            warn(&first);
            first
        }
        (None, Some(image)) => {
            let of_project = || of_project(file.as_ref(), &arguments.expected);
            first_flash(&arguments.bootloader.clone().map_or_else(of_project, Ok)?, image)?
        }
        (None, None) => unreachable!("the command line's groups ask for one of them"),
    };
    if let Some(file) = &file {
        compare(first.board(), file)?;
    }
    connect(first.board(), file.as_ref(), &arguments.probe)?.flash(&first)
}

/// Checks that a board file describes the board that is flashed.
fn compare(board: &Board, file: &BoardFile) -> Result<(), Error> {
    let other = |what| Err(Error::OtherBoardFile { path: file.path.clone(), what });
    match file.board() {
        described if described.fits(board) => Ok(()),
        described if described.name != board.name => {
            other(format!("it is for board {}, not for board {}", described.name, board.name))
        }
        _ => other(format!("it has another flash map of board {}", board.name)),
    }
}

/// A board at a debug probe.
#[cfg(feature = "probe")]
pub struct Connected(lifeboot_probe::Flasher);

/// A board at a debug probe, of which there is none here.
#[cfg(not(feature = "probe"))]
pub enum Connected {}

/// Connects to a board at a debug probe.
#[cfg(feature = "probe")]
pub fn connect(board: &'static Board, file: Option<&BoardFile>, probe: &Probe) -> Result<Connected, Error> {
    use lifeboot_probe::{Connection, Flasher, ProbeError};

    let chip = match (&probe.chip, file) {
        (Some(chip), _) => chip,
        (None, Some(file)) => &file.description.chip.name,
        (None, None) => return Err(ProbeError::ChipNeeded { board: board.name }.into()),
    };
    let connection =
        Connection { probe: probe.probe.as_deref(), speed: probe.speed, under_reset: probe.connect_under_reset };
    Ok(Connected(Flasher::connect(chip, connection)?))
}

/// Returns an error that says how to build a lifeboot with probe-rs.
#[cfg(not(feature = "probe"))]
pub fn connect(_: &'static Board, _: Option<&BoardFile>, probe: &Probe) -> Result<Connected, Error> {
    let (_, _, _, _) = (&probe.probe, &probe.chip, probe.speed, probe.connect_under_reset);
    Err(Error::NoProbeSupport)
}

impl Connected {
    /// Flashes the board.
    #[cfg(feature = "probe")]
    pub fn flash(mut self, first: &FirstFlash) -> Result<Flashed, Error> {
        let mut listener = super::progress::Flashing::new();
        self.0.flash(first, &mut |stage, done, total| listener.bytes(stage, done, total))?;
        drop(listener);
        Ok(Flashed::from(first))
    }

    /// Never called, since there is no such board.
    #[cfg(not(feature = "probe"))]
    pub fn flash(self, _: &FirstFlash) -> Result<Flashed, Error> {
        match self {}
    }
}

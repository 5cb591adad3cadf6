//! `lifeboot run`

use super::bootloader::{Expected, of_project};
use super::firmware::read_firmware;
use super::firmware::version_for;
use super::flash::{Probe, connect};
use super::port::Line;
use super::progress::Console;
use super::proving::{self, program};
use super::provision::warn;
use super::push::{push_with_progress, reporting};
use super::seconds::{TIMEOUT, seconds};
use super::{passphrase, release};
use crate::error::Error;
use crate::output::{self, Output};
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::elf::board_of;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_artifact::version;
use lifeboot_client::push;
use lifeboot_core::{Board, Version};
use lifeboot_project::board_file::BoardFile;
use lifeboot_project::bootloader_build;
use lifeboot_project::files::{self, Kind};
use lifeboot_project::key_files::public_path;
use lifeboot_project::relink::Relink;
use lifeboot_report::{Either, Flashed, Pushed};
use std::path::PathBuf;
use std::time::Duration;

/// Sign firmware and load it onto a board during development
///
/// Meant as cargo's runner: cargo run then loads the program that it built onto the board. With a port, the firmware is
/// pushed to a board that runs Lifeboot; without, bootloader and firmware are flashed through a debug probe.
///
/// If the linker's inputs have changed since the last time, such as a linker script or the compiler, the firmware is linked for
/// slot B as well, which proves that the image runs there.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot run target/thumbv6m-none-eabi/release/app --key demo.pem
  lifeboot run target/thumbv6m-none-eabi/release/app --key demo.pem --port /dev/ttyACM0

As cargo's runner, in .cargo/config.toml:
  [target.thumbv6m-none-eabi]
  runner = \"lifeboot run\"

Then, once with a throw-away key, which lifeboot.toml names by key = \"demo.pem\":
  lifeboot keygen --demo demo.pem
  lifeboot bootloader")]
pub struct Arguments {
    /// The linked firmware; it names its board
    #[arg(value_name = "FIRMWARE.elf", env = "LIFEBOOT_FIRMWARE")]
    firmware: PathBuf,
    /// The private key to sign with
    #[arg(long, value_name = "KEY.pem", env = "LIFEBOOT_KEY")]
    key: Option<PathBuf>,
    /// The firmware's version [default: Cargo.toml's, or 0.0.0 if there is none]
    #[arg(long, env = "LIFEBOOT_VERSION", value_parser = version::parse)]
    version: Option<Version>,
    #[command(flatten)]
    release: release::Arguments,
    #[command(flatten)]
    passphrase: passphrase::Arguments,
    #[command(flatten)]
    proving: proving::Arguments,
    /// Push through this port, /dev/ttyACM0 or tcp:HOST:NUMBER, instead of flashing
    #[arg(short, long, env = "LIFEBOOT_PORT")]
    port: Option<String>,
    #[command(flatten)]
    line: Line,
    /// How long to wait for the pushed firmware's confirm, in seconds
    #[arg(long, value_name = "SECONDS", env = "LIFEBOOT_TIMEOUT", value_parser = seconds(),
        default_value = TIMEOUT)]
    timeout: Duration,
    /// The bootloader to flash with the firmware [default: the one that lifeboot bootloader has built for the board]
    #[arg(long, value_name = "BOOTLOADER.elf", env = "LIFEBOOT_BOOTLOADER")]
    bootloader: Option<PathBuf>,
    #[command(flatten)]
    expected: Expected,
    #[command(flatten)]
    probe: Probe,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Either<Pushed, Flashed>, Error> {
    let elf = read_firmware(&arguments.firmware)?;
    let file = arguments.release.board.as_deref().map(BoardFile::read).transpose()?;
    let board = match &file {
        Some(file) => file.board(),
        None => board_of(&elf)?.ok_or(Error::NoFirmware)?,
    };
    let key = arguments.passphrase.private_key(arguments.key.as_ref().ok_or(Error::KeyNeeded)?)?;
    let version = version_for(&arguments.firmware, arguments.version)?.map(|(version, _)| version);
    let release = arguments.release.of(version.unwrap_or_default())?;
    let image = || {
        let path = &arguments.firmware;
        let due = arguments.proving.due(path, &elf, board, Some(Relink::Cargo(Vec::new())))?;
        let relinked = due.map(|due| {
            if !output.is_quiet() {
                output::note("proving: the firmware is linked for slot B, too, since what it is linked with is new");
            }
            let relinked = due.relink(path, &elf);
            (due, relinked)
        });
        Ok(program(path, &elf, board, relinked)?.sign(release, &key)?)
    };
    // The image is made once there is a board for it.
    match &arguments.port {
        Some(port) => {
            let console = Console::new(output);
            let opened = arguments.line.open(port, output)?;
            let image = image()?;
            // Before there is a link, the program can be ended at once, whatever it builds.
            let mut link = reporting(arguments.line.link(opened, output), &console);
            let timeout = arguments.timeout;
            let options = push::Options { timeout, ..push::Options::default() };
            push_with_progress(&mut link, &image, &options, &console).map(Either::One)
        }
        None => provision(arguments, board, file.as_ref(), image).map(Either::Other),
    }
}

fn provision(
    arguments: &Arguments,
    board: &'static Board,
    file: Option<&BoardFile>,
    image: impl FnOnce() -> Result<ImageFile, Error>,
) -> Result<Flashed, Error> {
    let path = match &arguments.bootloader {
        Some(path) if !path.exists() => {
            let key = arguments.key.as_deref().map(public_path);
            let build = bootloader_build::command(file, key.as_deref());
            return Err(Error::BootloaderNeeded { path: path.clone(), build });
        }
        Some(path) => path.clone(),
        None => of_project(file, &arguments.expected)?,
    };
    let bootloader = Bootloader::from_elf(&files::read(&path, Kind::Elf)?)?;
    let connected = connect(board, file, &arguments.probe)?;
    let first = FirstFlash::new(bootloader, image()?)?;
    warn(&first);
    connected.flash(&first)
}

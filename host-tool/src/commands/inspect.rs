//! `lifeboot inspect`

use super::firmware::board_for;
use super::port::Line;
use crate::error::Error;
use crate::output::Output;
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::elf::Firmware;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::sign::Program;
use lifeboot_client::admission::judge;
use lifeboot_client::link::Retry;
use lifeboot_client::push::confirm_effects;
use lifeboot_project::files::{self, Kind};
use lifeboot_project::key_files;
use lifeboot_report::{Admission, Device, Either, FirmwareElf, Inspected, RelocationsElf};
use lifeboot_wire::{Rejection, Status};
use std::path::{Path, PathBuf};

/// Describe an image file, or firmware that has not been signed yet
///
/// Fails if the file is damaged, the signature does not match the key, or the firmware could not be signed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot inspect firmware.img
  lifeboot inspect firmware.img --key release.pub.pem
  lifeboot inspect firmware.elf
  lifeboot inspect firmware.img --json

  Would a device take it? Exit status 1 if not; --against asks the recorded state of one, as in CI:
  lifeboot inspect firmware.img --port /dev/ttyACM0
  lifeboot status --json > status.json
  lifeboot inspect firmware.img --against status.json --bootloader lifeboot-bootloader")]
pub struct Arguments {
    /// An image file, or an ELF file
    file: PathBuf,
    /// The public key that must have signed the image
    #[arg(long, value_name = "KEY.pub.pem", env = "LIFEBOOT_PUBLIC_KEY")]
    key: Option<PathBuf>,
    /// The board of an ELF file: a board file, or a lifeboot.toml with a table [board] [default: the one that it names];
    /// an image names its board itself
    #[arg(long, value_name = "BOARD.toml", env = "LIFEBOOT_BOARD")]
    board: Option<PathBuf>,
    /// Query the device at this port, /dev/ttyACM0 or tcp:HOST:NUMBER, and show why it would refuse the image, if so
    #[arg(short, long, conflicts_with = "against")]
    port: Option<String>,
    #[command(flatten)]
    line: Line,
    /// Like --port, but use the state that lifeboot status --json printed
    #[arg(long, value_name = "STATUS.json")]
    against: Option<PathBuf>,
    /// The bootloader that the device was flashed with, to know which keys it trusts
    #[arg(long, value_name = "BOOTLOADER.elf")]
    bootloader: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Either<Inspected, FirmwareElf>, Error> {
    let bytes = files::read(&arguments.file, Kind::ImageOrElf)?;
    // A device only judges images; for any other file, the error says how to make one.
    let is_for_device = arguments.port.is_some() || arguments.against.is_some();
    if bytes.starts_with(b"\x7fELF") && !is_for_device {
        return elf(&bytes, arguments.board.as_deref(), output).map(Either::Other);
    }
    let image = ImageFile::from_bytes(&bytes)?;
    let mut inspected = Inspected::from(&image);
    if let Some(path) = &arguments.key {
        let checked = || Ok(image.check_signature(&key_files::public(path)?)?);
        // The header is useful even if the signature is wrong.
        checked().inspect_err(|_: &Error| output.print_for_people(inspected.header_lines()))?;
        inspected.signature_fits = Some(path.display().to_string());
    }
    inspected.admission = admission(arguments, &image, output)?;
    Ok(Either::One(inspected))
}

/// Returns whether the inspected file may be used: no named device would refuse it.
pub fn is_good(report: &Either<Inspected, FirmwareElf>) -> bool {
    match report {
        Either::One(inspected) => inspected.admission.as_ref().is_none_or(|admission| admission.accepted),
        Either::Other(_) => true,
    }
}

/// Returns whether the named device would accept the image.
fn admission(arguments: &Arguments, image: &ImageFile, output: Output) -> Result<Option<Admission>, Error> {
    let (device, status, quarantine, keys) = match (&arguments.port, &arguments.against) {
        (Some(port), _) => {
            let mut link = arguments.line.link(arguments.line.open(port, output)?, output);
            let (status, keys) = link.keys(Retry::SHORT)?;
            (port.clone(), status, link.quarantine(Retry::SHORT)?, keys.ok())
        }
        (None, Some(path)) => {
            let (status, quarantine) = recorded(path)?;
            (path.display().to_string(), status, quarantine, None)
        }
        (None, None) => return Ok(None),
    };
    let read = |path: &PathBuf| Ok::<_, Error>(Bootloader::from_elf(&files::read(path, Kind::Elf)?)?);
    let bootloader = arguments.bootloader.as_ref().map(read).transpose()?;
    let rules = judge(image, &status, quarantine.as_deref(), keys.as_ref(), bootloader.as_ref());
    let confirm_effects = confirm_effects(image.header(), &status, keys.as_ref());
    let confirm_effects = confirm_effects.iter().map(ToString::to_string).collect();
    Ok(Some(Admission::new(device, rules, confirm_effects)))
}

fn recorded(path: &Path) -> Result<(Status, Option<Vec<Rejection>>), Error> {
    let text = files::read_text(path, Kind::Status)?;
    let device = Device::from_json(&text);
    let recorded = device.and_then(|device| Ok((device.to_status()?, device.to_quarantine()?)));
    recorded.map_err(|source| Error::Recorded { path: path.to_owned(), source })
}

fn elf(bytes: &[u8], board: Option<&Path>, output: Output) -> Result<FirmwareElf, Error> {
    let board = board_for(bytes, board)?;
    let mut firmware = FirmwareElf::from(&Firmware::parse(bytes, board)?);
    let relocations = Program::read(bytes, board, false).map_err(Error::from);
    let relocations = relocations.and_then(|program| Ok(RelocationsElf::new(program.table(), program.table_length()?)));
    // The content of the file is useful even if it cannot be rebased.
    firmware.relocations = Some(relocations.inspect_err(|_| output.print_for_people(&firmware))?);
    Ok(firmware)
}

//! `lifeboot inspect`

use crate::output::Output;
use lifeboot_core::Board;
use lifeboot_host_tool::elf::Firmware;
use lifeboot_host_tool::image_file::ImageFile;
use lifeboot_host_tool::keys::PublicKey;
use lifeboot_host_tool::report::{Either, FirmwareElf, Inspected, RelocationsElf};
use lifeboot_host_tool::sign::Program;
use lifeboot_host_tool::{Error, files};
use std::path::PathBuf;

/// Describe an image file, or firmware that is to become one
///
/// Fails where the file is damaged, the signature does not fit the key, or the firmware could not be signed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot inspect firmware.img
  lifeboot inspect firmware.img --key release.pub.pem
  lifeboot inspect firmware.elf
  lifeboot inspect firmware.img --json")]
pub struct Arguments {
    /// An image file, or an ELF file
    file: PathBuf,
    /// The public key that must have signed the image
    #[arg(long, value_name = "KEY.pub.pem", env = "LIFEBOOT_PUBLIC_KEY")]
    key: Option<PathBuf>,
    /// The board of an ELF file [default: the one whose slot A it is linked for]; an image says it itself
    #[arg(long, env = "LIFEBOOT_BOARD", value_parser = super::board())]
    board: Option<&'static Board>,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Either<Inspected, FirmwareElf>, Error> {
    let bytes = files::read(&arguments.file)?;
    if bytes.starts_with(b"\x7fELF") {
        return elf(&bytes, arguments.board, output).map(Either::Other);
    }
    let image = ImageFile::from_bytes(&bytes)?;
    let mut inspected = Inspected::from(&image);
    if let Some(path) = &arguments.key {
        let checked = PublicKey::read(path).and_then(|key| Ok(image.check_signature(&key)?));
        // The header is worth knowing all the same.
        checked.inspect_err(|_| output.aside(inspected.header_lines()))?;
        inspected.signature_fits = Some(path.display().to_string());
    }
    Ok(Either::One(inspected))
}

fn elf(bytes: &[u8], board: Option<&'static Board>, output: Output) -> Result<FirmwareElf, Error> {
    let board = super::board_for(bytes, board)?;
    let mut firmware = FirmwareElf::from(&Firmware::parse(bytes, board)?);
    let relocations = Program::read(bytes, board, false)
        .and_then(|program| Ok(RelocationsElf::new(program.listed(), program.table_length()?)));
    // What the file holds is worth knowing all the same.
    firmware.relocations = Some(relocations.inspect_err(|_| output.aside(&firmware))?);
    Ok(firmware)
}

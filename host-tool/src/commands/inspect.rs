//! `lifeboot inspect`

use lifeboot_core::Board;
use lifeboot_host_tool::elf::Firmware;
use lifeboot_host_tool::image_file::ImageFile;
use lifeboot_host_tool::keys::PublicKey;
use lifeboot_host_tool::sign::Program;
use lifeboot_host_tool::{Error, files, inspect};
use std::path::PathBuf;

/// Describe an image file, or firmware that is to become one
///
/// Fails where the file is damaged, the signature does not fit the key, or the firmware could not be signed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot inspect firmware.img
  lifeboot inspect firmware.img --key release.pub.pem
  lifeboot inspect firmware.elf --board microbit")]
pub struct Arguments {
    /// An image file, or an ELF file
    file: PathBuf,
    /// The public key that must have signed the image
    #[arg(long, value_name = "KEY.pub.pem")]
    key: Option<PathBuf>,
    /// The board of an ELF file; an image says it itself
    #[arg(long, value_parser = super::board)]
    board: Option<&'static Board>,
}

pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let bytes = files::read(&arguments.file)?;
    if bytes.starts_with(b"\x7fELF") {
        return elf(&bytes, arguments.board);
    }
    let image = ImageFile::from_bytes(&bytes)?;
    print!("{}", inspect::image(&image));
    match &arguments.key {
        Some(path) => {
            image.check_signature(&PublicKey::read(path)?)?;
            println!("signature    fits {}", path.display());
        }
        None => println!("signature    not checked: give the public key with --key"),
    }
    Ok(())
}

fn elf(bytes: &[u8], board: Option<&'static Board>) -> Result<(), Error> {
    let board = board.ok_or_else(|| Error::BoardNeeded { boards: super::board_names() })?;
    print!("{}", inspect::firmware(&Firmware::parse(bytes, board)?));
    let program = Program::read(bytes, board, false)?;
    print!("{}", inspect::relocations(program.listed(), program.table_length()?));
    Ok(())
}

//! `lifeboot new`

use super::map::described;
use crate::error::Error;
use crate::output;
use lifeboot_board::NewBoard;
use lifeboot_project::new_project::{self, Left, NewProject};
use lifeboot_report::{LeftToDo, SetUp};
use std::path::PathBuf;

/// Set up a project: lifeboot.toml with a flash map for the chip, build script, configuration of cargo
///
/// Writes only files that do not exist yet, and says what is left to do. Asks for chip and name on a terminal. The map has the
/// largest slots that the chip's sectors allow.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot new
  lifeboot new --chip STM32F411CE --name acme-press --serial \"USART1 PA9 PA10\" --recovery \"PA0 low\"
  lifeboot new --chip RP2040 --flash 16M --name acme-cam --region file-system=14M")]
pub struct Arguments {
    /// The chip's part number
    #[arg(long)]
    chip: Option<String>,
    /// The board's name, for which images are signed: at most 16 characters
    #[arg(long)]
    name: Option<String>,
    /// The size of external flash, such as 2M
    #[arg(long, value_name = "SIZE")]
    flash: Option<String>,
    /// The bootloader's serial port, the pin that sends and the one that receives [default: one that the chip has]
    #[arg(long, value_name = "PORT TX RX")]
    serial: Option<String>,
    /// The pin that requests recovery mode, and its level then [default: none]
    #[arg(long, value_name = "PIN LEVEL")]
    recovery: Option<String>,
    /// A region of the application's own, such as settings=16K; may be given several times
    #[arg(long, value_name = "NAME=SIZE", value_parser = region)]
    region: Vec<(String, String)>,
    /// The project's folder
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<SetUp, Error> {
    let chip = asked(arguments.chip.as_deref(), "chip (its part number, such as STM32F411CE)", "--chip STM32F411CE")?;
    let name = asked(arguments.name.as_deref(), "name of the board", "--name acme-press")?;
    let flash = match &arguments.flash {
        None if chip.trim().eq_ignore_ascii_case("RP2040") => {
            Some(asked(None, "size of its flash, such as 2M", "--flash 2M")?)
        }
        flash => flash.clone(),
    };
    let new = NewBoard {
        name: &name,
        chip: &chip,
        flash: flash.as_deref(),
        serial: arguments.serial.as_deref(),
        recovery: arguments.recovery.as_deref(),
        regions: &arguments.region,
    };
    // Paths are shown without the dot.
    let folder = arguments.folder.strip_prefix(".").unwrap_or(&arguments.folder);
    let NewProject { board, written, left } = new_project::set_up(folder, &new)?;
    let shown = |path: &PathBuf| path.display().to_string();
    let left =
        left.into_iter().map(|Left { file, what, lines }| LeftToDo { file: file.as_ref().map(shown), what, lines });
    Ok(SetUp { written: written.iter().map(shown).collect(), map: described(&board), left: left.collect() })
}

/// Returns what was given, or what a person at the terminal answers.
fn asked(given: Option<&str>, what: &'static str, flag: &'static str) -> Result<String, Error> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    output::ask(what).ok_or(Error::AnswerNeeded { what, flag })
}

fn region(text: &str) -> Result<(String, String), String> {
    let (name, size) = text.split_once('=').ok_or("write NAME=SIZE, such as settings=16K")?;
    Ok((name.trim().to_owned(), size.trim().to_owned()))
}

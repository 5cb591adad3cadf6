//! `lifeboot diff`

use crate::error::Error;
use lifeboot_artifact::difference::{difference, image, program_of, sizes};
use lifeboot_artifact::image_file::Patch;
use lifeboot_client::push::estimate;
use lifeboot_core::{Board, Slot};
use lifeboot_project::files::{self, Kind};
use lifeboot_report::Difference;
use std::path::PathBuf;

/// Show what changed from one image to another, and how much a push would send
///
/// Erase units are compared as they lie in a slot: a push sends those that differ. With the ELF files that the images
/// were signed from, the command also shows which sections and symbols grew or shrank.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot diff 1.2.3.img 1.2.4.img
  lifeboot diff 1.2.3.img 1.2.4.img --elf-old 1.2.3.elf --elf-new 1.2.4.elf")]
pub struct Arguments {
    /// The old image
    #[arg(value_name = "OLD.img")]
    old: PathBuf,
    /// The new image
    #[arg(value_name = "NEW.img")]
    new: PathBuf,
    /// The ELF file that the old image was signed from
    #[arg(long, value_name = "OLD.elf", requires = "elf_new")]
    elf_old: Option<PathBuf>,
    /// The ELF file that the new image was signed from
    #[arg(long, value_name = "NEW.elf", requires = "elf_old")]
    elf_new: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Difference, Error> {
    let old = image(&arguments.old, &files::read(&arguments.old, Kind::Image)?)?;
    let new = image(&arguments.new, &files::read(&arguments.new, Kind::Image)?)?;
    let changes = difference(&old, &new)?;
    let patch = Patch::between(&old, &new).map_or(0, |patch| patch.bytes().len());
    let names = (arguments.old.display().to_string(), arguments.new.display().to_string());
    let mut report = Difference::new(names, changes, estimate(&old, &new), unit(new.board()), patch);
    if let (Some(elf_old), Some(elf_new)) = (&arguments.elf_old, &arguments.elf_new) {
        let old = program_of((elf_old, &files::read(elf_old, Kind::Elf)?), (&arguments.old, &old))?;
        let new = program_of((elf_new, &files::read(elf_new, Kind::Elf)?), (&arguments.new, &new))?;
        report.sizes = Some(sizes(&old, &new).into());
    }
    Ok(report)
}

/// Returns the length of a slot's erase units; `None` if they differ.
fn unit(board: &Board) -> Option<u32> {
    let starts = Slot::BOTH.map(|slot| board.slot(slot));
    let units = starts.map(|slot| (board.unit_at(slot.start).length, board.unit_at(slot.end() - 1).length));
    let [(first, _), _] = units;
    units.iter().all(|unit| *unit == (first, first)).then_some(first)
}

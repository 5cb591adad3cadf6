//! `lifeboot man`

use crate::error::Error;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use lifeboot_project::files::{self, FileError};
use lifeboot_project::settings::{FILE, SETTINGS};
use lifeboot_report::{Either, ManFiles, ManPage};
use std::io;
use std::path::PathBuf;

/// Print lifeboot's manual page, or write the manual pages of all its commands
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot man --out ~/.local/share/man/man1
  lifeboot man | man -l -")]
pub struct Arguments {
    /// Write a page for lifeboot and one for each command into this folder, which is created if necessary
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints or writes the manual pages of this command line.
pub fn run(arguments: &Arguments, command: Command) -> Result<Either<ManPage, ManFiles>, Error> {
    let command = command.disable_help_subcommand(true);
    let mut command = command.mut_subcommands(|command| command.disable_help_subcommand(true));
    command.build();
    let Some(folder) = &arguments.out else {
        return Ok(Either::One(ManPage { page: page(&command).1 }));
    };
    let write = |source| FileError::Write { path: folder.clone(), source };
    std::fs::create_dir_all(folder).map_err(write)?;
    let pages = with_all_below(&command).into_iter().map(page).map(|(name, page)| (folder.join(name), page));
    let pages: Vec<_> = pages.collect();
    files::check_outputs(&pages.iter().map(|(path, _)| &**path).collect::<Vec<_>>())?;
    pages.iter().try_for_each(|(path, page)| files::write(path, page.as_bytes()))?;
    Ok(Either::Other(ManFiles { files: pages.iter().map(|(path, _)| path.display().to_string()).collect() }))
}

/// Returns a command, and all commands below it.
fn with_all_below(command: &Command) -> Vec<&Command> {
    std::iter::once(command).chain(command.get_subcommands().flat_map(with_all_below)).collect()
}

/// Returns the file name of a command's page, and the page.
fn page(command: &Command) -> (String, String) {
    let source = concat!("lifeboot ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).manual("Lifeboot").source(source);
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = render(&man, command, &mut out);
    (man.get_filename(), String::from_utf8_lossy(&out).into_owned())
}

fn render(man: &Man, command: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let mut roff = Roff::new();
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    if command.get_name() == "lifeboot" {
        settings(&mut roff);
    }
    if let Some(text) = command.get_after_help() {
        let text = text.to_string();
        roff.control("SH", ["EXAMPLES"]);
        roff.control("nf", []);
        roff.text([roman(text.strip_prefix("Examples:\n").unwrap_or(&text))]);
        roff.control("fi", []);
    }
    roff.control("SH", ["EXIT STATUS"]);
    roff.text([roman("0 done; 1 failed, or rolled back; 2 used wrongly.")]);
    roff.to_writer(out)
}

/// Adds the section on the settings of `lifeboot.toml` and the environment.
fn settings(roff: &mut Roff) {
    roff.control("SH", ["FILES"]);
    roff.control("TP", []);
    roff.text([bold(FILE)]);
    roff.text([roman(
        "What the project always says, in the current folder or above it, up to the project's root (.git, or a [workspace] in Cargo.toml); a line NAME = VALUE each. A flag counts before \
         the environment, the environment before the file. Paths are relative to the file.",
    )]);
    roff.control("SH", ["SETTINGS AND ENVIRONMENT"]);
    for setting in SETTINGS {
        roff.control("TP", []);
        roff.text([bold(setting.name), roman(", "), bold(setting.variable())]);
        roff.text([roman(format!("{}; for example {} = {}", setting.about, setting.name, setting.example))]);
    }
}

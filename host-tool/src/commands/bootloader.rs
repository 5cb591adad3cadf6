//! `lifeboot bootloader`

use crate::error::Error;
use crate::output::{self, Output};
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_core::info::key_id;
use lifeboot_project::board_file::BoardFile;
use lifeboot_project::bootloader_build::{self, Features, Order};
use lifeboot_project::files::{self, Kind};
use lifeboot_project::key_files::{self, public_path};
use lifeboot_report::BuiltBootloader;
use std::path::{Path, PathBuf};

/// Build the bootloader of the project's board, with the project's keys
///
/// Makes a package in cargo's target folder and builds it. Lifeboot's sources are those that the project's Cargo.toml depends on;
/// else those that this lifeboot was built from. provision, flash and run then use the bootloader by themselves.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot bootloader
  lifeboot bootloader --board boards/acme-press.toml --bootloader-keys release.pub.pem,spare.pub.pem
  lifeboot bootloader --without-recovery -o bootloader.elf")]
pub struct Arguments {
    /// The board: a board file, or a lifeboot.toml with a table [board]
    #[arg(long, value_name = "BOARD.toml", env = "LIFEBOOT_BOARD", default_value = "lifeboot.toml")]
    board: PathBuf,
    /// The public keys that it trusts, one to four files [default: the public half of key]
    #[arg(long, value_name = "KEY.pub.pem,...", env = "LIFEBOOT_BOOTLOADER_KEYS", value_delimiter = ',')]
    bootloader_keys: Vec<PathBuf>,
    /// The key that firmware is signed with; only its public half is used
    #[arg(long, value_name = "KEY.pem", env = "LIFEBOOT_KEY")]
    key: Option<PathBuf>,
    /// The public key that firmware is checked with
    #[arg(long, value_name = "KEY.pub.pem", env = "LIFEBOOT_PUBLIC_KEY")]
    public_key: Option<PathBuf>,
    /// Copy it to this file, too; - is stdout
    #[arg(short, long, value_name = "BOOTLOADER.elf")]
    out: Option<PathBuf>,
    /// Leave recovery mode out, which answers a host if nothing can be started: 4 KB smaller
    #[arg(long)]
    without_recovery: bool,
    /// Check signatures in two parts, so that no skipped instruction starts a forged image: see SECURITY.md
    #[arg(long)]
    two_part_signature: bool,
    /// Log what it does, for lifeboot monitor: in development
    #[arg(long)]
    defmt: bool,
    /// A folder with Lifeboot's sources [default: those that the project depends on]
    #[arg(long, value_name = "FOLDER")]
    lifeboot: Option<PathBuf>,
}

impl Arguments {
    /// Returns whether stdout is the file that this command writes.
    pub fn stdout_is_taken(&self) -> bool {
        self.out.as_deref().is_some_and(files::is_stdout)
    }
}

pub fn run(arguments: &Arguments, output: Output) -> Result<BuiltBootloader, Error> {
    let board = BoardFile::read(&arguments.board)?;
    let keys = keys(arguments);
    let public = keys.iter().map(|key| key_files::public(key)).collect::<Result<Vec<_>, _>>()?;
    let features = Features {
        recovery: !arguments.without_recovery,
        defmt: arguments.defmt,
        two_part_signature: arguments.two_part_signature,
    };
    let order = Order {
        board: &board,
        keys: &public,
        features,
        lifeboot: arguments.lifeboot.as_deref(),
        quiet: output.is_quiet(),
    };
    if !output.is_quiet() {
        output::note(format_args!("building the bootloader of {}", board.description.name));
    }
    let elf = bootloader_build::build(&order)?;
    let bytes = files::read(&elf, Kind::Elf)?;
    let bootloader = Bootloader::from_elf(&bytes)?;
    let path = match &arguments.out {
        Some(path) => {
            files::write(path, &bytes)?;
            path
        }
        None => &elf,
    };
    if bootloader.info().demo_key() {
        output::warn("one of its keys is a demo's throw-away key, which protects nothing");
    }
    let keys: Vec<_> = public.iter().zip(&keys).map(|(key, file)| (key.id(), file.display().to_string())).collect();
    Ok(BuiltBootloader::new(files::shown(&files::near(path)), &bootloader, &keys, features.recovery))
}

/// Returns the public key files, by what is said most plainly.
fn keys(arguments: &Arguments) -> Vec<PathBuf> {
    if !arguments.bootloader_keys.is_empty() {
        return arguments.bootloader_keys.clone();
    }
    arguments.public_key.clone().or(arguments.key.as_deref().map(public_path)).into_iter().collect()
}

/// The keys that the project's bootloader is to trust, for commands that use it.
#[derive(clap::Args)]
#[group(skip)]
pub struct Expected {
    /// The public keys that the project's bootloader must trust, and no others [default: not compared]
    #[arg(long, value_name = "KEY.pub.pem,...", env = "LIFEBOOT_BOOTLOADER_KEYS", value_delimiter = ',')]
    bootloader_keys: Vec<PathBuf>,
}

/// Returns the bootloader that a command uses if it is given none: what `lifeboot bootloader` has built for the board.
pub fn of_project(board: Option<&BoardFile>, expected: &Expected) -> Result<PathBuf, Error> {
    let Some(board) = board else { return Err(Error::NoBootloader) };
    let path = bootloader_build::place(board);
    if !path.exists() {
        return Err(Error::BootloaderNeeded {
            path: files::near(&path),
            build: bootloader_build::command(Some(board), None),
        });
    }
    let keys = expected.bootloader_keys.iter().map(|key| Ok(key_files::public(key)?.id()));
    let mut keys = keys.collect::<Result<Vec<_>, Error>>()?;
    if !keys.is_empty() {
        let bootloader = Bootloader::from_elf(&files::read(&path, Kind::Elf)?)?;
        let mut trusted: Vec<_> = bootloader.info().keys().iter().map(key_id).collect();
        keys.sort_unstable();
        trusted.sort_unstable();
        if keys != trusted {
            return Err(Error::OtherKeys { path: files::near(&path) });
        }
    }
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if changed(&board.path) > changed(&path) {
        output::warn(format_args!(
            "{} has changed since the bootloader was built: lifeboot bootloader builds it again",
            board.path.display()
        ));
    }
    Ok(path)
}

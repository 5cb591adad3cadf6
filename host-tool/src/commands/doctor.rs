//! `lifeboot doctor`

use crate::error::Error;
use lifeboot_project::doctor::{self, Environment, examine};
use lifeboot_project::files::FileError;
use lifeboot_report::{Diagnosis, Finding, State};
use std::env;
use std::path::PathBuf;

/// Check this machine and this project for what is missing, and show the command that fixes each problem
///
/// Checks the Rust toolchain, the emulators, serial ports and debug probes, lifeboot.toml, key files and the
/// bootloader. It changes nothing. A project requires what lifeboot.toml, the environment or these arguments name.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot doctor
  lifeboot doctor --board boards/acme-press.toml --key release.pem

Exit status: 0 where all that the project requires is there and in order, 1 otherwise.")]
pub struct Arguments {
    /// The board that the project's firmware is for: a board file, or a lifeboot.toml with a table [board]
    #[arg(long, value_name = "BOARD.toml", env = "LIFEBOOT_BOARD")]
    board: Option<PathBuf>,
    /// The private key that signs images
    #[arg(long, value_name = "KEY.pem", env = "LIFEBOOT_KEY")]
    key: Option<PathBuf>,
    /// The public key that verifies images
    #[arg(long, value_name = "KEY.pub.pem", env = "LIFEBOOT_PUBLIC_KEY")]
    public_key: Option<PathBuf>,
    /// The public keys that the bootloader is to trust
    #[arg(long, value_name = "KEY.pub.pem,...", env = "LIFEBOOT_BOOTLOADER_KEYS", value_delimiter = ',')]
    bootloader_keys: Vec<PathBuf>,
    /// The device's port; it is not opened
    #[arg(short, long, env = "LIFEBOOT_PORT")]
    port: Option<String>,
    /// The bootloader [default: where lifeboot bootloader builds it]
    #[arg(long, value_name = "BOOTLOADER.elf", env = "LIFEBOOT_BOOTLOADER")]
    bootloader: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Diagnosis, Error> {
    let folder = env::current_dir().map_err(|source| FileError::Read { path: PathBuf::from("."), source })?;
    let findings = examine(&Environment {
        folder,
        path: env::var_os("PATH").unwrap_or_default(),
        root: PathBuf::from("/"),
        board: arguments.board.clone(),
        key: arguments.key.clone(),
        public_key: arguments.public_key.clone(),
        bootloader_keys: arguments.bootloader_keys.clone(),
        port: arguments.port.clone(),
        bootloader: arguments.bootloader.clone(),
        flashes: cfg!(feature = "probe"),
    });
    Ok(Diagnosis::new(findings.into_iter().map(reported).collect()))
}

fn reported(finding: doctor::Finding) -> Finding {
    let doctor::Finding { subject, state, required, text, fix } = finding;
    let state = match state {
        doctor::State::Ok => State::Ok,
        doctor::State::Missing => State::Missing,
        doctor::State::Broken => State::Broken,
    };
    Finding { subject, state, required, text, fix }
}

/// Returns whether everything that the project requires is in order.
pub fn is_good(diagnosis: &Diagnosis) -> bool {
    diagnosis.healthy
}

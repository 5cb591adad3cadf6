//! `lifeboot keys`

use super::port;
use crate::error::Error;
use crate::output::Output;
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_client::device;
use lifeboot_project::files::{self, Kind};
use lifeboot_project::key_files::{self, public_path};
use lifeboot_report::Keys;
use std::path::{Path, PathBuf};

/// Show which keys a device accepts, which were revoked, and what they signed
///
/// A device reports its keys by their ids; key files given here and those of lifeboot.toml provide names for them. The
/// keys are those that the device's bootloader was built with; an image signed with --revoke revokes one of them once
/// it is confirmed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot keys
  lifeboot keys --port /dev/ttyACM0 keys/*.pub.pem
  lifeboot keys --json

  Of a file, where no device is at hand:
  lifeboot keys --bootloader lifeboot-bootloader keys/*.pub.pem")]
pub struct Arguments {
    /// Key files that provide names, public or private
    #[arg(value_name = "KEY.pem")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    port: port::Arguments,
    /// Show the keys of a bootloader's file instead of a device: as cargo built it, or as lifeboot provision wrote it
    #[arg(long, value_name = "FILE")]
    bootloader: Option<PathBuf>,
    /// The private key that signs images; its public half beside it is enough
    #[arg(long, value_name = "KEY.pem", env = "LIFEBOOT_KEY")]
    key: Option<PathBuf>,
    /// The public key that verifies images
    #[arg(long, value_name = "KEY.pub.pem", env = "LIFEBOOT_PUBLIC_KEY")]
    public_key: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Keys, Error> {
    let mut named = Vec::new();
    for path in &arguments.files {
        named.push((key_files::public(path)?.id(), path.clone()));
    }
    // Keys that lifeboot.toml names for other commands are used if they can be read.
    let beside = arguments.key.as_deref().map(public_path);
    let usual = [&arguments.public_key, &beside, &arguments.key];
    named.extend(
        usual.into_iter().flatten().filter_map(|path| Some((key_files::public(path).ok()?.id(), path.clone()))),
    );
    match &arguments.bootloader {
        Some(path) => of_bootloader(path, &named),
        None => {
            let (status, keys) = device::keys(&mut arguments.port.link(output)?)?;
            Ok(Keys::of_device(&status, &keys, &named))
        }
    }
}

fn of_bootloader(path: &Path, named: &[([u8; 4], PathBuf)]) -> Result<Keys, Error> {
    let bootloader = Bootloader::from_file(&files::read(path, Kind::FlashFile)?)?;
    Ok(Keys::of_bootloader(path.display().to_string(), bootloader.info(), named))
}

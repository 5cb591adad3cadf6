//! What the signer states about firmware, as the arguments of sign, run and watch give it.

use crate::error::Error;
use lifeboot_artifact::image_file::Release;
use lifeboot_core::Version;
use lifeboot_core::layout::EPOCH_STEP;
use lifeboot_project::key_files::revokes;
use std::path::PathBuf;

#[derive(clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// The board that the firmware was built for: a board file, or a lifeboot.toml with a table [board] [default: the one
    /// that it names]
    #[arg(long, value_name = "BOARD.toml", env = "LIFEBOOT_BOARD")]
    pub board: Option<PathBuf>,
    /// The epoch, a security counter: once the image is confirmed, the device never starts one with a lower epoch
    #[arg(long, env = "LIFEBOOT_EPOCH", default_value_t = 0)]
    epoch: u32,
    /// The epoch that the devices have reached, from which they take no step of more than 1000
    #[arg(long, value_name = "EPOCH", env = "LIFEBOOT_EPOCH_FLOOR", default_value_t = 0)]
    epoch_floor: u32,
    /// The storage schemas that the firmware works with
    #[arg(long, value_name = "LOW..=HIGH", env = "LIFEBOOT_SCHEMAS", value_parser = schemas, default_value = "0..=0")]
    schemas: (u16, u16),
    /// The lowest bootloader format that the firmware works with
    #[arg(long, value_name = "FORMAT", default_value_t = lifeboot_core::info::FORMAT)]
    lowest_bootloader: u16,
    /// Revoke this key irreversibly once the image is confirmed: its public key file, or its id; up to three keys
    #[arg(long, value_name = "KEY.pub.pem", env = "LIFEBOOT_REVOKE", value_delimiter = ',')]
    revoke: Vec<PathBuf>,
}

impl Arguments {
    /// Returns the signer's statement for firmware of this version.
    pub fn of(&self, version: Version) -> Result<Release, Error> {
        let Arguments { epoch, epoch_floor, schemas, lowest_bootloader, .. } = *self;
        if epoch < epoch_floor {
            return Err(Error::EpochBelowFloor { epoch, epoch_floor });
        }
        if epoch - epoch_floor > EPOCH_STEP {
            return Err(Error::EpochStep { epoch, epoch_floor });
        }
        Ok(Release { version, epoch, lowest_bootloader, schemas, revokes: revokes(&self.revoke)? })
    }
}

fn schemas(text: &str) -> Result<(u16, u16), String> {
    let (low, high) = text.split_once("..=").unwrap_or((text, text));
    match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) if low <= high => Ok((low, high)),
        _ => Err("give the lowest and the highest schema, up to 65535, e.g. 1..=3".to_owned()),
    }
}

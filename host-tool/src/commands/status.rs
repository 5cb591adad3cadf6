//! `lifeboot status`

use super::port;
use crate::error::Error;
use crate::output::Output;
use lifeboot_client::link::Retry;
use lifeboot_report::Device;

/// Show what a device runs, what its slots hold and how the last update ended
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot status
  lifeboot status --port /dev/ttyACM0
  lifeboot status --json")]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Device, Error> {
    let mut link = arguments.port.link(output)?;
    let status = link.status(Retry::SHORT)?;
    Ok(Device::from(&status).with_quarantine(link.quarantine(Retry::SHORT)?.as_deref()))
}

//! `lifeboot confirm`

use super::port;
use crate::error::Error;
use lifeboot_client::device;
use lifeboot_report::Running;

/// Tell a device that the firmware it runs is healthy: from now on it is the default
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot confirm
  lifeboot confirm --port tcp:localhost:4000")]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments) -> Result<Running, Error> {
    let status = device::confirm(&mut arguments.port.link()?)?;
    Ok(Running::from(&status))
}

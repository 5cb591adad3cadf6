//! `lifeboot confirm`

use super::port;
use crate::error::Error;
use crate::output::Output;
use lifeboot_client::device;
use lifeboot_report::Running;

/// Confirm that the firmware a device runs is healthy: it becomes the default
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot confirm
  lifeboot confirm --port tcp:localhost:4000")]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Running, Error> {
    let status = device::confirm(&mut arguments.port.link(output)?)?;
    Ok(Running::from(&status))
}

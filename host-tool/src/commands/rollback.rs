//! `lifeboot rollback`

use super::port;
use crate::error::Error;
use crate::output::Output;
use lifeboot_client::device;
use lifeboot_report::Running;

/// Roll back to the previous firmware
///
/// Ends the trial, if there is one; otherwise puts the firmware in the other slot on trial. Restarts the device.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollback
  lifeboot rollback --port /dev/ttyACM0")]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Running, Error> {
    let status = device::rollback(&mut arguments.port.link(output)?, port::RESTART)?;
    Ok(Running::from(&status))
}

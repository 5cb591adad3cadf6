//! `lifeboot reset`

use super::port;
use crate::error::Error;
use crate::output::Output;
use lifeboot_client::device;
use lifeboot_report::Running;

/// Restart a device
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot reset
  lifeboot reset --port /dev/ttyACM0
  lifeboot reset --recovery              # the bootloader is in recovery mode; a push writes the slot that is not confirmed
  lifeboot reset                         # back to the firmware; after a minute of silence it goes back by itself")]
pub struct Arguments {
    /// Restart into the bootloader, in recovery mode
    #[arg(long)]
    recovery: bool,
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Running, Error> {
    let mut link = arguments.port.link(output)?;
    let status = match arguments.recovery {
        true => device::recover(&mut link, port::RESTART)?,
        false => device::reset(&mut link, port::RESTART)?,
    };
    Ok(Running::from(&status))
}

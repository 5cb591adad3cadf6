//! `lifeboot reset`

use super::port;
use lifeboot_host_tool::report::Running;
use lifeboot_host_tool::{Error, device};

/// Restart a device
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot reset
  lifeboot reset --port /dev/ttyACM0")]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments) -> Result<Running, Error> {
    let status = device::reset(&mut arguments.port.link()?, port::RESTART)?;
    Ok(Running::from(&status))
}

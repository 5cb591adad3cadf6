//! `lifeboot reset`

use super::port;
use lifeboot_host_tool::report::Running;
use lifeboot_host_tool::{Error, device};

/// Restart a device
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments) -> Result<Running, Error> {
    let status = device::reset(&mut arguments.port.link()?, port::RESTART)?;
    Ok(Running::from(&status))
}

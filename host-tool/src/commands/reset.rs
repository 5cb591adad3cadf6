//! `lifeboot reset`

use super::port;
use lifeboot_host_tool::{Error, device};

/// Restart a device
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let status = device::reset(&mut arguments.port.link()?, port::RESTART)?;
    println!("running: {}", device::running(&status));
    Ok(())
}

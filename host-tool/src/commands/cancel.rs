//! `lifeboot cancel`

use super::port;
use crate::error::Error;
use crate::output::Output;
use lifeboot_client::device;
use lifeboot_report::Cancelled;

/// Cancel an update that waits for the next reset: the image is not tried, and not rejected either
///
/// For an image that push --no-wait left pending. The running firmware goes on. Once the image has been started it can
/// only be rolled back.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot cancel
  lifeboot cancel --port /dev/ttyACM0")]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Cancelled, Error> {
    let status = device::cancel(&mut arguments.port.link(output)?)?;
    Ok(Cancelled::from(&status))
}

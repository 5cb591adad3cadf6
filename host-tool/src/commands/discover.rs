//! `lifeboot devices`

use super::rollout::folder::Places;
use super::rollout::site::Talk;
use super::{interrupt, port};
use crate::error::Error;
use crate::output::Output;
use lifeboot_fleet::device::Site;
use lifeboot_report::{FoundDevice, FoundDevices};
use std::collections::BTreeMap;

/// List the devices that answer at the serial ports of this machine, with their device ids
///
/// Asks at all USB serial ports at once, or at the ports that are given. What another program has open is not asked.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot devices
  lifeboot devices --port /dev/ttyACM0 --port tcp:localhost:4000
  lifeboot devices --json")]
pub struct Arguments {
    /// A port at which to ask [default: all USB serial ports]. May be repeated
    #[arg(short, long, env = "LIFEBOOT_PORT")]
    port: Vec<String>,
    #[command(flatten)]
    talk: Talk,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<FoundDevices, Error> {
    let ports = (!arguments.port.is_empty()).then(|| port::distinct(&arguments.port));
    let places = Places { ports, at: BTreeMap::new() };
    let site = arguments.talk.site(places, output);
    let mut devices: Vec<_> = site.discover().into_iter().map(FoundDevice::from).collect();
    if interrupt::came() {
        return Err(Error::Stopped);
    }
    devices.sort_by(|a, b| a.port.cmp(&b.port));
    Ok(FoundDevices { devices })
}

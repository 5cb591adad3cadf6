//! The port that a command uses, as its arguments name it.

use crate::error::Error;
use crate::output;
use clap::value_parser;
use lifeboot_client::link::{Link, LinkEvent};
use lifeboot_logs::Item;
use lifeboot_serial::{BAUD, Port, all_ports, choose};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How long a device may take to answer after a reset: its bootloader verifies the firmware first.
pub const RESTART: Duration = Duration::from_secs(30);

/// Returns a random seed, which distinguishes this host from others.
pub fn seed() -> u32 {
    RandomState::new().hash_one(0) as u32
}

#[derive(clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// A serial port such as /dev/ttyACM0, or tcp:HOST:NUMBER; optional if exactly one USB serial port is plugged in
    #[arg(short, long, env = "LIFEBOOT_PORT")]
    port: Option<String>,
    #[command(flatten)]
    line: Line,
}

/// The line to a device, whichever port it is at.
#[derive(clap::Args)]
#[group(skip)]
pub struct Line {
    /// Bits a second on a serial port
    #[arg(long, env = "LIFEBOOT_BAUD", default_value_t = BAUD, value_parser = value_parser!(u32).range(1..=HIGHEST_BAUD))]
    baud: u32,
}

/// The highest baud rate that is accepted, above that of any serial port.
const HIGHEST_BAUD: i64 = 100_000_000;

impl Line {
    /// Opens the port with this name.
    pub fn open(&self, name: &str) -> Result<Port, Error> {
        Ok(Port::open(name, self.baud)?)
    }
}

impl Arguments {
    /// Opens the port and returns a link over it, which reports long waits on stderr.
    pub fn link(&self) -> Result<Link<Port>, Error> {
        let report = |_, event: LinkEvent<'_>| {
            if let Some(item) = Item::of(&event) {
                output::note(item);
            }
        };
        Ok(Link::new(self.open()?, seed()).with_listener(report))
    }

    /// Opens the port.
    pub fn open(&self) -> Result<Port, Error> {
        let name = match &self.port {
            Some(name) => name.clone(),
            None => choose(&all_ports())?,
        };
        self.line.open(&name)
    }
}

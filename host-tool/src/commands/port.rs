//! The port that a command talks through, as its arguments name it.

use lifeboot_host_tool::Error;
use lifeboot_host_tool::link::Link;
use lifeboot_host_tool::port::{BAUD, Port};
use std::time::Duration;

/// How long a device may take to come back after a reset: its bootloader verifies the firmware first.
pub const RESTART: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// A serial port such as /dev/ttyACM0, or tcp:HOST:NUMBER
    #[arg(short, long, env = "LIFEBOOT_PORT")]
    port: String,
    /// Bits a second on a serial port
    #[arg(long, default_value_t = BAUD)]
    baud: u32,
}

impl Arguments {
    pub fn link(&self) -> Result<Link<Port>, Error> {
        Ok(Link::new(Port::open(&self.port, self.baud)?))
    }
}

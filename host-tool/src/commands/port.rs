//! The port that a command talks through, as its arguments name it.

use crate::output;
use lifeboot_host_tool::Error;
use lifeboot_host_tool::link::{Heard, Link};
use lifeboot_host_tool::monitor::Item;
use lifeboot_host_tool::port::{BAUD, Port, all_ports, choose};
use std::time::Duration;

/// How long a device may take to come back after a reset: its bootloader verifies the firmware first.
pub const RESTART: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// A serial port such as /dev/ttyACM0, or tcp:HOST:NUMBER; needed unless just one USB serial port is plugged in
    #[arg(short, long, env = "LIFEBOOT_PORT")]
    port: Option<String>,
    /// Bits a second on a serial port
    #[arg(long, env = "LIFEBOOT_BAUD", default_value_t = BAUD)]
    baud: u32,
}

impl Arguments {
    /// A link over the port, which says on stderr what it waits for.
    pub fn link(&self) -> Result<Link<Port>, Error> {
        let say = |_, heard: Heard<'_>| {
            if let Some(item) = Item::of(&heard) {
                output::note(item);
            }
        };
        Ok(Link::new(self.open()?).with_listener(say))
    }

    /// The port.
    pub fn open(&self) -> Result<Port, Error> {
        let name = match &self.port {
            Some(name) => name.clone(),
            None => choose(&all_ports())?,
        };
        Ok(Port::open(&name, self.baud)?)
    }
}

//! The devices at serial ports and TCP addresses.

use super::folder::Places;
use crate::commands::interrupt;
use crate::commands::port::{self, Line};
use crate::commands::seconds::{TIMEOUT, seconds};
use crate::output::Output;
use lifeboot_fleet::lines::{Lines, Open, Timeouts};
use lifeboot_report::Failure;
use lifeboot_serial::{Port, found_ports};
use miette::Diagnostic;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long an adapter may be unplugged while something is done to its device.
const UNPLUGGED: Duration = Duration::from_secs(60);

/// How to talk to the devices.
#[derive(Clone, Copy, clap::Args)]
#[group(skip)]
pub struct Talk {
    #[command(flatten)]
    line: Line,
    /// How long to wait for a new firmware's confirm, in seconds
    #[arg(long, value_name = "SECONDS", env = "LIFEBOOT_TIMEOUT", value_parser = seconds(), default_value = TIMEOUT)]
    timeout: Duration,
}

/// Opens serial ports and TCP addresses.
pub struct Ports {
    names: Option<Vec<String>>,
    line: Line,
    output: Output,
}

impl Talk {
    /// Returns the devices at these places. From now on Ctrl-C, or a request to terminate, ends all that waits for one of them.
    pub fn site(&self, places: Places, output: Output) -> Lines<Ports> {
        interrupt::remember(output);
        self.site_with(places, output, interrupt::flag())
    }

    /// Returns the devices at these places, for a service that handles its signals itself.
    pub fn site_with(&self, places: Places, output: Output, stop: Arc<AtomicBool>) -> Lines<Ports> {
        let ports = Ports { names: places.ports, line: self.line, output };
        let timeouts = Timeouts { confirm: self.timeout, unplugged: UNPLUGGED, answer: self.line.answer_timeout() };
        Lines::new(ports, timeouts, places.at, stop)
    }

    /// Returns how many bytes a line carries in a second.
    pub fn bytes_a_second(&self) -> u64 {
        // A start bit, eight, and a stop bit.
        u64::from(self.line.baud()) / 10
    }
}

impl Open for Ports {
    type Pipe = Port;

    fn ports(&self) -> Vec<String> {
        let usb = || found_ports().into_iter().filter(|port| port.usb.is_some()).map(|port| port.name).collect();
        self.names.clone().unwrap_or_else(usb)
    }

    fn open(&self, port: &str) -> Result<Port, String> {
        self.line.open(port, self.output).map_err(|error| {
            let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}{help}", Failure::new(&error).error.message)
        })
    }

    fn seed(&self) -> u32 {
        port::seed()
    }
}

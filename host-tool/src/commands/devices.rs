//! One command at several devices, one after the other.

use super::interrupt;
use super::port::{self, Line};
use crate::error::Error;
use crate::output::{self, Output};
use lifeboot_report::{AtPort, DeviceEvent, Each, Either, Failure};

#[derive(clap::Args)]
#[group(skip)]
pub struct Ports {
    /// A serial port such as /dev/ttyACM0, or tcp:HOST:NUMBER; optional if exactly one USB serial port is plugged in. May be
    /// repeated: the devices are done one after the other
    #[arg(short, long, env = "LIFEBOOT_PORT")]
    port: Vec<String>,
    #[command(flatten)]
    line: Line,
}

impl Ports {
    /// Runs a command at each device. After an error that `ends` it, the devices left are not tried.
    pub fn each<R>(
        &self,
        output: Output,
        mut command: impl FnMut(&port::Arguments) -> Result<R, Error>,
        ends: impl Fn(&Error) -> bool,
    ) -> Result<Either<R, Each<R>>, Error> {
        let at = |port| port::Arguments { port, line: self.line };
        let ports = port::distinct(&self.port);
        if let [] | [_] = &*ports {
            return command(&at(ports.first().cloned())).map(Either::One);
        }
        let mut devices = Vec::new();
        let mut has_ended = false;
        for (index, port) in ports.iter().enumerate() {
            if has_ended || interrupt::came() {
                devices.push(AtPort::not_tried(port));
                continue;
            }
            let next = DeviceEvent::Device { port: port.clone(), number: index + 1, of: ports.len() };
            match output.is_json() {
                true => output.event(&next),
                false if !output.is_quiet() => output::note(&next),
                false => {}
            }
            devices.push(AtPort::new(
                port,
                command(&at(Some(port.clone()))).map_err(|error| {
                    has_ended = ends(&error);
                    let failure = Failure::new(&error);
                    // The summary has the error in short.
                    output::failure(&failure);
                    failure.error
                }),
            ));
        }
        Ok(Either::Other(Each { devices }))
    }
}

/// Whether a command succeeded at each device.
pub fn is_good<R>(result: &Either<R, Each<R>>) -> bool {
    match result {
        Either::One(_) => true,
        Either::Other(each) => each.is_good(),
    }
}

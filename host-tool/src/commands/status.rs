//! `lifeboot status`

use super::devices::Ports;
use super::port;
use crate::error::Error;
use crate::output::Output;
use lifeboot_client::link::{LinkError, Retry};
use lifeboot_report::{Device, Each, Either};

/// Show what a device runs, what its slots hold and how the last update ended
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot status
  lifeboot status --port /dev/ttyACM0
  lifeboot status --port /dev/ttyACM0 --port /dev/ttyACM1
  lifeboot status --json")]
pub struct Arguments {
    #[command(flatten)]
    ports: Ports,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Either<Device, Each<Device>>, Error> {
    let status = |port: &port::Arguments| {
        let mut link = port.link(output)?;
        let (status, identity) = link.identity(Retry::SHORT)?;
        let board = match link.board(Retry::SHORT) {
            Err(LinkError::Stopped) => return Err(LinkError::Stopped.into()),
            // A map that makes no sense is no reason to say nothing.
            board => board.ok().and_then(|(_, board)| board),
        };
        Ok(Device::from(&status)
            .with_identity(identity.as_ref())
            .with_board(board)
            .with_quarantine(link.quarantine(Retry::SHORT)?.as_deref()))
    };
    arguments.ports.each(output, status, |error| matches!(error, Error::Link(LinkError::Stopped)))
}

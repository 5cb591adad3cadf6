//! Events of a link: what it receives beside the answer that it waits for, and long waits.

use crate::pipe::PipeError;
use lifeboot_wire::Status;
use std::time::Duration;

/// Waits longer than this are reported.
pub(super) const REPORT_AFTER: Duration = Duration::from_secs(1);

/// An event of a link.
#[derive(Debug)]
pub enum LinkEvent<'a> {
    /// A piece of a program's log, as defmt encodes it.
    Log(Source, &'a [u8]),
    /// The state of the device, no matter who requested it.
    Status(&'a Status),
    /// An empty frame: the sender resynchronises, as a device does that has just started.
    Resynchronised,
    /// Bytes that are not a frame: text that a program prints, noise, or a damaged frame.
    Other(&'a [u8]),
    /// The connection is lost.
    Lost(&'a PipeError),
    /// The connection was made again.
    Connected,
    /// A wait has become longer than a second. Reported once for each wait.
    Waiting(Waiting),
}

/// The program that logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The bootloader.
    Bootloader,
    /// The firmware in a slot.
    Firmware,
}

/// What a link waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The device's answer.
    Answer,
    /// The port, for at most this time.
    Port(Duration),
    /// Another host that holds the session, for at most this time.
    OtherHost(Duration),
}

/// Receives the events of a link, each with the time on its pipe's clock.
pub type Listener = Box<dyn FnMut(Duration, LinkEvent<'_>) + Send>;

//! The byte pipe to a device.
//!
//! [`Pipe`] is all that a [`Link`](crate::link::Link) needs of one, its clock included, so that a test or another program
//! can put its own in place. A pipe may lose, damage or repeat bytes: the link sees to that.

use miette::Diagnostic;
use std::time::Duration;
use thiserror::Error;

/// Why a pipe carries nothing any more.
#[derive(Debug, Error, Diagnostic)]
pub enum PipeError {
    /// It was open, and is gone.
    #[error("the connection to {port} is lost: {reason}")]
    #[diagnostic(help("plug the device in again and repeat the command: a push goes on where it was"))]
    Lost {
        /// The port.
        port: String,
        /// The system's words.
        reason: String,
    },
    /// A recording says that the connection was lost there.
    #[error("{reason}")]
    #[diagnostic(help("this is a recording: nothing is to be done"))]
    Recorded {
        /// Its words.
        reason: String,
    },
}

/// A byte pipe to a device, and the clock that waiting is measured by.
pub trait Pipe: Send {
    /// Reads what has arrived, and waits for it where there is nothing yet. 0 bytes: nothing came in time.
    ///
    /// # Errors
    /// The connection is gone; [`reconnect`](Self::reconnect) may bring it back.
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError>;

    /// Writes all of the bytes.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError>;

    /// Gives up what is left of the connection and tries once to make a new one.
    ///
    /// # Errors
    /// Why there is none, yet.
    fn reconnect(&mut self) -> Result<(), PipeError>;

    /// The time since some moment that stays the same.
    fn now(&self) -> Duration;

    /// When what was read last had arrived.
    fn received_at(&self) -> Duration {
        self.now()
    }

    /// Lets time pass.
    fn pause(&mut self, time: Duration);
}

impl<P: Pipe + ?Sized> Pipe for Box<P> {
    fn received_at(&self) -> Duration {
        (**self).received_at()
    }

    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        (**self).read(buffer, wait)
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError> {
        (**self).write(bytes)
    }
    fn reconnect(&mut self) -> Result<(), PipeError> {
        (**self).reconnect()
    }
    fn now(&self) -> Duration {
        (**self).now()
    }
    fn pause(&mut self, time: Duration) {
        (**self).pause(time);
    }
}

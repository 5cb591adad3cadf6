//! The byte pipe to a device.
//!
//! [`Pipe`] is everything that a [`Link`](crate::link::Link) needs, including a clock, so that a test or another
//! program can supply its own. A pipe may lose, damage or repeat bytes: the link handles that.

use miette::Diagnostic;
use std::time::Duration;
use thiserror::Error;

/// Why a pipe no longer carries bytes.
#[derive(Debug, Error, Diagnostic)]
pub enum PipeError {
    /// The connection was open, and is lost.
    #[error("the connection to {port} is lost: {reason}")]
    #[diagnostic(help("{}", again(port)))]
    Lost {
        /// Name of the port.
        port: String,
        /// The reason, as reported by the system.
        reason: String,
    },
    /// The recording says that the connection was lost at this point.
    #[error("{reason}")]
    #[diagnostic(help("this is a recording: nothing is to be done"))]
    Recorded {
        /// The reason, as recorded.
        reason: String,
    },
}

/// Returns what to do about a lost connection.
fn again(port: &str) -> &'static str {
    match port.starts_with("tcp:") {
        true => {
            "see that the emulator or terminal server there runs, and that no other program has the line, as many of them serve only \
             one; then repeat the command: a push goes on where it was"
        }
        false => "plug the device in again and repeat the command: a push goes on where it was",
    }
}

/// A byte pipe to a device, and the clock that measures waits.
pub trait Pipe: Send {
    /// Reads what has arrived, waiting at most `wait` if there is nothing yet. Returns 0 if nothing arrived in time.
    ///
    /// # Errors
    /// [`PipeError`] if the connection is lost; [`reconnect`](Self::reconnect) may restore it.
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError>;

    /// Writes all of the bytes.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError>;

    /// Closes what is left of the connection and tries once to make a new one.
    ///
    /// # Errors
    /// [`PipeError`] if the attempt failed.
    fn reconnect(&mut self) -> Result<(), PipeError>;

    /// Returns the time since a fixed moment.
    fn now(&self) -> Duration;

    /// Returns when the bytes of the last read arrived.
    fn received_at(&self) -> Duration {
        self.now()
    }

    /// Waits for this time.
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

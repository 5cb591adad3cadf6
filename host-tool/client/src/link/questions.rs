//! A link's requests for the device's state, keys and quarantine.

use super::error::LinkError;
use super::reply::Reply;
use super::{Link, Retry};
use crate::pipe::Pipe;
use lifeboot_wire::{Command, Keys, Refusal, Rejection, Status};

impl<P: Pipe> Link<P> {
    /// Requests the state of the device.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn status(&mut self, retry: Retry) -> Result<Status, LinkError> {
        match self.ask(&Command::Status, retry)? {
            Reply::Status(status) => Ok(*status),
            _ => Err(LinkError::Unexpected),
        }
    }

    /// Requests the keys of the device, and its state.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); the inner result says why the device does not report its keys.
    pub fn keys(&mut self, retry: Retry) -> Result<(Status, Result<Keys, Refusal>), LinkError> {
        let status = self.status(retry)?;
        // A bootloader in recovery mode reports both at once.
        if let Some(details) = &self.details {
            return Ok((status, Ok(details.keys.clone())));
        }
        match self.ask(&Command::Keys, retry)? {
            Reply::Keys(keys) => Ok((status, Ok(keys))),
            Reply::Refused(refusal) => Ok((status, Err(refusal))),
            _ => Err(LinkError::Unexpected),
        }
    }

    /// Returns the images that the device rejected before the last outcome, newest first; `None` if it does not report
    /// them.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn quarantine(&mut self, retry: Retry) -> Result<Option<Vec<Rejection>>, LinkError> {
        if let Some(details) = &self.details {
            return Ok(Some(details.quarantine.clone()));
        }
        match self.ask(&Command::Quarantine, retry)? {
            Reply::Quarantine(rejections) => Ok(Some(rejections.into_iter().flatten().collect())),
            Reply::Refused(_) => Ok(None),
            _ => Err(LinkError::Unexpected),
        }
    }

    /// Returns the quarantine that a refusal may refer to, as far as the device reports it.
    pub(crate) fn quarantine_of(&mut self, refusal: Refusal) -> Vec<Rejection> {
        match refusal {
            Refusal::Rejected => self.quarantine(Retry::SHORT).ok().flatten().unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Ends the session, so that the next host need not wait. It does not matter whether the device receives this.
    pub fn release(&mut self) {
        self.unstopped(|link| {
            let _ = link.ask(&Command::Abort, Retry { attempts: 1, ..Retry::SHORT });
        });
    }

    /// Does something short although the link was stopped.
    pub(crate) fn unstopped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let stop = self.stop.take();
        self.hurries = true;
        let done = work(self);
        self.hurries = false;
        self.stop = stop;
        done
    }
}

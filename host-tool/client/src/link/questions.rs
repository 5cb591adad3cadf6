//! A link's requests about the device itself.

use super::error::LinkError;
use super::reply::Reply;
use super::{Link, Retry};
use crate::pipe::Pipe;
use lifeboot_wire::{Command, Keys, Refusal, Rejection, Status};

impl<P: Pipe> Link<P> {
    /// Asks for the state of the device.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn status(&mut self, retry: Retry) -> Result<Status, LinkError> {
        match self.ask(&Command::Status, retry)? {
            Reply::Status(status) => Ok(*status),
            _ => Err(LinkError::Unexpected),
        }
    }

    /// Asks for the keys of the device, and for its state.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); in the inner result, why the device does not report its keys.
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

    /// What the device rejected before the last outcome, the newest first; `None` if it does not report it.
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

    /// What a refusal may be about: the quarantine, as far as it can be known.
    pub(crate) fn quarantine_of(&mut self, refusal: Refusal) -> Vec<Rejection> {
        match refusal {
            Refusal::Rejected => self.quarantine(Retry::SHORT).ok().flatten().unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Gives the session up, so that the next host need not wait. Whether the device received it does not matter.
    pub fn release(&mut self) {
        let _ = self.ask(&Command::Abort, Retry { attempts: 1, ..Retry::SHORT });
    }
}

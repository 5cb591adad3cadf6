//! A link's requests for the device's state, keys and quarantine.

use super::error::LinkError;
use super::reply::{Identity, Reply};
use super::{Link, Retry};
use crate::pipe::Pipe;
use lifeboot_artifact::boards::{from_map, name_of};
use lifeboot_core::Board;
use lifeboot_wire::{Command, Keys, Refusal, Rejection, Status, WIRE_OF_IDENTITY};

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

    /// Requests who the device is, and its state; the identity is `None` if it does not report it, as in recovery mode.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn identity(&mut self, retry: Retry) -> Result<(Status, Option<Identity>), LinkError> {
        let status = self.status(retry)?;
        if self.details.is_some() || status.wire < WIRE_OF_IDENTITY {
            return Ok((status, None));
        }
        match self.ask(&Command::Identity, retry)? {
            Reply::Identity(identity) => Ok((status, Some(identity))),
            Reply::Refused(_) => Ok((status, None)),
            _ => Err(LinkError::Unexpected),
        }
    }

    /// Requests the board that the device is of, with its flash map; `None` if the device reports none.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); [`LinkError::Map`] if its flash map contradicts itself.
    pub fn board(&mut self, retry: Retry) -> Result<(Status, Option<&'static Board>), LinkError> {
        let status = self.status(retry)?;
        let map = match &self.details {
            Some(details) => Some(details.map),
            None if status.wire < WIRE_OF_IDENTITY => None,
            None => match self.ask(&Command::Map, retry)? {
                Reply::Map(map) => Some(map.try_into().map_err(|_| LinkError::Unexpected)?),
                Reply::Refused(_) => None,
                _ => return Err(LinkError::Unexpected),
            },
        };
        let board = map.map(|map| from_map(&name_of(&status.board), &map)).transpose()?;
        match board {
            Some(board) if board.map_digest() != status.map => Err(LinkError::Unexpected),
            board => Ok((status, board)),
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

//! What a link does while it waits: it brings a lost connection back, tells what takes long, and can be called off.

use super::heard::MOMENT;
use super::{Heard, Link, LinkError, Waiting};
use crate::pipe::{Pipe, PipeError};
use std::time::Duration;

/// How often a connection that broke is tried again.
const RECONNECT_EVERY: Duration = Duration::from_millis(200);

impl<P: Pipe> Link<P> {
    pub(super) fn recover(&mut self, lost: PipeError) -> Result<(), LinkError> {
        let started = self.now();
        let mut told = false;
        self.tell(Heard::Lost(&lost));
        loop {
            if self.is_stopped() {
                return Err(LinkError::Stopped);
            }
            self.pipe.pause(RECONNECT_EVERY);
            if self.pipe.reconnect().is_ok() {
                self.frames.clear();
                self.unread.clear();
                self.resynchronise = true;
                self.tell(Heard::Connected);
                return Ok(());
            }
            let waited = self.now() - started;
            if waited >= self.recovery {
                return Err(lost.into());
            }
            if waited >= MOMENT && !std::mem::replace(&mut told, true) {
                self.tell(Heard::Waiting(Waiting::Port(self.recovery)));
            }
        }
    }

    pub(super) fn tell(&mut self, heard: Heard<'_>) {
        if let Some(listener) = &mut self.listener {
            listener(self.pipe.now(), heard);
        }
    }

    pub(super) fn tell_unanswered(&mut self) {
        if let Some((since, told @ false)) = &mut self.unanswered
            && self.pipe.now() - *since >= MOMENT
        {
            *told = true;
            self.tell(Heard::Waiting(Waiting::Answer));
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop())
    }
}

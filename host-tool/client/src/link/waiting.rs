//! What a link does while it waits: it reconnects, reports long waits, and checks whether to stop.

use super::event::REPORT_AFTER;
use super::{Link, LinkError, LinkEvent, Waiting};
use crate::pipe::{Pipe, PipeError};
use std::time::Duration;

/// Pause between two attempts to reconnect.
const RECONNECT_EVERY: Duration = Duration::from_millis(200);

impl<P: Pipe> Link<P> {
    pub(super) fn recover(&mut self, lost: PipeError) -> Result<(), LinkError> {
        let started = self.now();
        let mut is_reported = false;
        self.report(LinkEvent::Lost(&lost));
        loop {
            if self.is_stopped() {
                return Err(LinkError::Stopped);
            }
            self.pipe.pause(RECONNECT_EVERY);
            if self.pipe.reconnect().is_ok() {
                self.frames.clear();
                self.unread.clear();
                self.resynchronise = true;
                self.report(LinkEvent::Connected);
                return Ok(());
            }
            let waited = self.now().saturating_sub(started);
            if waited >= self.recovery {
                return Err(lost.into());
            }
            if waited >= REPORT_AFTER && !std::mem::replace(&mut is_reported, true) {
                self.report(LinkEvent::Waiting(Waiting::Port(self.recovery)));
            }
        }
    }

    pub(super) fn report(&mut self, event: LinkEvent<'_>) {
        if let Some(listener) = &mut self.listener {
            listener(self.pipe.now(), event);
        }
    }

    pub(super) fn report_unanswered(&mut self) {
        if let Some((since, is_reported @ false)) = &mut self.unanswered
            && self.pipe.now().saturating_sub(*since) >= REPORT_AFTER
        {
            *is_reported = true;
            self.report(LinkEvent::Waiting(Waiting::Answer));
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop())
    }
}

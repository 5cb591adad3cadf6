//! What a session asks of the application, and the restarts that hosts request.

use lifeboot_wire::SESSION_TIMEOUT_MS;

/// Milliseconds from the moment that the port has taken the answer to the event that restarts the chip: time for what
/// the port holds, more than a kilobyte at 115,200 baud. If the port takes nothing for
/// [`SESSION_TIMEOUT_MS`], the chip is restarted all the same.
pub const RESTART_DELAY: u32 = 100;

/// What the application must do after a [`poll`](crate::Session::poll) or an [`advance`](crate::Session::advance).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing; no operation is in progress either.
    Idle,
    /// Nothing, but call again soon: there is more to send or to do.
    Busy,
    /// Reset the chip at once, without waiting for the line. Either a host requested it: then the answer had
    /// [time](RESTART_DELAY) to go out. Or the trial's deadline has passed: then nothing is waited for.
    Reset,
    /// Reset the chip at once, with [`recovery_word`](lifeboot_core::handover::recovery_word) as the cause: a host
    /// requested the bootloader's recovery mode, and the answer had [time](RESTART_DELAY) to go out. Reported once; if
    /// the firmware ignores it, it keeps running and the host sees that.
    Recover,
}

/// A restart that a host requested.
pub(crate) struct Restart {
    event: Event,
    /// When it was requested, or when the port had taken all output.
    since: u32,
    is_sent: bool,
}

impl Restart {
    /// Returns a restart that was requested at this time, and whose event is this.
    pub const fn new(event: Event, now: u32) -> Self {
        Restart { event, since: now, is_sent: false }
    }

    /// Returns the event if it is time for it; `is_sent` says whether the port has taken all output. The wait is bounded,
    /// whether the line takes the answer or not.
    pub fn due(&mut self, now: u32, is_sent: bool) -> Option<Event> {
        if is_sent && !self.is_sent {
            (self.is_sent, self.since) = (true, now);
        }
        let wait = if self.is_sent { RESTART_DELAY } else { SESSION_TIMEOUT_MS };
        (now.wrapping_sub(self.since) >= wait).then_some(self.event)
    }
}

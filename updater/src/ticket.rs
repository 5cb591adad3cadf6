//! [`Ticket`]: which operation somebody started, so that its end can be asked for, no matter who
//! drove it there.
//!
//! Two parties use one updater: a session on behalf of a host, and the application. Either may start an operation while
//! the other one's is under way, and either may call [`step`](crate::Updater::step). Invariant: the owner of a ticket
//! gets an answer, by [`result`](crate::Updater::result): the operation is under way and the next steps end it, or it has
//! ended with this result, or something else has taken its place.

use crate::operation::Step;
use lifeboot_wire::Refusal;

/// Identifies an operation that was started; [`Updater::result`](crate::Updater::result) says what became of it.
///
/// Ask before 65,536 further operations have been started: then the numbers repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u16);

/// How an operation ended.
pub(crate) type End = Result<Step, Refusal>;

/// Issues the tickets of an updater.
#[derive(Default)]
pub(crate) struct Tickets {
    issued: u16,
}

impl Tickets {
    fn issue(&mut self) -> Ticket {
        self.issued = self.issued.wrapping_add(1);
        Ticket(self.issued)
    }
}

/// A place where one operation at a time can be under way: its ticket, and how it ended.
pub(crate) struct Lane {
    ticket: Ticket,
    /// `None` while it is under way.
    end: Option<End>,
}

impl Default for Lane {
    /// A lane in which nothing was started yet: no ticket has the number 0 before the numbers repeat.
    fn default() -> Self {
        Lane { ticket: Ticket(0), end: Some(Ok(Step::Idle)) }
    }
}

impl Lane {
    /// Starts an operation here; what is under way has been superseded.
    pub fn start(&mut self, tickets: &mut Tickets) -> Ticket {
        self.ticket = tickets.issue();
        self.end = None;
        self.ticket
    }

    /// Ends the operation that is under way, if one is. A transfer that waits for bytes is still under way.
    pub fn end(&mut self, end: End) {
        if matches!(self.end, None | Some(Ok(Step::Receiving))) {
            self.end = Some(end);
        }
    }

    /// Returns the ticket of the operation that was started last.
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Whether an operation is under way.
    pub const fn is_busy(&self) -> bool {
        self.end.is_none()
    }

    /// Returns what became of the operation with this ticket: `None` if it was not the last one that was started here.
    pub fn progress(&self, ticket: Ticket) -> Option<Option<End>> {
        (self.ticket == ticket).then_some(self.end)
    }
}

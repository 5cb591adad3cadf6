//! [`Ticket`]: which operation somebody started, so that its end can be asked for, no matter who
//! drove it there.
//!
//! Two parties use one updater: a session on behalf of a host, and the application. Either may start an operation while
//! the other one's is under way, and either may call [`step`](crate::Updater::step). Invariant: the owner of a ticket
//! gets an answer, by [`result`](crate::Updater::result): the operation is under way and the next steps end it, or it has
//! ended with this result, or something else has taken its place.

use crate::operation::Step;
use core::num::NonZero;
use lifeboot_wire::Refusal;

/// Identifies an operation that was started; [`Updater::result`](crate::Updater::result) says what became of it.
///
/// Ask before 65,535 further operations have been started: then the numbers repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(NonZero<u16>);

/// How an operation ended.
pub(crate) type End = Result<Step, Refusal>;

/// Issues the tickets of an updater.
#[derive(Default)]
pub(crate) struct Tickets {
    /// The last one.
    issued: Option<Ticket>,
}

impl Tickets {
    /// Returns the next one.
    pub fn issue(&mut self) -> Ticket {
        let next = self.issued.and_then(|Ticket(last)| last.checked_add(1));
        *self.issued.insert(Ticket(next.unwrap_or(NonZero::<u16>::MIN)))
    }
}

/// A place where one operation at a time can be under way: its ticket, and how it ended.
#[derive(Default)]
pub(crate) struct Lane {
    /// `None` if nothing was started here yet.
    ticket: Option<Ticket>,
    /// `None` while it is under way.
    end: Option<End>,
}

impl Lane {
    /// Starts an operation here; what is under way has been superseded.
    pub fn start(&mut self, tickets: &mut Tickets) -> Ticket {
        self.end = None;
        *self.ticket.insert(tickets.issue())
    }

    /// Ends the operation that is under way, if one is. A transfer that waits for bytes is still under way.
    pub fn end(&mut self, end: End) {
        if matches!(self.end, None | Some(Ok(Step::Receiving))) {
            self.end = Some(end);
        }
    }

    /// Returns the ticket of the operation that was started last.
    pub const fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }

    /// Returns the ticket of the operation that is under way, if one is.
    pub const fn under_way(&self) -> Option<Ticket> {
        if self.end.is_none() { self.ticket } else { None }
    }

    /// Returns what became of the operation with this ticket: `None` if it was not the last one that was started here.
    pub fn progress(&self, ticket: Ticket) -> Option<Option<End>> {
        (self.ticket == Some(ticket)).then_some(self.end)
    }
}

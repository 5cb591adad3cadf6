//! What a device's run through an action is: a fold over events, and what follows from it.
//!
//! Nothing here knows a clock, a thread, a file or a network. Invariants:
//!
//! - An event is persisted before what it announces is done ([`Event::Begun`]), and after what it records has happened.
//! - A success is reported only if the device has confirmed this image: [`Event::Ended`] names action and digest, and counts
//!   for no other run.
//! - What has ended is reported until the server has taken it, also after a crash; what has begun is brought to its end.

mod decide;
mod event;

pub use decide::{Facts, Next, decide};
pub use event::{Begun, Ended, Event, Offered, Report};

use crate::ddi::Link;

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The server offers it; nothing was done to the device.
    Offered,
    /// The act was to begin, so the device may have changed.
    Begun(Begun),
    /// The device has given up the image on request, and runs what it ran before.
    Cancelled,
    /// It has ended, and the server does not know yet.
    Ended(Report),
    /// The server knows, or does not want to.
    Closed(Report),
}

/// A request to cancel a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelWanted {
    /// The id that the answer names.
    pub id: String,
    /// Where the answer goes.
    pub link: Link,
}

/// A run of a device through an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What is offered, and by whom.
    pub offered: Offered,
    /// How far it is.
    pub phase: Phase,
    /// Whether it shall be cancelled.
    pub cancel: Option<CancelWanted>,
}

/// All that is known of a device's action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The run; `None` if there is none.
    pub run: Option<Run>,
}

impl State {
    /// Folds events, the oldest first.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> State {
        let mut state = State::default();
        events.into_iter().for_each(|event| state.apply(event));
        state
    }

    /// Takes an event into account. One that does not follow from the state changes nothing.
    pub fn apply(&mut self, event: &Event) {
        let may_begin = |run: &Run| matches!(run.phase, Phase::Offered | Phase::Closed(_));
        if let Event::Offered(offered) = event {
            if self.run.as_ref().is_none_or(may_begin) {
                self.run = Some(Run { offered: offered.clone(), phase: Phase::Offered, cancel: None });
            }
            return;
        }
        let Some(run) = &mut self.run else { return };
        match (event, &run.phase) {
            (Event::Begun(begun), Phase::Offered) => run.phase = Phase::Begun(begun.clone()),
            // Only what has begun can have ended well.
            (Event::Ended(ended), Phase::Offered) if ended.is_of(&run.offered) && !ended.report.success => {
                run.phase = Phase::Ended(ended.report.clone());
            }
            (Event::Ended(ended), Phase::Begun(_)) if ended.is_of(&run.offered) => {
                run.phase = Phase::Ended(ended.report.clone());
            }
            (Event::Cancelled, Phase::Offered | Phase::Begun(_)) if run.cancel.is_some() => {
                run.phase = Phase::Cancelled
            }
            (Event::CancelWanted { id, link }, Phase::Offered | Phase::Begun(_) | Phase::Ended(_)) => {
                run.cancel = Some(CancelWanted { id: id.clone(), link: link.clone() });
            }
            (Event::CancelAnswered, Phase::Cancelled) => self.run = None,
            (Event::CancelAnswered, _) => run.cancel = None,
            (Event::Closed, Phase::Ended(report)) => run.phase = Phase::Closed(report.clone()),
            (Event::Gone, Phase::Offered | Phase::Closed(_)) => self.run = None,
            _ => {}
        }
    }

    /// Returns the run if something remains to be done for it, whatever the server says.
    pub fn unfinished(&self) -> Option<&Run> {
        self.run.as_ref().filter(|run| matches!(run.phase, Phase::Begun(_) | Phase::Cancelled | Phase::Ended(_)))
    }
}

#[cfg(test)]
mod tests;

//! Two hosts at one device: after each wait, a host looks again before it changes anything.
//!
//! A device serves one host at a time, and a host that comes second waits. What it saw before may be wrong afterwards:
//! the first host may have left an image pending, which a rollback that was meant for something else would end. So a
//! host first takes the session, then looks, and only then acts; meanwhile no other host is served.

use crate::describe::{ending, running};
use crate::link::{Link, LinkError, Reply, Retry};
use crate::pipe::Pipe;
use crate::state::{content, pending, running_content};
use lifeboot_core::Version;
use lifeboot_core::layout::BLOCK;
use lifeboot_wire::{Command, Refusal, Slot, SlotContent, Status};

/// How the wait for the session ended.
pub(crate) enum Held {
    /// The session is this host's, and the device is in this state.
    Ready(Status),
    /// Another host still holds the session.
    Busy,
    /// The session is free again; but meanwhile the device changed in this way.
    Changed(String),
}

/// Takes the session, waiting for another host if necessary, and compares the device's state with the one `before`.
///
/// # Errors
/// As [`Link::ask`].
pub(crate) fn hold<P: Pipe>(link: &mut Link<P>, before: &Status) -> Result<Held, LinkError> {
    if take(link)? == Reply::Refused(Refusal::Busy) { Ok(Held::Busy) } else { look(link, before) }
}

/// As [`hold`], but `before`, which must be one question old, is not looked at again if the session was free. For a push: the
/// device compares what its begin believes.
///
/// # Errors
/// As [`Link::ask`].
pub(crate) fn hold_at_once<P: Pipe>(link: &mut Link<P>, before: &Status) -> Result<Held, LinkError> {
    if take(link)? == Reply::Refused(Refusal::Busy) {
        return Ok(Held::Busy);
    }
    if link.has_waited() { look(link, before) } else { Ok(Held::Ready(before.clone())) }
}

/// Takes the session. This request needs it and changes nothing, whatever its answer; a bootloader in recovery mode refuses it
/// after it has given the session to this host.
fn take<P: Pipe>(link: &mut Link<P>) -> Result<Reply, LinkError> {
    link.ask(&Command::Digests { offset: 0, length: BLOCK, count: 1 }, Retry::SHORT)
}

/// Compares the device's state with the one `before`.
fn look<P: Pipe>(link: &mut Link<P>, before: &Status) -> Result<Held, LinkError> {
    let now = link.status(Retry::SHORT)?;
    Ok(match change(before, &now) {
        None => Held::Ready(now),
        Some(change) => {
            link.release();
            Held::Changed(change)
        }
    })
}

/// Describes what changed between two states, if that matters to a host that is about to change something. Parts of an
/// image that arrived or were erased do not: the device itself refuses what needs a whole one.
pub(crate) fn change(before: &Status, now: &Status) -> Option<String> {
    let runs = |status: &Status| (status.running, status.recovery, status.confirmed, running_content(status));
    let trial = |status: &Status| status.trial.map(|trial| trial.slot);
    if pending(now).is_some() && (pending(before) != pending(now) || trial(before) != trial(now)) {
        return pending(now).map(|(slot, version)| format!("{version} in slot {slot:?} is pending"));
    }
    if runs(before) != runs(now) {
        return Some(format!("now runs {}", running(now)));
    }
    if before.outcome != now.outcome
        && let Some(outcome) = &now.outcome
    {
        return Some(ending(outcome));
    }
    if trial(before) != trial(now) {
        return Some("the image that was pending is not pending any more".to_owned());
    }
    [Slot::A, Slot::B].into_iter().find_map(|slot| match content(now, slot) {
        SlotContent::Image { version, .. } if content(before, slot) != content(now, slot) => {
            Some(format!("slot {slot:?} holds {} now", Version::from(version)))
        }
        _ => None,
    })
}

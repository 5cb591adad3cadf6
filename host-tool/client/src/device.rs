//! Requests to a device other than an update: state, keys, confirm, cancel, rollback, reset.

use crate::describe::{ending, reason, running};
use crate::link::{Link, LinkError, Reply, Retry};
use crate::other_host::{Held, change, hold};
use crate::pipe::Pipe;
use crate::refusal::{RefusalContext, Refused};
use crate::restart::{POLL, RESET_AGAIN};
use crate::state::{content, is_on_trial, is_rejection, other, pending};
use lifeboot_wire::{Command, Keys, Outcome, Refusal, SlotContent, Status, WIRE_OF_CANCEL};
use miette::Diagnostic;
use std::time::Duration;
use thiserror::Error;

/// Why a device did not carry out a request.
#[derive(Debug, Error, Diagnostic)]
pub enum DeviceError {
    /// The conversation failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Link(#[from] LinkError),
    /// The device refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refused(#[from] Refused),
    /// The device changed while this host waited for another one; nothing was done.
    #[error("while this waited for the device, it changed: {change}; nothing was done")]
    #[diagnostic(help(
        "another host, or the firmware itself, was at work: see lifeboot status; to do it all the same, repeat the command"
    ))]
    Changed {
        /// Description of the change.
        change: String,
    },
    /// The device changed while it was to go back to the previous firmware.
    #[error("the rollback was begun, and then the device changed: {change}")]
    #[diagnostic(help("another host, or the firmware itself, was at work: see lifeboot status"))]
    Overtaken {
        /// Description of the state.
        change: String,
    },
    /// The previous firmware did not start, and the device returned to the firmware that it was to leave.
    #[error("the previous firmware did not start; {running} runs ({reason})")]
    #[diagnostic(help("lifeboot status shows what the slots hold; push an image that works here"))]
    Stayed {
        /// The firmware that runs.
        running: String,
        /// Why the previous firmware was rejected.
        reason: String,
    },
    /// The trial was ended, and the device waits in recovery mode: nothing else may run unattended.
    #[error("the trial was ended; what runs now is {recovery}")]
    #[diagnostic(help("push an image that works: lifeboot push IMAGE.img"))]
    InRecovery {
        /// What runs.
        recovery: String,
    },
    /// The device was to restart into its bootloader, but its firmware answers.
    #[error("the bootloader is not in recovery mode; {running} runs")]
    #[diagnostic(help(
        "this firmware does not pass the request on (Event::Recover), or the bootloader was built without recovery; \
         where the board has a pin for it, hold that while you reset it"
    ))]
    NotInRecovery {
        /// The firmware that runs.
        running: String,
    },
    /// The device has not answered since the restart.
    #[error("the device restarts, and has not answered again within {seconds} seconds")]
    #[diagnostic(help(
        "lifeboot status tells when it is back; if it stays silent, reset it or take its power away once"
    ))]
    Away {
        /// How long the host waited, in seconds.
        seconds: u64,
    },
}

/// Makes the running firmware the default. Returns the state afterwards.
///
/// # Errors
/// See [`DeviceError`].
pub fn confirm<P: Pipe>(link: &mut Link<P>) -> Result<Status, DeviceError> {
    let before = link.status(Retry::SHORT)?;
    look_again(link, &before)?;
    done(link, &Command::Confirm, Retry::MEDIUM)?;
    let status = link.status(Retry::SHORT)?;
    link.release();
    Ok(status)
}

/// Cancels the pending image: it is not tried, and not rejected either. Returns the state afterwards.
///
/// # Errors
/// See [`DeviceError`].
pub fn cancel<P: Pipe>(link: &mut Link<P>) -> Result<Status, DeviceError> {
    let before = link.status(Retry::SHORT)?;
    // An older device's answer to an unknown command has no number.
    if before.wire < WIRE_OF_CANCEL {
        let context = RefusalContext { status: Some(&before), ..RefusalContext::default() };
        return Err(Refused::new(Refusal::Command, context).into());
    }
    look_again(link, &before)?;
    done(link, &Command::Cancel, Retry::MEDIUM)?;
    let status = link.status(Retry::SHORT)?;
    link.release();
    Ok(status)
}

/// Returns the state of the device, and the keys that it accepts.
///
/// # Errors
/// See [`DeviceError`].
pub fn keys<P: Pipe>(link: &mut Link<P>) -> Result<(Status, Keys), DeviceError> {
    let (status, keys) = link.keys(Retry::SHORT)?;
    let context = RefusalContext { status: Some(&status), ..RefusalContext::default() };
    let keys = keys.map_err(|refusal| Refused::new(refusal, context))?;
    Ok((status, keys))
}

/// Rolls back: ends the trial if there is one, otherwise puts the other slot's firmware on trial. Restarts the device,
/// waits at most `timeout` until the firmware is confirmed, and returns the state then.
///
/// # Errors
/// See [`DeviceError`].
pub fn rollback<P: Pipe>(link: &mut Link<P>, timeout: Duration) -> Result<Status, DeviceError> {
    let before = link.status(Retry::SHORT)?;
    look_again(link, &before)?;
    done(link, &Command::Rollback, Retry::VERIFY)?;
    let back = other(before.running);
    let previous = content(&before, back);
    let wanted = if before.trial.is_some() { before.confirmed.unwrap_or(back) } else { back };
    let until = link.now().saturating_add(timeout);
    let mut asked = None;
    loop {
        match link.status(Retry { attempts: 1, ..Retry::SHORT }) {
            // Nothing runs, and a bootloader in recovery mode would only be kept from listening.
            Ok(status) if status.recovery.is_some() => {
                return Err(DeviceError::InRecovery { recovery: running(&status) });
            }
            Ok(status) if status.running == wanted && !is_on_trial(&status) => return Ok(status),
            // This is the previous firmware, which must confirm like any other.
            Ok(status) if status.running == wanted => {}
            // Another host has put another image there: its trial is not this one's to start or to end.
            Ok(status) if before.trial.is_none() && content(&status, back) != previous => {
                let change = pending(&status).map_or_else(
                    || format!("now runs {}", running(&status)),
                    |(slot, version)| format!("{version} in slot {slot:?} is pending"),
                );
                return Err(DeviceError::Overtaken { change });
            }
            Ok(status) if before.trial.is_none() && status.trial.is_none() => {
                let ended = status.outcome.filter(|outcome| is_outcome_of(outcome, &previous));
                return Err(match ended {
                    Some(outcome) if is_rejection(outcome.ending) => {
                        DeviceError::Stayed { running: running(&status), reason: reason(&outcome) }
                    }
                    Some(outcome) => DeviceError::Overtaken { change: ending(&outcome) },
                    None => DeviceError::Stayed { running: running(&status), reason: "no reason is known".to_owned() },
                });
            }
            Ok(_) if asked.is_none_or(|asked| link.now().saturating_sub(asked) > RESET_AGAIN) => {
                asked = Some(link.now());
                // The device may have received the request without answering.
                let _ = link.ask(&Command::Reset, Retry { attempts: 1, ..Retry::SHORT });
            }
            Err(LinkError::Stopped) => return Err(stopped(link)),
            Ok(_) | Err(_) => {}
        }
        if link.now() >= until {
            return Err(DeviceError::Away { seconds: timeout.as_secs() });
        }
        link.pause(POLL);
    }
}

/// Restarts the device, waits at most `timeout`, and returns the state after the restart.
///
/// # Errors
/// See [`DeviceError`].
pub fn reset<P: Pipe>(link: &mut Link<P>, timeout: Duration) -> Result<Status, DeviceError> {
    let before = link.status(Retry::SHORT)?;
    restart(link, &before, &Command::Reset, timeout)
}

/// Restarts the device into its bootloader, waits at most `timeout`, and returns the state that the bootloader reports.
/// A bootloader that is already in recovery mode is not restarted.
///
/// # Errors
/// See [`DeviceError`].
pub fn recover<P: Pipe>(link: &mut Link<P>, timeout: Duration) -> Result<Status, DeviceError> {
    let before = link.status(Retry::SHORT)?;
    if before.recovery.is_some() {
        return Ok(before);
    }
    let status = restart(link, &before, &Command::Recover, timeout)?;
    match status.recovery {
        Some(_) => Ok(status),
        None => Err(DeviceError::NotInRecovery { running: running(&status) }),
    }
}

/// Restarts the device with this command, and returns the state that it reports afterwards.
fn restart<P: Pipe>(
    link: &mut Link<P>,
    before: &Status,
    command: &Command,
    timeout: Duration,
) -> Result<Status, DeviceError> {
    look_again(link, before)?;
    let asked = done(link, command, Retry { attempts: 1, ..Retry::MEDIUM });
    let status = match asked {
        Ok(()) => back(link, timeout)?,
        // Either the request was lost or, during the reset, its answer. It is sent again unless that would cost a trial
        // another start.
        Err(DeviceError::Link(LinkError::Stopped)) => return Err(stopped(link)),
        Err(DeviceError::Link(_)) => {
            let status = back(link, timeout)?;
            let is_done = status.trial != before.trial || status.recovery != before.recovery;
            // Nor is it sent again if it would start what another host has left meanwhile.
            if is_done || change(before, &status).is_some() {
                return Ok(status);
            }
            let _ = link.ask(command, Retry { attempts: 1, ..Retry::MEDIUM });
            back(link, timeout)?
        }
        Err(error) => return Err(error),
    };
    Ok(status)
}

/// Waits until the device answers again, and returns its state.
fn back<P: Pipe>(link: &mut Link<P>, timeout: Duration) -> Result<Status, DeviceError> {
    let until = link.now().saturating_add(timeout);
    loop {
        link.pause(POLL);
        match link.status(Retry { attempts: 1, ..Retry::SHORT }) {
            Ok(status) => return Ok(status),
            Err(LinkError::Stopped) => return Err(stopped(link)),
            Err(_) if link.now() < until => {}
            Err(_) => return Err(DeviceError::Away { seconds: timeout.as_secs() }),
        }
    }
}

/// Takes the session, and looks whether the device is still in the state that was reported `before`.
fn look_again<P: Pipe>(link: &mut Link<P>, before: &Status) -> Result<(), DeviceError> {
    match hold(link, before)? {
        Held::Ready(_) => Ok(()),
        Held::Changed(change) => Err(DeviceError::Changed { change }),
        Held::Busy => {
            let context = RefusalContext { status: Some(before), ..RefusalContext::default() };
            Err(Refused::new(Refusal::Busy, context).into())
        }
    }
}

/// Leaves the device to the next host.
fn stopped<P: Pipe>(link: &mut Link<P>) -> DeviceError {
    link.release();
    LinkError::Stopped.into()
}

/// Returns whether this is the outcome of the image that a slot held.
fn is_outcome_of(outcome: &Outcome, held: &SlotContent) -> bool {
    matches!(held, SlotContent::Image { digest, .. } if *digest == outcome.digest)
}

fn done<P: Pipe>(link: &mut Link<P>, command: &Command, retry: Retry) -> Result<(), DeviceError> {
    match link.ask(command, retry)? {
        Reply::Done => Ok(()),
        Reply::Refused(refusal) => {
            let status = link.status(Retry::SHORT).ok();
            let quarantine = link.quarantine_of(refusal);
            if refusal != Refusal::Busy {
                link.release();
            }
            let context =
                RefusalContext { status: status.as_ref(), quarantine: &quarantine, ..RefusalContext::default() };
            Err(Refused::new(refusal, context).into())
        }
        _ => Err(LinkError::Unexpected.into()),
    }
}

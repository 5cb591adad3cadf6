//! What a host can ask of a device beside an update: its state, a confirm, a rollback, a reset.

use crate::describe::{reason, running};
use crate::link::{Link, LinkError, Reply, Retry};
use crate::pipe::Pipe;
use crate::refusal::{RefusalContext, Refused};
use crate::restart::{POLL, RESET_AGAIN};
use crate::state::{is_on_trial, other};
use lifeboot_wire::{Command, Keys, Status};
use miette::Diagnostic;
use std::time::Duration;
use thiserror::Error;

/// Why a device did not carry out a request.
#[derive(Debug, Error, Diagnostic)]
pub enum DeviceError {
    /// The request did not get through.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Link(#[from] LinkError),
    /// It refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refused(#[from] Refused),
    /// It went back, and came back.
    #[error("the previous firmware did not start; {running} runs ({reason})")]
    #[diagnostic(help("lifeboot status shows what the slots hold; push an image that works here"))]
    Stayed {
        /// What runs.
        running: String,
        /// Why.
        reason: String,
    },
    /// It was to restart into its bootloader, and its firmware answers.
    #[error("the bootloader is not in recovery mode; {running} runs")]
    #[diagnostic(help(
        "this firmware does not pass the request on (Event::Recover), or the bootloader was built without recovery; \
         where the board has a pin for it, hold that while you reset it"
    ))]
    NotInRecovery {
        /// What runs.
        running: String,
    },
    /// It has not answered again.
    #[error("the device restarts, and has not answered again within {seconds} seconds")]
    #[diagnostic(help(
        "lifeboot status tells when it is back; if it stays silent, reset it or take its power away once"
    ))]
    Away {
        /// How long was waited.
        seconds: u64,
    },
}

/// Makes the firmware that runs the default. Returns the state afterwards.
///
/// # Errors
/// See [`DeviceError`].
pub fn confirm<P: Pipe>(link: &mut Link<P>) -> Result<Status, DeviceError> {
    done(link, &Command::Confirm, Retry::MEDIUM)?;
    let status = link.status(Retry::SHORT)?;
    link.release();
    Ok(status)
}

/// The state of the device, and the keys that it accepts.
///
/// # Errors
/// See [`DeviceError`].
pub fn keys<P: Pipe>(link: &mut Link<P>) -> Result<(Status, Keys), DeviceError> {
    let (status, keys) = link.keys(Retry::SHORT)?;
    let context = RefusalContext { status: Some(&status), ..RefusalContext::default() };
    let keys = keys.map_err(|refusal| Refused::new(refusal, context))?;
    Ok((status, keys))
}

/// Goes back: ends the trial, if there is one; or else tries the other slot's firmware. Restarts the device, waits for
/// `timeout` at most until what runs then is confirmed, and returns that state.
///
/// # Errors
/// See [`DeviceError`].
pub fn rollback<P: Pipe>(link: &mut Link<P>, timeout: Duration) -> Result<Status, DeviceError> {
    let before = link.status(Retry::SHORT)?;
    done(link, &Command::Rollback, Retry::VERIFY)?;
    let wanted = if before.trial.is_some() { before.confirmed } else { other(before.running) };
    let until = link.now() + timeout;
    let mut asked = None;
    loop {
        match link.status(Retry { attempts: 1, ..Retry::SHORT }) {
            Ok(status) if status.running == wanted && !is_on_trial(&status) => return Ok(status),
            // The previous firmware, which has to confirm like any other.
            Ok(status) if status.running == wanted => {}
            Ok(status) if before.trial.is_none() && status.trial.is_none() => {
                let reason = status.outcome.map_or("no reason is known".to_owned(), |outcome| reason(&outcome));
                return Err(DeviceError::Stayed { running: running(&status), reason });
            }
            Ok(_) if asked.is_none_or(|asked| link.now() - asked > RESET_AGAIN) => {
                asked = Some(link.now());
                // Unanswered, it may have been received all the same.
                let _ = link.ask(&Command::Reset, Retry { attempts: 1, ..Retry::SHORT });
            }
            Ok(_) | Err(_) => {}
        }
        if link.now() >= until {
            return Err(DeviceError::Away { seconds: timeout.as_secs() });
        }
        link.pause(POLL);
    }
}

/// Restarts the device, waits for `timeout` at most and returns the state of what runs then.
///
/// # Errors
/// See [`DeviceError`].
pub fn reset<P: Pipe>(link: &mut Link<P>, timeout: Duration) -> Result<Status, DeviceError> {
    let before = link.status(Retry::SHORT)?;
    restart(link, &before, &Command::Reset, timeout)
}

/// Restarts the device into its bootloader, waits for `timeout` at most and returns the state that this reports. One that
/// answers already goes on.
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

/// Restarts the device by this command, and returns the state that it reports then.
fn restart<P: Pipe>(
    link: &mut Link<P>,
    before: &Status,
    command: &Command,
    timeout: Duration,
) -> Result<Status, DeviceError> {
    let asked = done(link, command, Retry { attempts: 1, ..Retry::MEDIUM });
    let status = match asked {
        Ok(()) => back(link, timeout)?,
        // Either the request was lost or, in the reset, the answer. It is asked again unless that would cost a trial
        // another start.
        Err(DeviceError::Link(_)) => {
            let status = back(link, timeout)?;
            if status.trial != before.trial || status.recovery != before.recovery {
                return Ok(status);
            }
            let _ = link.ask(command, Retry { attempts: 1, ..Retry::MEDIUM });
            back(link, timeout)?
        }
        Err(error) => return Err(error),
    };
    Ok(status)
}

/// The state of a device once it answers again.
fn back<P: Pipe>(link: &mut Link<P>, timeout: Duration) -> Result<Status, DeviceError> {
    let until = link.now() + timeout;
    loop {
        link.pause(POLL);
        match link.status(Retry { attempts: 1, ..Retry::SHORT }) {
            Ok(status) => return Ok(status),
            Err(_) if link.now() < until => {}
            Err(_) => return Err(DeviceError::Away { seconds: timeout.as_secs() }),
        }
    }
}

fn done<P: Pipe>(link: &mut Link<P>, command: &Command, retry: Retry) -> Result<(), DeviceError> {
    match link.ask(command, retry)? {
        Reply::Done => Ok(()),
        Reply::Refused(refusal) => {
            let status = link.status(Retry::SHORT).ok();
            let quarantine = link.quarantine_of(refusal);
            let context = RefusalContext { status: status.as_ref(), image: None, quarantine: &quarantine };
            Err(Refused::new(refusal, context).into())
        }
        _ => Err(LinkError::Unexpected.into()),
    }
}

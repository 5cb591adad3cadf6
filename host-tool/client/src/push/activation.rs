//! Activates a staged image: the device verifies it again, and makes it pending.

use super::error::PushError;
use super::outcome::PushOutcome;
use super::progress::{Progress, Step};
use super::stop::Stop;
use super::stopped::{self, Stopped};
use super::trial;
use crate::describe::running;
use crate::link::{Link, LinkError, Reply, Retry};
use crate::other_host::{Held, hold};
use crate::pipe::Pipe;
use crate::refusal::{RefusalContext, Refused};
use crate::state::{ImageState, WantedImage, pending};
use lifeboot_wire::{Command, Refusal, Status, WIRE_OF_STAGING, capability};
use std::time::Duration;

/// How to activate a staged image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Activate the image even if the device rejected it before.
    pub force: bool,
    /// Restart the device and wait until the image is confirmed or rejected; otherwise its next reset starts the image.
    pub wait: bool,
    /// How long to wait for that, at most.
    pub timeout: Duration,
}

/// Makes the staged `image` pending and waits until it is confirmed. Returns how that ended; never
/// [`PushOutcome::Staged`]. If it is pending already, it is only waited for.
///
/// # Errors
/// See [`PushError`].
pub fn activate<P: Pipe>(
    link: &mut Link<P>,
    image: &WantedImage,
    activation: &Activation,
    progress: &mut dyn Progress,
) -> Result<PushOutcome, PushError> {
    match activate_unless_stopped(link, image, activation, progress) {
        Err(PushError::Link(LinkError::Stopped)) => Err(stopped::describe(link, image, Stopped::Activation)),
        ended => ended,
    }
}

fn activate_unless_stopped<P: Pipe>(
    link: &mut Link<P>,
    image: &WantedImage,
    activation: &Activation,
    progress: &mut dyn Progress,
) -> Result<PushOutcome, PushError> {
    progress.step(Step::Asking);
    let status = link.status(Retry::SHORT)?;
    let state = ImageState::of(&status, image);
    match state {
        ImageState::Confirmed => {
            return match pending(&status) {
                None => Ok(PushOutcome::AlreadyConfirmed),
                Some((slot, version)) => Err(PushError::OtherPending {
                    running: running(&status),
                    pending: format!("{version} in slot {slot:?}"),
                }),
            };
        }
        ImageState::Trial(_) if !activation.wait => return Ok(PushOutcome::OnTrial),
        ImageState::Trial(_) => {}
        ImageState::Marked | ImageState::Staged | ImageState::Rejected(_) | ImageState::Absent => {
            make_pending(link, image, &status, activation.force, progress)?;
            if !activation.wait {
                link.release();
                return Ok(PushOutcome::Marked);
            }
        }
    }
    trial::watch(link, image, activation.timeout, progress)?;
    Ok(PushOutcome::Confirmed)
}

/// Makes the image pending. Sent also if it is: then the device makes sure that this is durable.
fn make_pending<P: Pipe>(
    link: &mut Link<P>,
    image: &WantedImage,
    status: &Status,
    force: bool,
    progress: &mut dyn Progress,
) -> Result<(), PushError> {
    let refused = |link: &mut Link<P>, refusal| {
        let quarantine = link.quarantine_of(refusal);
        let header = image.header.as_ref();
        let named = Some(image.digest).filter(|_| header.is_none());
        let context = RefusalContext { status: Some(status), image: header, named, quarantine: &quarantine };
        Err(Refused::new(refusal, context).into())
    };
    if status.recovery.is_some() {
        return refused(link, Refusal::Recovery);
    }
    // An older device's answer to an unknown command has no number.
    if status.wire < WIRE_OF_STAGING {
        return refused(link, Refusal::Command);
    }
    match hold(link, status)? {
        Held::Ready(_) => {}
        Held::Changed(change) => return Err(PushError::Changed { change }),
        Held::Busy => return refused(link, Refusal::Busy),
    }
    match run(link, image, force, progress) {
        Ok(()) => Ok(()),
        Err(Stop::Refused(refusal) | Stop::Patch(refusal)) => {
            link.release();
            refused(link, refusal)
        }
        Err(Stop::Link(error)) => Err(error.into()),
        // Nothing of a transfer is sent here.
        Err(Stop::Interrupted(_)) => Err(LinkError::Unexpected.into()),
    }
}

/// Activates the image, of a device that knows how. Afterwards it is verified and pending.
pub(super) fn run<P: Pipe>(
    link: &mut Link<P>,
    image: &WantedImage,
    force: bool,
    progress: &mut dyn Progress,
) -> Result<(), Stop> {
    progress.step(Step::Activating);
    match link.ask(&Command::Activate { image: &image.digest, force }, Retry::VERIFY)? {
        Reply::Done => Ok(()),
        Reply::Refused(refusal) => Err(Stop::Refused(refusal)),
        _ => Err(LinkError::Unexpected.into()),
    }
}

/// Checks that the device stages images, before anything is sent to it.
pub(super) fn check_staging<P: Pipe>(link: &mut Link<P>, status: &Status) -> Result<(), PushError> {
    if status.recovery.is_some() {
        return Err(PushError::CannotStage { reason: "its bootloader is in recovery mode, since no firmware runs" });
    }
    if status.wire < WIRE_OF_STAGING {
        return Err(PushError::CannotStage { reason: "its firmware is older than that" });
    }
    match link.identity(Retry::SHORT)?.1 {
        Some(identity) if identity.capabilities & capability::STAGING != 0 => Ok(()),
        _ => Err(PushError::CannotStage { reason: "its firmware reports that it does not" }),
    }
}

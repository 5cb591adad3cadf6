//! Pushing an image to a device.
//!
//! | module | does |
//! | --- | --- |
//! | `confirm_effects` | predicts what a confirm ends irreversibly |
//! | `transfer` | one transfer: begin, request what the slot holds, send, finish |
//! | `survey` | requests digests of what the slot already holds |
//! | `plan` | decides what need not be sent |
//! | `activation` | makes a staged image pending |
//! | `patches` | decides whether to send a patch instead of the image |
//! | `content` | what is sent: the image or a patch |
//! | `estimate` | predicts how much is sent if the slot holds a certain image |
//! | `sender` | keeps the line busy, and resends what was lost |
//! | `stopped` | what the device does next if the push is stopped |
//! | `trial` | restarts the device and waits for the new firmware's confirm |
//!
//! The device decides about an image; only a file that is inconsistent in itself is rejected earlier ([`ImageFile`]).
//! After an interruption, the next push resumes the update where it was.

mod activation;
mod confirm_effects;
mod content;
mod error;
mod estimate;
mod outcome;
mod patches;
mod plan;
mod progress;
mod sender;
mod stop;
mod stopped;
mod survey;
mod transfer;
mod trial;

pub use activation::{Activation, activate};
pub use confirm_effects::{ConfirmEffect, accepted, confirm_effects};
pub use error::PushError;
pub use estimate::{Estimate, estimate};
pub use outcome::{PushOutcome, Pushed};
pub use patches::PatchUse;
pub use progress::{Interruption, Progress, Step};

use crate::describe::{board_name, running};
use crate::link::{Link, LinkError, Retry};
use crate::other_host::{Held, change, hold_at_once};
use crate::pipe::Pipe;
use crate::refusal::{RefusalContext, Refused};
use crate::state::{ImageState, WantedImage, pending};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_wire::{Refusal, Status};
use std::time::Duration;
use stop::{Stop, depends_on_content};
use stopped::Stopped;
use transfer::Permits;

/// How often a push begins again before it gives up: a device whose supply fails that often needs another supply.
const RESTARTS: u32 = 10;

/// How to push an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Push the image even if the device rejected it before.
    pub force: bool,
    /// Send a patch, if the image has one from the running image and that takes fewer bytes.
    pub patch: bool,
    /// How far to go.
    pub until: Until,
    /// How long to wait for the confirm, at most.
    pub timeout: Duration,
}

/// How far a push goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Restarts the device and waits until the image is confirmed or rejected.
    Confirmed,
    /// Leaves the image pending: the device's next reset starts it.
    Pending,
    /// Leaves the image staged: no reset starts it before it is [activated](activate).
    Staged,
}

impl Default for Options {
    /// Not forced. Waits long enough for three starts that each take all of `lifeboot_updater::TRIAL_DEADLINE`, with a
    /// margin.
    fn default() -> Self {
        Options { force: false, patch: true, until: Until::Confirmed, timeout: Duration::from_secs(240) }
    }
}

/// Writes `image` to the slot that is not running and waits until it is confirmed. If it is staged there already, it is only
/// activated.
///
/// # Errors
/// See [`PushError`]. The bytes already sent stay in the slot, and need not be sent again.
pub fn push<P: Pipe>(
    link: &mut Link<P>,
    image: &ImageFile,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Pushed, PushError> {
    match push_unless_stopped(link, image, options, progress) {
        Err(PushError::Link(LinkError::Stopped)) => Err(stopped::describe(link, &image.into(), Stopped::Push)),
        ended => ended,
    }
}

fn push_unless_stopped<P: Pipe>(
    link: &mut Link<P>,
    image: &ImageFile,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Pushed, PushError> {
    let mut pushed = Pushed {
        sent: 0,
        skipped: 0,
        frames: 0,
        retransmitted: 0,
        patch: None,
        outcome: PushOutcome::AlreadyConfirmed,
    };
    let mut restarts = 0;
    let mut seen: Option<Status> = None;
    let wanted = WantedImage::from(image);
    let stage = options.until == Until::Staged;
    let mut permits = Permits { force: options.force, skip: true, patch: options.patch, activate: true, stage };
    loop {
        progress.step(Step::Asking);
        let status = link.status(Retry::SHORT)?;
        if let Some(reason) = status.recovery {
            progress.step(Step::Recovery(reason));
        }
        let state = ImageState::of(&status, &wanted);
        if !matches!(state, ImageState::Rejected(_) | ImageState::Absent) {
            check_held(link, image, &status)?;
        }
        match state {
            ImageState::Confirmed => {
                return match pending(&status) {
                    None => Ok(pushed),
                    Some((slot, version)) => Err(PushError::OtherPending {
                        running: running(&status),
                        pending: format!("{version} in slot {slot:?}"),
                    }),
                };
            }
            ImageState::Trial(_) | ImageState::Marked if options.until == Until::Confirmed => break,
            ImageState::Trial(_) => return Ok(Pushed { outcome: PushOutcome::OnTrial, ..pushed }),
            ImageState::Marked if !stage => return Ok(Pushed { outcome: PushOutcome::Marked, ..pushed }),
            ImageState::Staged if stage => return Ok(Pushed { outcome: PushOutcome::Staged, ..pushed }),
            // A pending image that is to be staged takes the way of any other: that it is not tried must be durable.
            ImageState::Marked | ImageState::Staged | ImageState::Rejected(_) | ImageState::Absent => {}
        }
        if stage {
            activation::check_staging(link, &status)?;
        }
        pushed.outcome = PushOutcome::Confirmed;
        if restarts == 0 {
            report_confirm_effects(link, image, &status, progress)?;
        }
        // What another host has done since is not undone without a word.
        let other = seen.as_ref().filter(|seen| pending(&status).is_some() && pending(seen) != pending(&status));
        if let Some(change) = other.and_then(|seen| change(seen, &status)) {
            return Err(PushError::Changed { change });
        }
        let status = match hold_at_once(link, &status)? {
            Held::Ready(status) => status,
            Held::Changed(change) => return Err(PushError::Changed { change }),
            Held::Busy => {
                let context =
                    RefusalContext { status: Some(&status), image: Some(image.header()), ..Default::default() };
                return Err(Refused::new(Refusal::Busy, context).into());
            }
        };
        seen = Some(status.clone());
        let activates = state == ImageState::Staged && permits.activate;
        let done = match activates {
            true => activation::run(link, &wanted, permits.force, progress),
            false => transfer::run(link, image, &status, permits, progress, &mut pushed),
        };
        let stop = match (done, options.until) {
            (Ok(()), Until::Confirmed) => break,
            (Ok(()), Until::Pending | Until::Staged) => {
                link.release();
                let outcome = if stage { PushOutcome::Staged } else { PushOutcome::Marked };
                return Ok(Pushed { outcome, ..pushed });
            }
            (Err(stop), _) => stop,
        };
        let interruption = match stop {
            Stop::Link(error) => return Err(error.into()),
            Stop::Interrupted(interruption) => interruption,
            Stop::Refused(Refusal::NoTransfer | Refusal::Superseded) => Interruption::TransferEnded,
            Stop::Patch(refusal) => {
                permits.patch = false;
                let failed = PatchUse::Refused(refusal);
                pushed.patch = Some(failed);
                progress.patch(&failed);
                Interruption::PatchFailed
            }
            Stop::Refused(refusal) if activates && (refusal == Refusal::NotStaged || depends_on_content(refusal)) => {
                permits.activate = false;
                Interruption::NotAsStaged
            }
            // Digests of ranges are truncated, and flash may change after a digest was reported.
            Stop::Refused(refusal) if permits.skip && depends_on_content(refusal) => {
                permits.skip = false;
                Interruption::NotAsSurveyed
            }
            Stop::Refused(refusal) => {
                if refusal != Refusal::Busy {
                    link.release();
                }
                let quarantine = link.quarantine_of(refusal);
                let context = RefusalContext {
                    status: Some(&status),
                    image: Some(image.header()),
                    quarantine: &quarantine,
                    ..Default::default()
                };
                return Err(Refused::new(refusal, context).into());
            }
        };
        restarts += 1;
        if restarts > RESTARTS {
            return Err(PushError::Interrupted { times: RESTARTS });
        }
        progress.step(Step::StartingOver(interruption));
    }
    trial::watch(link, &wanted, options.timeout, progress)?;
    Ok(Pushed { outcome: PushOutcome::Confirmed, ..pushed })
}

/// Checks what a digest does not cover, if the device holds the image already: the file may be for another board, or
/// signed by a key that the device does not accept.
fn check_held<P: Pipe>(link: &mut Link<P>, image: &ImageFile, status: &Status) -> Result<(), PushError> {
    let header = image.header();
    let refused = |refusal| {
        let context = RefusalContext { status: Some(status), image: Some(header), ..Default::default() };
        Err(Refused::new(refusal, context).into())
    };
    if board_name(&status.board) != image.board().name {
        return refused(Refusal::Board);
    }
    if image.header().map_digest != status.map {
        return refused(Refusal::Map);
    }
    if header.epoch < status.epoch_floor {
        return refused(Refusal::Epoch);
    }
    // An older device does not report its keys.
    let Ok(keys) = link.keys(Retry::SHORT)?.1 else { return Ok(()) };
    let holds = keys.ids.contains(&Some(header.key_id));
    let is_accepted = accepted(&keys).any(|key| key == header.key_id);
    match (holds, is_accepted) {
        (false, _) => refused(Refusal::UnknownKey),
        (true, false) => refused(Refusal::RevokedKey),
        (true, true) => Ok(()),
    }
}

/// Reports what can no longer be undone once the image is confirmed.
fn report_confirm_effects<P: Pipe>(
    link: &mut Link<P>,
    image: &ImageFile,
    status: &Status,
    progress: &mut dyn Progress,
) -> Result<(), PushError> {
    let header = image.header();
    // An image that revokes nothing needs no request for the keys.
    let keys = match header.revokes.ids().next() {
        Some(_) => link.keys(Retry::SHORT)?.1.ok(),
        None => None,
    };
    confirm_effects(header, status, keys.as_ref())
        .iter()
        .for_each(|confirm_effect| progress.confirm_effect(confirm_effect));
    Ok(())
}

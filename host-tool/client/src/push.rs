//! Pushing an image to a device.
//!
//! | module | does |
//! | --- | --- |
//! | `confirm_effects` | predicts what a confirm ends irreversibly |
//! | `transfer` | one transfer: begin, request what the slot holds, send, finish |
//! | `survey` | requests digests of what the slot already holds |
//! | `plan` | decides what need not be sent |
//! | `patches` | decides whether to send a patch instead of the image |
//! | `content` | what is sent: the image or a patch |
//! | `estimate` | predicts how much is sent if the slot holds a certain image |
//! | `sender` | keeps the line busy, and resends what was lost |
//! | `stopped` | what the device does next if the push is stopped |
//! | `trial` | restarts the device and waits for the new firmware's confirm |
//!
//! The device decides about an image; only a file that is inconsistent in itself is rejected earlier ([`ImageFile`]).
//! After an interruption, the next push resumes the update where it was.

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
use crate::state::{ImageState, pending};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_wire::{Refusal, Status};
use std::time::Duration;
use stop::{Stop, depends_on_content};
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
    /// Restart the device and wait until the image is confirmed or rejected; otherwise its next reset starts the image.
    pub wait: bool,
    /// How long to wait for that, at most.
    pub timeout: Duration,
}

impl Default for Options {
    /// Not forced. Waits long enough for three starts that each take all of `lifeboot_updater::TRIAL_DEADLINE`, with a
    /// margin.
    fn default() -> Self {
        Options { force: false, patch: true, wait: true, timeout: Duration::from_secs(240) }
    }
}

/// Writes `image` to the slot that is not running and waits until it is confirmed.
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
        Err(PushError::Link(LinkError::Stopped)) => Err(stopped::describe(link, image)),
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
    let mut permits = Permits { force: options.force, skip: true, patch: options.patch };
    loop {
        progress.step(Step::Asking);
        let status = link.status(Retry::SHORT)?;
        if let Some(reason) = status.recovery {
            progress.step(Step::Recovery(reason));
        }
        let state = ImageState::of(&status, image);
        if matches!(state, ImageState::Confirmed | ImageState::Trial(_) | ImageState::Marked) {
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
            ImageState::Trial(_) | ImageState::Marked if options.wait => break,
            ImageState::Trial(_) => return Ok(Pushed { outcome: PushOutcome::OnTrial, ..pushed }),
            ImageState::Marked => return Ok(Pushed { outcome: PushOutcome::Marked, ..pushed }),
            ImageState::Rejected(_) | ImageState::Absent => {}
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
                let context = RefusalContext { status: Some(&status), image: Some(image.header()), quarantine: &[] };
                return Err(Refused::new(Refusal::Busy, context).into());
            }
        };
        seen = Some(status.clone());
        let stop = match transfer::run(link, image, &status, permits, progress, &mut pushed) {
            Ok(()) if options.wait => break,
            Ok(()) => {
                link.release();
                return Ok(Pushed { outcome: PushOutcome::Marked, ..pushed });
            }
            Err(stop) => stop,
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
                let context =
                    RefusalContext { status: Some(&status), image: Some(image.header()), quarantine: &quarantine };
                return Err(Refused::new(refusal, context).into());
            }
        };
        restarts += 1;
        if restarts > RESTARTS {
            return Err(PushError::Interrupted { times: RESTARTS });
        }
        progress.step(Step::StartingOver(interruption));
    }
    trial::watch(link, image, options.timeout, progress)?;
    Ok(Pushed { outcome: PushOutcome::Confirmed, ..pushed })
}

/// Checks what a digest does not cover, if the device holds the image already: the file may be for another board, or
/// signed by a key that the device does not accept.
fn check_held<P: Pipe>(link: &mut Link<P>, image: &ImageFile, status: &Status) -> Result<(), PushError> {
    let header = image.header();
    let refused = |refusal| {
        let context = RefusalContext { status: Some(status), image: Some(header), quarantine: &[] };
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

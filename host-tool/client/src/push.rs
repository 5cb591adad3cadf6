//! Pushing an image to a device.
//!
//! | module | does |
//! | --- | --- |
//! | `confirm_effects` | foretells what a confirm ends irreversibly |
//! | `transfer` | one transfer: begin, ask what is there, send, finish |
//! | `survey` | asks for digests of what the slot already holds |
//! | `plan` | decides what need not be sent |
//! | `patches` | decides whether a patch is sent instead of that |
//! | `content` | what is sent, the image or a patch |
//! | `estimate` | foretells how much that is, where the slot holds a certain image |
//! | `sender` | keeps the line full, and sends again what was lost |
//! | `trial` | restarts the device and waits for the new firmware's confirm |
//!
//! The device is the judge of an image; only a file that contradicts itself never gets this far ([`ImageFile`]). An
//! update that is interrupted goes on where it was, with the next push.

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
mod survey;
mod transfer;
mod trial;

pub use confirm_effects::{ConfirmEffect, accepted, confirm_effects};
pub use error::PushError;
pub use estimate::{Estimate, estimate};
pub use outcome::{PushOutcome, Pushed};
pub use patches::PatchUse;
pub use progress::{Interruption, Progress, Step};

use crate::link::{Link, Retry};
use crate::pipe::Pipe;
use crate::refusal::{RefusalContext, Refused};
use crate::state::ImageState;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_wire::{Refusal, Status};
use std::time::Duration;
use stop::{Stop, depends_on_content};
use transfer::Permits;

/// How often a push begins anew before it gives up: a device whose supply fails that often needs another one.
const RESTARTS: u32 = 10;

/// How an image is to be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Also an image that the device rejected before.
    pub force: bool,
    /// Send a patch, where the image has one from what runs and that is less.
    pub patch: bool,
    /// Restart the device and wait until the image is confirmed or rejected; otherwise its next reset starts it.
    pub wait: bool,
    /// How long to wait for that, at most.
    pub timeout: Duration,
}

impl Default for Options {
    /// Not forced; waits for as long as three starts take that each run into
    /// `lifeboot_updater::TRIAL_DEADLINE`, and some more.
    fn default() -> Self {
        Options { force: false, patch: true, wait: true, timeout: Duration::from_secs(240) }
    }
}

/// Brings `image` into the slot that does not run, and sees it confirmed.
///
/// # Errors
/// See [`PushError`]; what was sent stays in the slot, and need not be sent again.
pub fn push<P: Pipe>(
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
    let mut permits = Permits { force: options.force, skip: true, patch: options.patch };
    loop {
        progress.step(Step::Asking);
        let status = link.status(Retry::SHORT)?;
        if let Some(reason) = status.recovery {
            progress.step(Step::Recovery(reason));
        }
        match ImageState::of(&status, image) {
            ImageState::Confirmed => return Ok(pushed),
            ImageState::Trial(_) | ImageState::Marked if options.wait => break,
            ImageState::Trial(_) => return Ok(Pushed { outcome: PushOutcome::OnTrial, ..pushed }),
            ImageState::Marked => return Ok(Pushed { outcome: PushOutcome::Marked, ..pushed }),
            ImageState::Rejected(_) | ImageState::Absent => {}
        }
        pushed.outcome = PushOutcome::Confirmed;
        if restarts == 0 {
            report_confirm_effects(link, image, &status, progress)?;
        }
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
            Stop::Refused(Refusal::NoTransfer) => Interruption::TransferEnded,
            Stop::Patch(refusal) => {
                permits.patch = false;
                let failed = PatchUse::Refused(refusal);
                pushed.patch = Some(failed);
                progress.patch(&failed);
                Interruption::PatchFailed
            }
            // Digests of ranges are short, and flash may change between a question and the next.
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

/// Tells what cannot be undone any more once the image is confirmed.
fn report_confirm_effects<P: Pipe>(
    link: &mut Link<P>,
    image: &ImageFile,
    status: &Status,
    progress: &mut dyn Progress,
) -> Result<(), PushError> {
    let header = image.header();
    // An image that revokes nothing needs no question.
    let keys = match header.revokes.ids().next() {
        Some(_) => link.keys(Retry::SHORT)?.1.ok(),
        None => None,
    };
    confirm_effects(header, status, keys.as_ref())
        .iter()
        .for_each(|confirm_effect| progress.confirm_effect(confirm_effect));
    Ok(())
}

//! One transfer: begin, request what the slot holds, send what it does not, finish.

use super::content::Content;
use super::outcome::Pushed;
use super::patches::{PatchUse, choose};
use super::plan::{Held, Phases, Segment, plan};
use super::progress::{Interruption, Progress, Step};
use super::sender::Sender;
use super::stop::{Stop, depends_on_content};
use super::survey::survey;
use crate::link::{Link, LinkError, Reply, Retry};
use crate::pipe::Pipe;
use crate::state::{content, other, running_content, target};
use lifeboot_artifact::image_file::{FORMAT, ImageFile, Patch};
use lifeboot_core::Version;
use lifeboot_wire::{Command, IMAGE_NAME, Refusal, SlotContent, Status};

/// What a transfer may do.
#[derive(Clone, Copy)]
pub(super) struct Permits {
    /// Send an image that the device rejected before.
    pub force: bool,
    /// Skip what the slot already holds.
    pub skip: bool,
    /// Send a patch.
    pub patch: bool,
    /// Activate what is staged, instead of a transfer.
    pub activate: bool,
    /// Leave the image staged, not pending.
    pub stage: bool,
}

/// Performs one transfer. Afterwards the image is in the slot, verified, and pending or staged.
pub(super) fn run<P: Pipe>(
    link: &mut Link<P>,
    image: &ImageFile,
    status: &Status,
    permits: Permits,
    progress: &mut dyn Progress,
    pushed: &mut Pushed,
) -> Result<(), Stop> {
    progress.step(Step::Beginning);
    let target = target(status, &image.into());
    let running = match running_content(status) {
        SlotContent::Image { version, .. } => version,
        SlotContent::Empty | SlotContent::Unfinished => Version::default().into(),
    };
    let header = image.header_bytes();
    let begin = Command::Begin { header, running, target, force: permits.force };
    // A bootloader erases everything that the image needs before it answers.
    let retry = if status.recovery.is_some() { Retry::ERASE } else { Retry::LONG };
    match link.ask(&begin, retry)? {
        Reply::Begun(_) => {}
        Reply::Refused(refusal) => return Err(Stop::Refused(refusal)),
        _ => return Err(LinkError::Unexpected.into()),
    }

    let phases = Phases::of(image.header(), image.board(), target.into());
    let may_skip = permits.skip && status.recovery.is_none();
    let held = if may_skip { held(link, image, status, &phases, progress)? } else { None };
    let [table, payload] = match held {
        Some(held) => plan(&phases, &held, &image.entries()),
        None => phases.ranges().map(|range| vec![Segment::Send(range.end)]),
    };
    let segments = Content::Image(image, &phases).segments([&table, &payload]);
    let planned = [(phases.table.start, &table[..]), (phases.payload.start, &payload[..])];
    let chosen = if permits.patch { choose(image, status, &planned) } else { None };
    if let Some(patch) = agreed(link, chosen, progress, pushed)? {
        return send_patch(link, patch, status, permits, progress, pushed);
    }

    progress.step(Step::Sending);
    Sender::new(link, status, Content::Image(image, &phases), progress, pushed).send(&segments)?;
    match finish(link, permits, progress) {
        // The device has lost bytes that it had already acknowledged.
        Err(Stop::Refused(Refusal::Incomplete)) => Err(Stop::Interrupted(Interruption::TransferEnded)),
        finished => finished,
    }
}

fn finish<P: Pipe>(link: &mut Link<P>, permits: Permits, progress: &mut dyn Progress) -> Result<(), Stop> {
    progress.step(Step::Verifying);
    let command = if permits.stage { Command::FinishStaged } else { Command::Finish };
    match link.ask(&command, Retry::VERIFY)? {
        Reply::Done => Ok(()),
        Reply::Refused(refusal) => Err(Stop::Refused(refusal)),
        _ => Err(LinkError::Unexpected.into()),
    }
}

/// Returns the chosen patch if the device accepts it, and reports the decision.
fn agreed<'a, P: Pipe>(
    link: &mut Link<P>,
    chosen: Option<Result<(&'a Patch, PatchUse), PatchUse>>,
    progress: &mut dyn Progress,
    pushed: &mut Pushed,
) -> Result<Option<&'a Patch>, Stop> {
    let agreed = match chosen {
        None => return Ok(None),
        Some(Err(reason)) => Err(reason),
        Some(Ok((patch, used))) => {
            let from = &patch.digest()[..IMAGE_NAME];
            match link.ask(&Command::BeginPatch { format: FORMAT, from }, Retry::SHORT)? {
                Reply::Patched(0) => Ok((patch, used)),
                // The transfer continues without the patch.
                Reply::Refused(refusal @ (Refusal::Command | Refusal::OtherImage)) => Err(PatchUse::Refused(refusal)),
                Reply::Refused(refusal) => return Err(Stop::Refused(refusal)),
                _ => return Err(LinkError::Unexpected.into()),
            }
        }
    };
    let used = match agreed {
        Ok((_, used)) | Err(used) => used,
    };
    pushed.patch = Some(used);
    progress.patch(&used);
    Ok(agreed.ok().map(|(patch, _)| patch))
}

fn send_patch<P: Pipe>(
    link: &mut Link<P>,
    patch: &Patch,
    status: &Status,
    permits: Permits,
    progress: &mut dyn Progress,
    pushed: &mut Pushed,
) -> Result<(), Stop> {
    progress.step(Step::Sending);
    let (bytes, end) = (patch.bytes(), patch.bytes().len() as u32);
    let sent = Sender::new(link, status, Content::Patch(bytes), progress, pushed).send(&[Segment::Send(end)]);
    match sent.and_then(|()| finish(link, permits, progress)) {
        // The whole patch was not the whole image, or the result is not the image.
        Err(Stop::Refused(refusal)) if refusal == Refusal::Patch || depends_on_content(refusal) => {
            Err(Stop::Patch(refusal))
        }
        other => other,
    }
}

/// Returns what the slot already holds; `None` if that is nothing, or cannot be determined.
fn held<P: Pipe>(
    link: &mut Link<P>,
    image: &ImageFile,
    status: &Status,
    phases: &Phases,
    progress: &mut dyn Progress,
) -> Result<Option<Held>, Stop> {
    let target = other(status.running);
    if content(status, target) == SlotContent::Empty {
        return Ok(None);
    }
    let Ok(expected) = image.for_slot(image.board(), target.into()) else { return Ok(None) };
    progress.step(Step::Comparing);
    survey(link, &expected, phases).map(Some)
}

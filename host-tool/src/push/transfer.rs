//! One transfer: begin, ask what the slot holds, send what it does not, finish.

use super::plan::{Phases, Segment, plan};
use super::sender::Sender;
use super::survey::survey;
use super::{Interruption, Progress, Pushed, Step};
use crate::device::{content, other, running_content, target};
use crate::image_file::ImageFile;
use crate::link::{Link, LinkError, Patience, Reply};
use crate::port::Pipe;
use lifeboot_core::Version;
use lifeboot_core::layout::BLOCK;
use lifeboot_updater::wire::{Command, Refusal, SlotContent, Status};

/// Why a transfer did not come to its end.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Refusal),
    Interrupted(Interruption),
    Link(LinkError),
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        Stop::Link(error)
    }
}

/// Makes one transfer. Afterwards the image is in the slot, verified and marked trial.
pub(super) fn run<P: Pipe>(
    link: &mut Link<P>,
    image: &ImageFile,
    status: &Status,
    force: bool,
    may_skip: bool,
    progress: &mut dyn Progress,
    pushed: &mut Pushed,
) -> Result<(), Stop> {
    progress.step(Step::Beginning);
    let target = target(status, image);
    let running = match running_content(status) {
        SlotContent::Image { version, .. } => version,
        SlotContent::Empty | SlotContent::Unfinished => Version::default().into(),
    };
    let header = image.header_bytes();
    let begin = Command::Begin { header, running, target, force };
    // A bootloader erases all that the image needs before it answers.
    let patience = if status.recovery.is_some() { Patience::VERIFY } else { Patience::LONG };
    match link.ask(&begin, patience)? {
        Reply::Begun(_) => {}
        Reply::Refused(refusal) => return Err(Stop::Refused(refusal)),
        _ => return Err(LinkError::Unexpected.into()),
    }

    let phases = Phases::of(image.header(), status.unit);
    let held = if may_skip && status.recovery.is_none() { held(link, image, status, &phases, progress)? } else { None };
    let [table, payload] = match held {
        Some(held) => plan(&phases, &held, &image.entries()),
        None => phases.ranges().map(|range| vec![Segment::Send(range.end)]),
    };

    progress.step(Step::Sending);
    let mut sender = Sender::new(link, status, image, &phases, progress, pushed);
    sender.send(phases.table.clone(), &table)?;
    sender.send(phases.payload.clone(), &payload)?;

    progress.step(Step::Verifying);
    match link.ask(&Command::Finish, Patience::VERIFY)? {
        Reply::Done => Ok(()),
        // It has lost what it had already said it has.
        Reply::Refused(Refusal::Incomplete) => Err(Stop::Interrupted(Interruption::TransferEnded)),
        Reply::Refused(refusal) => Err(Stop::Refused(refusal)),
        _ => Err(LinkError::Unexpected.into()),
    }
}

/// What the slot holds already; `None` where that is nothing, or cannot be known.
fn held<P: Pipe>(
    link: &mut Link<P>,
    image: &ImageFile,
    status: &Status,
    phases: &Phases,
    progress: &mut dyn Progress,
) -> Result<Option<super::plan::Held>, Stop> {
    let target = other(status.running);
    if content(status, target) == SlotContent::Empty || status.unit == 0 || !status.unit.is_multiple_of(BLOCK) {
        return Ok(None);
    }
    let Ok(expected) = image.for_slot(image.board(), target.into()) else { return Ok(None) };
    progress.step(Step::Comparing);
    survey(link, &expected, phases).map(Some)
}

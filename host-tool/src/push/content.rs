//! What a transfer sends: the image as it is, or a patch that makes it.

use super::plan::Phases;
use crate::image_file::ImageFile;
use lifeboot_core::layout::BLOCK;
use lifeboot_updater::wire::Command;
use std::ops::Range;

/// Frames on their way at most: far fewer than there are numbers.
const FRAMES: usize = 100;
/// Questions without an answer, after which the device counts as gone: several times the slowest erase (STM32F405: up to
/// 4 s for 128 KiB, DS8626, flash memory programming).
const QUESTIONS: u32 = 15;
/// The same for a patch, of which a few bytes can be the whole image: all its units are erased before the next answer.
const QUESTIONS_OF_PATCH: u32 = 50;

/// What a transfer sends.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    /// By offsets in the slot.
    Image(&'a ImageFile, &'a Phases),
    /// By offsets in the patch.
    Patch(&'a [u8]),
}

impl<'a> Content<'a> {
    /// What brings the bytes at these offsets, which lie in one phase.
    pub(super) fn command(self, range: &Range<u32>) -> Command<'a> {
        let (offset, part) = (range.start, |bytes: &'a [u8], start: u32| {
            bytes.get((range.start - start) as usize..(range.end - start) as usize).unwrap_or_default()
        });
        match self {
            Content::Patch(patch) => Command::Patch { offset, bytes: part(patch, 0) },
            Content::Image(..) if range.is_empty() => Command::Write { offset, bytes: &[] },
            Content::Image(image, phases) if phases.payload.contains(&range.start) => {
                Command::Write { offset, bytes: part(image.payload(), phases.payload.start) }
            }
            Content::Image(image, phases) => Command::Write { offset, bytes: part(image.table(), phases.table.start) },
        }
    }

    /// Where in a phase a device is that needs `next`.
    pub(super) fn place(self, phase: &Range<u32>, next: u32) -> u32 {
        match self {
            // With the table's end comes the payload's start.
            Content::Image(_, phases)
                if *phase == phases.table && !phase.is_empty() && next == phases.payload.start =>
            {
                phase.end
            }
            Content::Image(..) | Content::Patch(_) => next,
        }
    }

    /// Whether the device erases when it has these bytes, with units of so many bytes: it does when the first block that it
    /// writes to a unit is full. Of a patch nobody knows; its frames wait for each other anyway.
    pub(super) fn erases(self, range: &Range<u32>, unit: u32) -> bool {
        let Content::Image(_, phases) = self else { return false };
        let Some(phase) = phases.ranges().into_iter().find(|phase| phase.contains(&range.start)) else { return false };
        let is_first = |start: u32| {
            let full = start.max(phase.start).saturating_add(BLOCK).min(phase.end);
            range.start < full && full <= range.end
        };
        // The unit in which the range ends, and the one before: no frame reaches further.
        let last = range.end.saturating_sub(1).checked_div(unit).unwrap_or_default();
        !range.is_empty() && [last.saturating_sub(1), last].into_iter().any(|number| is_first(number * unit))
    }

    /// How many bytes that is in all.
    pub(super) fn total(self) -> u64 {
        match self {
            Content::Image(_, phases) => phases.ranges().map(|range| range.len() as u64).iter().sum(),
            Content::Patch(patch) => patch.len() as u64,
        }
    }

    /// Frames that may be on their way at once.
    pub(super) fn frames(self) -> usize {
        match self {
            Content::Image(..) => FRAMES,
            // What arrives while flash is erased is lost on some boards, and one frame may make many units.
            Content::Patch(_) => 1,
        }
    }

    /// Questions without an answer, after which the device counts as gone.
    pub(super) fn questions(self) -> u32 {
        match self {
            Content::Image(..) => QUESTIONS,
            Content::Patch(_) => QUESTIONS_OF_PATCH,
        }
    }
}

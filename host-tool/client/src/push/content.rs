//! What a transfer sends: the image as it is, or a patch that makes it.

use super::plan::{Phases, Segment};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::layout::BLOCK;
use lifeboot_wire::Command;
use std::ops::Range;
use std::time::Duration;

/// Most frames in flight, far fewer than there are request numbers.
const FRAMES: usize = 100;
/// Silence before the first probe for the device's position. The shorter it is, the sooner lost bytes are resent.
const PROBE_AFTER: Duration = Duration::from_millis(250);
/// The same for a patch, of which a frame can take long: a probe meanwhile may be lost, and damage the next frame.
const PROBE_PATCH_AFTER: Duration = Duration::from_millis(500);
/// Unanswered probes after which the device counts as gone: several times the slowest erase (STM32F405: up to 4 s for
/// 128 KiB, DS8626, flash memory programming).
const PROBES: u32 = 15;
/// The same for a patch: a few bytes of it can expand to the whole image, and all its units are erased before the next
/// answer.
const PATCH_PROBES: u32 = 50;

/// What a transfer sends. Positions here count from the first byte sent, that of the image's table. The device's
/// offsets count from the start of the slot, where the payload lies before the table.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Image(&'a ImageFile, &'a Phases),
    Patch(&'a [u8]),
}

impl<'a> Content<'a> {
    /// Joins what is sent and what is skipped, given in the device's offsets for each part, into one sequence of
    /// positions.
    pub(super) fn segments(self, [table, payload]: [&[Segment]; 2]) -> Vec<Segment> {
        let mut joined: Vec<Segment> = Vec::new();
        for (segments, part) in [(table, Part::Table), (payload, Part::Payload)] {
            for segment in segments {
                let segment = match *segment {
                    Segment::Skip(to) => Segment::Skip(self.position(part, to)),
                    Segment::Send(to) => Segment::Send(self.position(part, to)),
                };
                joined.pop_if(|last| matches!((last, segment), (Segment::Send(_), Segment::Send(_))));
                joined.push(segment);
            }
        }
        joined
    }

    fn position(self, part: Part, offset: u32) -> u32 {
        match (self, part) {
            (Content::Image(_, phases), Part::Table) => offset - phases.table.start,
            (Content::Image(_, phases), Part::Payload) => self.table() + offset - phases.payload.start,
            (Content::Patch(_), _) => offset,
        }
    }

    /// Returns the position where the table ends.
    fn table(self) -> u32 {
        match self {
            Content::Image(_, phases) => phases.table.len() as u32,
            Content::Patch(_) => 0,
        }
    }

    /// Converts a range of positions to the device's offsets, with the part that it lies in.
    fn place(self, range: &Range<u32>) -> (Part, Range<u32>) {
        let Content::Image(_, phases) = self else { return (Part::Payload, range.clone()) };
        let (part, from, start) = if range.start < self.table() {
            (Part::Table, 0, phases.table.start)
        } else {
            (Part::Payload, self.table(), phases.payload.start)
        };
        (part, range.start - from + start..range.end - from + start)
    }

    /// Returns the end of the part that a position lies in: no frame crosses it.
    pub(super) fn part_end(self, position: u32) -> u32 {
        if position < self.table() { self.table() } else { self.total() as u32 }
    }

    /// Returns the command that sends the bytes at these positions, which must lie in one part.
    pub(super) fn command(self, range: &Range<u32>) -> Command<'a> {
        let (part, Range { start: offset, .. }) = self.place(range);
        let (bytes, start) = match (self, part) {
            (Content::Patch(patch), _) => (patch, 0),
            (Content::Image(image, _), Part::Table) => (image.table(), 0),
            (Content::Image(image, _), Part::Payload) => (image.payload(), self.table()),
        };
        let bytes = bytes.get((range.start - start) as usize..(range.end - start) as usize).unwrap_or_default();
        match self {
            Content::Patch(_) => Command::Patch { offset, bytes },
            Content::Image(..) => Command::Write { offset, bytes },
        }
    }

    /// Returns the command that makes the device skip these positions, which must lie in one part.
    pub(super) fn skip(self, range: &Range<u32>) -> Command<'a> {
        Command::Skip { to: self.place(range).1.end }
    }

    /// Returns the position of a device that needs the offset `next`, if `written` was there already and nothing
    /// beyond `furthest` was sent.
    pub(super) fn reached(self, written: u32, furthest: u32, next: u32) -> Option<u32> {
        let Content::Image(_, phases) = self else { return Some(next) };
        let (Range { start, end }, total) = (phases.payload.clone(), self.total() as u32);
        let in_payload = (start..=end).contains(&next).then(|| self.position(Part::Payload, next));
        let in_table = (phases.table.start..=phases.table.end).contains(&next) && written < self.table();
        // The payload's end may be the table's start. A device that has everything can finish; one that has not reports
        // it.
        if in_table && !(next == end && furthest == total) {
            return Some(self.position(Part::Table, next));
        }
        // After the table's end comes the payload's start.
        in_payload.or((next == phases.table.end).then_some(self.table()))
    }

    /// Returns whether these bytes make a device erase: it erases when the first block that it writes to a unit is complete.
    /// For a patch this is unknown, but its frames wait for each other anyway.
    pub(super) fn erases(self, range: &Range<u32>) -> bool {
        let Content::Image(_, phases) = self else { return false };
        let (part, range) = self.place(range);
        let phase = match part {
            Part::Table => &phases.table,
            Part::Payload => &phases.payload,
        };
        let is_first = |start: u32| {
            let full = start.max(phase.start).saturating_add(BLOCK).min(phase.end);
            range.start < full && full <= range.end
        };
        // Only the unit in which the range ends and the one before can matter: no frame is longer.
        let last = phases.unit(range.end.saturating_sub(1));
        let units = phases.units.get(last.saturating_sub(1)..=last).unwrap_or_default();
        !range.is_empty() && units.iter().any(|unit| is_first(unit.start))
    }

    /// Returns the total number of bytes.
    pub(super) fn total(self) -> u64 {
        match self {
            Content::Image(_, phases) => phases.ranges().map(|range| range.len() as u64).iter().sum(),
            Content::Patch(patch) => patch.len() as u64,
        }
    }

    /// Returns how many frames may be in flight at once.
    pub(super) fn frames(self) -> usize {
        match self {
            Content::Image(..) => FRAMES,
            // Some boards lose what arrives while flash is erased, and one frame of a patch may fill many units.
            Content::Patch(_) => 1,
        }
    }

    /// Returns the silence before the first probe.
    pub(super) fn probe_after(self) -> Duration {
        match self {
            Content::Image(..) => PROBE_AFTER,
            Content::Patch(_) => PROBE_PATCH_AFTER,
        }
    }

    /// Returns the number of unanswered probes after which the device counts as gone.
    pub(super) fn probes(self) -> u32 {
        match self {
            Content::Image(..) => PROBES,
            Content::Patch(_) => PATCH_PROBES,
        }
    }
}

/// A part of an image.
#[derive(Clone, Copy)]
enum Part {
    Table,
    Payload,
}

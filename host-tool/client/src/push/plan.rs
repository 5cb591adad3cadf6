//! Decides what of an image must be sent, given the content of the slot.
//!
//! The device erases a unit when the first block in it is written, so a unit is either skipped or sent as a whole. The
//! exception: if an interrupted transfer left correct bytes followed by erased flash, the unit is skipped up to that
//! border and sent from there. Two units are shared, and both decisions about each must agree, or one would erase what
//! the other keeps: the first unit, if an old header must be erased; and the unit where the payload ends and the table,
//! which is written earlier, begins.
//!
//! A skip cannot begin or end inside a relocation, since the device must rebase the whole entry.

use lifeboot_core::image::Header;
use lifeboot_core::layout::{Board, Slot};
use lifeboot_core::rebase::Entry;
use std::ops::Range;

/// Where the two parts of a transfer lie in the slot, in bytes from the slot's start.
#[derive(Clone, Debug)]
pub(super) struct Phases {
    pub table: Range<u32>,
    pub payload: Range<u32>,
    /// The erase units that the image takes, in order.
    pub units: Vec<Range<u32>>,
}

/// The part of a phase that lies in one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The unit's number.
    pub unit: usize,
    pub start: u32,
    pub end: u32,
    /// End of this phase's share of the unit: erased flash from `end` up to here.
    pub limit: u32,
}

/// What the slot holds of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The whole part.
    Same,
    /// The part's bytes up to this offset, a multiple of a block, followed by erased flash.
    UpTo(u32),
    /// Anything else.
    Different,
}

/// What the slot holds at the header's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderFound {
    Same,
    Erased,
    Other,
}

/// What the slot holds.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub header: HeaderFound,
    /// One entry for each of the table's parts.
    pub table: Vec<Found>,
    /// One entry for each of the payload's parts.
    pub payload: Vec<Found>,
}

/// One stretch of a phase, which starts at the end of the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Skip up to here: the slot has these bytes.
    Skip(u32),
    /// Send up to here.
    Send(u32),
}

impl Phases {
    pub(super) fn of(header: &Header, board: &Board, slot: Slot) -> Self {
        // `ImageFile` has checked the lengths against the slot.
        let (payload, table) = (u32::from(header.header_length), header.table_offset().unwrap_or_default());
        let (table, payload) = (table..table + header.table_length, payload..payload + header.payload_length);
        let (start, end) = (board.slot(slot).start, table.end.max(payload.end));
        let mut units: Vec<Range<u32>> = Vec::new();
        while let next = units.last().map_or(0, |unit| unit.end)
            && next < end
        {
            units.push(next..board.unit_at(start + next).end() - start);
        }
        Phases { table, payload, units }
    }

    /// Returns the number of the unit that an offset lies in.
    pub(super) fn unit(&self, offset: u32) -> usize {
        self.units.partition_point(|unit| unit.end <= offset)
    }

    /// Returns both ranges, in the order of sending.
    pub(super) fn ranges(&self) -> [&Range<u32>; 2] {
        [&self.table, &self.payload]
    }

    /// Returns the parts of both ranges.
    pub(super) fn parts(&self) -> [Vec<Part>; 2] {
        let wall = if self.table.is_empty() { u32::MAX } else { self.table.start };
        [self.cut(&self.table, u32::MAX), self.cut(&self.payload, wall)]
    }

    fn cut(&self, range: &Range<u32>, wall: u32) -> Vec<Part> {
        if range.is_empty() {
            return Vec::new();
        }
        let part = |number: usize| {
            let unit = &self.units[number];
            let (start, end) = (range.start.max(unit.start), range.end.min(unit.end));
            Part { unit: number, start, end, limit: unit.end.min(wall) }
        };
        (self.unit(range.start)..=self.unit(range.end - 1)).map(part).collect()
    }
}

/// Returns the segments of the table and of the payload. `relocations` are the image's, by offset in the payload.
pub(super) fn plan(phases: &Phases, held: &Held, relocations: &[Entry]) -> [Vec<Segment>; 2] {
    let [table_parts, payload_parts] = phases.parts();
    let (mut table, mut payload) = (held.table.clone(), held.payload.clone());

    for (parts, found) in [(&table_parts, &mut table), (&payload_parts, &mut payload)] {
        for (part, found) in parts.iter().zip(found) {
            if part.unit == 0 && held.header == HeaderFound::Other {
                *found = Found::Different;
            }
        }
    }

    let is_inside_relocation = |offset: u32| {
        let offset = offset - phases.payload.start;
        let behind = relocations.partition_point(|entry| entry.end() <= offset);
        relocations.get(behind).is_some_and(|entry| entry.offset < offset)
    };
    loop {
        let before = payload.clone();
        share_unit(&table_parts, &mut table, &payload_parts, &mut payload);
        for (part, found) in payload_parts.iter().zip(&mut payload) {
            if matches!(*found, Found::UpTo(border) if border > part.start && is_inside_relocation(border)) {
                *found = Found::Different;
            }
        }
        for next in 1..payload.len() {
            let ends_skipped = payload[next - 1] == Found::Same;
            let starts_skipped = starts_skipped(&payload_parts[next], payload[next]);
            if ends_skipped != starts_skipped && is_inside_relocation(payload_parts[next].start) {
                (payload[next - 1], payload[next]) = (Found::Different, Found::Different);
            }
        }
        if payload == before {
            let mut segments = [segments(&table_parts, &table), segments(&payload_parts, &payload)];
            part_from_header(&payload_parts, &mut segments[1]);
            return segments;
        }
    }
}

/// Makes table and payload agree about the unit that they share.
fn share_unit(table_parts: &[Part], table: &mut [Found], payload_parts: &[Part], payload: &mut [Found]) {
    let (Some(first), Some(last)) = (table_parts.first(), payload_parts.last()) else { return };
    let (Some(table), Some(payload)) = (table.first_mut(), payload.last_mut()) else { return };
    let kept_by_table = starts_skipped(first, *table);
    // The payload's part may be erased: the table is written first, and an interruption leaves that state.
    let kept_by_payload = *payload != Found::Different;
    if first.unit == last.unit && !(kept_by_table && kept_by_payload) {
        (*table, *payload) = (Found::Different, Found::Different);
    }
}

fn starts_skipped(part: &Part, found: Found) -> bool {
    match found {
        Found::Same => true,
        Found::UpTo(border) => border > part.start,
        Found::Different => false,
    }
}

/// Separates the first unit, which holds the header: a device that must write it again, because power may have failed
/// while it was erased or while the header was written, can still skip what follows.
fn part_from_header(parts: &[Part], segments: &mut Vec<Segment>) {
    if let (Some(first), Some(Segment::Skip(to))) = (parts.first(), segments.first())
        && *to > first.end
    {
        segments.insert(0, Segment::Skip(first.end));
    }
}

fn segments(parts: &[Part], found: &[Found]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut add = |segment| {
        match (segments.last_mut(), segment) {
            (Some(Segment::Skip(end)), Segment::Skip(to)) | (Some(Segment::Send(end)), Segment::Send(to)) => *end = to,
            _ => segments.push(segment),
        };
    };
    for (part, found) in parts.iter().zip(found) {
        match *found {
            Found::Same => add(Segment::Skip(part.end)),
            Found::UpTo(border) if border > part.start => {
                add(Segment::Skip(border));
                add(Segment::Send(part.end));
            }
            Found::UpTo(_) | Found::Different => add(Segment::Send(part.end)),
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboot_core::Version;
    use lifeboot_core::layout::{Region, Units};
    use lifeboot_core::rebase::Kind;
    use lifeboot_example_boards::MICROBIT;

    const HEADER: Header = Header {
        header_length: 0,
        board: [0; 16],
        version: Version { major: 1, minor: 0, patch: 0, build: 0 },
        epoch: 0,
        link_address: 0,
        payload_length: 0,
        table_length: 0,
        digest: [0; 32],
        lowest_bootloader: 1,
        schemas: (0, 0),
        key_id: [0; 4],
        revokes: lifeboot_core::KeyIds::NONE,
        map_digest: 0,
    };

    fn phases() -> Phases {
        let units = (0..5).map(|unit| unit * 0x400..(unit + 1) * 0x400).collect();
        Phases { table: 0xd00..0x1100, payload: 0x100..0xcf0, units }
    }

    fn planned(header: HeaderFound, table: [Found; 2], payload: [Found; 4], relocations: &[u32]) -> [Vec<Segment>; 2] {
        let relocations: Vec<_> =
            relocations.iter().map(|offset| Entry { offset: offset - 0x100, kind: Kind::Word }).collect();
        plan(&phases(), &Held { header, table: table.to_vec(), payload: payload.to_vec() }, &relocations)
    }

    use Found::{Different, Same, UpTo};
    use Segment::{Send, Skip};

    #[test]
    fn units_may_differ_and_the_last_may_reach_past_the_slot() {
        let units = [Units { start: 0, length: 0x400 }, Units { start: 0x2000, length: 0x1000 }];
        let board = MICROBIT
            .with_units(Box::leak(Box::new(units)))
            .with_slots([Region { start: 0x1800, length: 0x1800 }, Region { start: 0x4000, length: 0x1800 }]);
        let header = Header { header_length: 0x100, payload_length: 0x900, table_length: 0x20, ..HEADER };
        let a = Phases::of(&header, &board, Slot::A);
        assert_eq!((a.table.clone(), a.payload.clone()), (0xa00..0xa20, 0x100..0xa00));
        assert_eq!(a.units, [0..0x400, 0x400..0x800, 0x800..0x1800]);
        assert_eq!([0, 0x3ff, 0x400, 0xa1f].map(|offset| a.unit(offset)), [0, 0, 1, 2]);
        assert_eq!(Phases::of(&header, &board, Slot::B).units, std::slice::from_ref(&(0..0x1000)));
    }

    #[test]
    fn parts_are_cut_at_units_and_end_where_the_table_begins() {
        let [table, payload] = phases().parts();
        assert_eq!(table[0], Part { unit: 3, start: 0xd00, end: 0x1000, limit: 0x1000 });
        assert_eq!(table[1], Part { unit: 4, start: 0x1000, end: 0x1100, limit: 0x1400 });
        assert_eq!(payload[0], Part { unit: 0, start: 0x100, end: 0x400, limit: 0x400 });
        assert_eq!(payload[3], Part { unit: 3, start: 0xc00, end: 0xcf0, limit: 0xd00 });
    }

    #[test]
    fn what_is_there_is_skipped() {
        let all = planned(HeaderFound::Same, [Same; 2], [Same; 4], &[]);
        assert_eq!(all, [vec![Skip(0x1100)], vec![Skip(0x400), Skip(0xcf0)]]);
        let some = planned(HeaderFound::Erased, [Same, Different], [Same, Different, Same, Same], &[]);
        assert_eq!(some, [vec![Skip(0x1000), Send(0x1100)], vec![Skip(0x400), Send(0x800), Skip(0xcf0)]]);
    }

    #[test]
    fn an_old_header_takes_the_first_unit_with_it() {
        let plan = planned(HeaderFound::Other, [Same; 2], [Same; 4], &[]);
        assert_eq!(plan[1], [Send(0x400), Skip(0xcf0)]);
    }

    #[test]
    fn the_shared_unit_is_kept_by_both_or_by_none() {
        let payload_differs = planned(HeaderFound::Erased, [Same; 2], [Same, Same, Same, Different], &[]);
        assert_eq!(payload_differs, [vec![Send(0x1000), Skip(0x1100)], vec![Skip(0x400), Skip(0xc00), Send(0xcf0)]]);
        let table_differs = planned(HeaderFound::Erased, [Different, Same], [Same; 4], &[]);
        assert_eq!(table_differs, [vec![Send(0x1000), Skip(0x1100)], vec![Skip(0x400), Skip(0xc00), Send(0xcf0)]]);
        let interrupted = planned(HeaderFound::Erased, [Same; 2], [Same, Different, Different, UpTo(0xc00)], &[]);
        assert_eq!(interrupted, [vec![Skip(0x1100)], vec![Skip(0x400), Send(0xcf0)]]);
    }

    #[test]
    fn an_interrupted_unit_goes_on_inside() {
        let plan = planned(HeaderFound::Erased, [Same; 2], [Same, UpTo(0x600), UpTo(0x800), UpTo(0xc00)], &[]);
        assert_eq!(plan[1], [Skip(0x400), Skip(0x600), Send(0xcf0)]);
    }

    #[test]
    fn no_skip_begins_or_ends_inside_of_a_relocation() {
        // Across the end of the first unit: the skip before it becomes sending.
        let end = planned(HeaderFound::Erased, [Same; 2], [Same, Different, Same, Same], &[0x3fe]);
        assert_eq!(end[1], [Send(0x800), Skip(0xcf0)]);
        // Across the start of a skip.
        let start = planned(HeaderFound::Erased, [Same; 2], [Same, Different, Same, Same], &[0x7fe]);
        assert_eq!(start[1], [Skip(0x400), Send(0xc00), Skip(0xcf0)]);
        // Up to the shared unit, and so up to the table.
        let chain = planned(HeaderFound::Erased, [Same; 2], [Same, Same, Different, Same], &[0xbfe]);
        assert_eq!(chain, [vec![Send(0x1000), Skip(0x1100)], vec![Skip(0x400), Skip(0x800), Send(0xcf0)]]);
        // Inside a unit.
        let border =
            planned(HeaderFound::Erased, [Same; 2], [UpTo(0x200), UpTo(0x400), UpTo(0x800), UpTo(0xc00)], &[0x1fe]);
        assert_eq!(border[1], [Send(0xcf0)]);
        // At the border, or inside what is skipped or sent, a relocation changes nothing.
        let beside =
            planned(HeaderFound::Erased, [Same; 2], [Same, Different, Same, Same], &[0x200, 0x3fc, 0x400, 0x600]);
        assert_eq!(beside[1], [Skip(0x400), Send(0x800), Skip(0xcf0)]);
    }
}

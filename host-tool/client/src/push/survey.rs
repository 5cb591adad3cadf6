//! Requests digests from a device, to learn which parts of the slot already hold the right bytes.
//!
//! For a digest the device must read and hash the whole range, so ranges that are unlikely to match are sampled: after
//! many differing units in a row, only one unit in [`STRIDE`] is checked until one matches again; and the rest of a
//! large unit is not checked once the unit must be erased anyway.

use super::plan::{Found, HeaderFound, Held, Part, Phases};
use super::stop::Stop;
use crate::link::{Link, LinkError, Reply, Retry};
use crate::pipe::Pipe;
use lifeboot_core::image::HEADER_LENGTH;
use lifeboot_core::layout::BLOCK;
use lifeboot_wire::{Command, DIGEST_LENGTH, DIGEST_RANGE, DIGESTS};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::slice;

/// Consecutive differing units after which the survey takes larger steps.
const DISCOURAGING: usize = 16;
/// Units in a larger step.
const STRIDE: usize = 16;
/// Bytes that a device hashes for one request at most, a tenth of a second on a Cortex-M0: one that is slower, or busy,
/// still answers before the request is repeated, which would make it hash them again.
const BATCH: usize = 16 * 1024;

/// How a range of the slot compares. Both may be true: an image has stretches that look erased.
#[derive(Clone, Copy)]
struct Likeness {
    same: bool,
    erased: bool,
}

/// Compares the slot with the phases; `expected` is the content that the slot must have in the end.
pub(super) fn survey<P: Pipe>(link: &mut Link<P>, expected: &[u8], phases: &Phases) -> Result<Held, Stop> {
    let mut surveyor = Surveyor { link, expected };
    let header_range = 0..HEADER_LENGTH as u32;
    let header = match surveyor.compare(&[header_range])?[..] {
        [Likeness { same: true, .. }] => HeaderFound::Same,
        [Likeness { erased: true, .. }] => HeaderFound::Erased,
        _ => HeaderFound::Other,
    };
    let [table, payload] = phases.parts();
    Ok(Held { header, table: surveyor.parts(&table, phases)?, payload: surveyor.parts(&payload, phases)? })
}

struct Surveyor<'a, P> {
    link: &'a mut Link<P>,
    expected: &'a [u8],
}

impl<P: Pipe> Surveyor<'_, P> {
    fn parts(&mut self, parts: &[Part], phases: &Phases) -> Result<Vec<Found>, Stop> {
        let is_large = phases.units.iter().any(|unit| unit.len() as u32 > DIGEST_RANGE);
        if is_large { parts.iter().map(|part| self.large(part)).collect() } else { self.small(parts) }
    }

    /// Compares parts that are one range each.
    fn small(&mut self, parts: &[Part]) -> Result<Vec<Found>, Stop> {
        let mut found = vec![Found::Different; parts.len()];
        let (mut at, mut different_in_a_row) = (0, 0);
        while at < parts.len() {
            let discouraged = different_in_a_row >= DISCOURAGING;
            let count = if discouraged { 1 } else { DIGESTS.min(parts.len() - at) };
            let ranges: Vec<_> = parts[at..at + count].iter().map(|part| part.start..part.limit).collect();
            for (likeness, range) in self.compare(&ranges)?.into_iter().zip(&ranges) {
                found[at] = match likeness {
                    Likeness { same: true, .. } => Found::Same,
                    Likeness { erased: true, .. } => Found::UpTo(range.start),
                    _ => Found::Different,
                };
                different_in_a_row = if likeness.same { 0 } else { different_in_a_row + 1 };
                at += 1;
            }
            if discouraged && different_in_a_row > 0 {
                at += STRIDE - 1;
            }
        }
        Ok(found)
    }

    /// Compares a part of many ranges: a transfer that was interrupted in it left correct bytes followed by erased
    /// flash.
    fn large(&mut self, part: &Part) -> Result<Found, Stop> {
        let ranges = split(part.start..part.limit, DIGEST_RANGE);
        let Some((start, rest)) = ranges.split_first() else { return Ok(Found::Same) };
        let likeness = self.look_at(start)?;
        let mut first = if likeness.same { None } else { Some((start.clone(), likeness)) };
        // The most likely case: both ends differ, so the whole part holds something else.
        if first.is_some()
            && let Some(end) = rest.last()
            && !self.look_at(end)?.erased
        {
            return Ok(Found::Different);
        }
        for batch in rest.chunks(DIGESTS) {
            for (likeness, range) in self.compare(batch)?.into_iter().zip(batch) {
                match first {
                    None if likeness.same => {}
                    None => first = Some((range.clone(), likeness)),
                    Some(_) if likeness.erased => {}
                    Some(_) => return Ok(Found::Different),
                }
            }
        }
        match first {
            None => Ok(Found::Same),
            Some((range, Likeness { erased: true, .. })) => Ok(Found::UpTo(range.start)),
            Some((range, _)) => self.border(range),
        }
    }

    /// Finds the block in a range where correct bytes end and erased flash begins.
    fn border(&mut self, range: Range<u32>) -> Result<Found, Stop> {
        let blocks = split(range, BLOCK);
        let mut likenesses = Vec::new();
        for batch in blocks.chunks(DIGESTS) {
            likenesses.extend(self.compare(batch)?);
        }
        let same = likenesses.iter().take_while(|likeness| likeness.same).count();
        let clean = likenesses.iter().skip(same).all(|likeness| likeness.erased);
        Ok(match blocks.get(same) {
            Some(block) if clean => Found::UpTo(block.start),
            _ => Found::Different,
        })
    }

    fn look_at(&mut self, range: &Range<u32>) -> Result<Likeness, Stop> {
        self.compare(slice::from_ref(range))?.first().copied().ok_or_else(|| LinkError::Unexpected.into())
    }

    /// Requests the digests of ranges, in as few requests as runs of equal length allow.
    fn compare(&mut self, ranges: &[Range<u32>]) -> Result<Vec<Likeness>, Stop> {
        let mut likenesses = Vec::new();
        for run in ranges.chunk_by(|one, next| one.end == next.start && one.len() == next.len()) {
            for asked in run.chunks((BATCH / run[0].len().max(1)).clamp(1, DIGESTS)) {
                let (offset, length) = (asked[0].start, asked[0].end - asked[0].start);
                let command = Command::Digests { offset, length, count: asked.len() as u8 };
                let digests = match self.link.ask(&command, Retry::MEDIUM)? {
                    Reply::Digests(digests) if digests.len() == asked.len() * DIGEST_LENGTH => digests,
                    Reply::Refused(refusal) => return Err(Stop::Refused(refusal)),
                    _ => return Err(LinkError::Unexpected.into()),
                };
                likenesses.extend(asked.iter().zip(digests.chunks(DIGEST_LENGTH)).map(|(range, digest)| Likeness {
                    same: self.expected_digest(range).starts_with(digest),
                    erased: Sha256::digest(vec![0xff; range.len()]).starts_with(digest),
                }));
            }
        }
        Ok(likenesses)
    }

    /// Returns the expected digest of a range. After the image, erased flash is expected.
    fn expected_digest(&self, range: &Range<u32>) -> [u8; 32] {
        let content = self.expected.iter().copied().chain(std::iter::repeat(0xff));
        let bytes: Vec<u8> = content.skip(range.start as usize).take(range.len()).collect();
        Sha256::digest(bytes).into()
    }
}

/// Splits a range at the multiples of `length`.
fn split(range: Range<u32>, length: u32) -> Vec<Range<u32>> {
    let mut pieces = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let end = (start / length + 1).saturating_mul(length).min(range.end);
        pieces.push(start..end);
        start = end;
    }
    pieces
}

//! Makes patches. bsdiff finds similar stretches, even if addresses in them changed; the differences are mostly zeros,
//! which become copies.

use heatshrink::encoder::HeatshrinkEncoder;
use heatshrink::{Finish, Poll};
use lifeboot_wire::patch::{Kind, LENGTHS, WINDOW, number, zigzag};

/// The largest length in one instruction.
const LONGEST: usize = 1 << 24;

/// One step of bsdiff: bytes to add to old ones, new bytes, and then a jump in the old bytes.
struct Step<'a> {
    added: &'a [u8],
    inserted: &'a [u8],
    jump: i64,
}

/// Returns the instructions that turn the old bytes into the new ones, uncompressed.
pub(super) fn instructions(old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    // Writing to memory cannot fail.
    let _ = bsdiff::diff(old, new, &mut found);
    let (mut out, mut jump) = (Vec::new(), 0);
    let mut rest = found.as_slice();
    while let Some((step, behind)) = next_step(rest) {
        if !step.added.is_empty() {
            seek(&mut out, jump);
            jump = 0;
        }
        for run in step.added.chunk_by(|one, next| (*one == 0) == (*next == 0)) {
            match run {
                [0, ..] => instruct(&mut out, Kind::Copy, run, false),
                _ => instruct(&mut out, Kind::Add, run, true),
            }
        }
        instruct(&mut out, Kind::Insert, step.inserted, true);
        jump += step.jump;
        rest = behind;
    }
    out
}

/// Splits bsdiff's output, as its version 0.2 writes it: three numbers of eight bytes, then the bytes.
fn next_step(bytes: &[u8]) -> Option<(Step<'_>, &[u8])> {
    let (numbers, rest) = bytes.split_at_checked(24)?;
    let field = |at: usize| {
        let word = numbers[at..at + 8].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        let size = (word & !(1 << 63)) as i64;
        if word >> 63 == 0 { size } else { -size }
    };
    let (added, rest) = rest.split_at_checked(usize::try_from(field(0)).ok()?)?;
    let (inserted, rest) = rest.split_at_checked(usize::try_from(field(8)).ok()?)?;
    Some((Step { added, inserted, jump: field(16) }, rest))
}

fn seek(out: &mut Vec<u8>, jump: i64) {
    // A slot is far smaller than the range of a seek.
    if let Some((bytes, length)) = i32::try_from(jump).ok().and_then(|jump| number(Kind::Seek, zigzag(jump))) {
        out.extend_from_slice(&bytes[..length]);
    }
}

fn instruct(out: &mut Vec<u8>, kind: Kind, bytes: &[u8], has_bytes: bool) {
    for part in bytes.chunks(LONGEST) {
        if let Some((bytes, length)) = number(kind, part.len() as u32) {
            out.extend_from_slice(&bytes[..length]);
            out.extend_from_slice(if has_bytes { part } else { &[] });
        }
    }
}

/// Compresses the instructions, so that a device can expand them.
pub(super) fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = HeatshrinkEncoder::<WINDOW, LENGTHS, { 2 << WINDOW }>::new();
    let (mut out, mut buffer, mut rest) = (Vec::new(), [0; 512], bytes);
    let drain =
        |encoder: &mut HeatshrinkEncoder<WINDOW, LENGTHS, { 2 << WINDOW }>, out: &mut Vec<u8>, buffer: &mut [u8]| {
            while let Ok(poll) = encoder.poll(buffer) {
                let (Poll::More(length) | Poll::Empty(length)) = poll;
                out.extend_from_slice(&buffer[..length]);
                if matches!(poll, Poll::Empty(_)) {
                    return;
                }
            }
        };
    while !rest.is_empty() {
        let taken = encoder.sink(rest).unwrap_or_default();
        rest = &rest[taken..];
        drain(&mut encoder, &mut out, &mut buffer);
    }
    while encoder.finish() == Finish::More {
        drain(&mut encoder, &mut out, &mut buffer);
    }
    out
}

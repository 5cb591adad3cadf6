//! Relocation tables: a table that decodes is well formed, and rebasing by it can be undone, in pieces of any size.

use super::check;
use super::choices::Choices;
use crate::signed_image::table_of;
use lifeboot_artifact::image_file::rebased;
use lifeboot_core::rebase::{Decoder, ENTRY_LENGTH, Entry, Kind, Malformed, Rebaser};
use std::convert::Infallible;

#[test]
fn relocation_tables() {
    // Arbitrary bytes, an over-long number, an end in the middle; entries across the borders of pieces of one byte.
    for seed in [&[0, 0, 4, 8][..], &[0, 0x80, 0], &[0, 0xff, 0xff, 0xff, 0xff]] {
        property(seed);
    }
    assert_eq!(property(&[1, 4, 0, 0, 0, 9, 0, 8, 1, 2, 3, 4]), Some(4));
    assert_eq!(property(&[0, 0x80, 0x80, 0x80, 0x80, 0]), None);
    check!(600, property);
}

/// Returns how many entries the table has, if it decodes.
pub fn property(input: &[u8]) -> Option<usize> {
    let mut choices = Choices::new(input);
    let table = if choices.below(4) == 0 { choices.bytes(64).to_vec() } else { small_gaps(&mut choices) };
    let entries = decoded(&table).ok()?;
    assert!(entries.is_sorted_by(|one, next| one.end() <= next.offset), "sorted and disjoint: {entries:?}");
    assert!(entries.iter().all(|entry| entry.offset % 2 == 0 && entry.offset < 1 << 31));
    assert_eq!(table_of(entries.iter().copied()), table, "there is one form only");

    let payload: Vec<u8> = choices.bytes(64).iter().copied().cycle().take(choices.below(3000)).collect();
    let inside = entries.iter().take_while(|entry| entry.end() as usize <= payload.len()).count();
    // A MOVT moves by whole 64 KiB.
    let whole = entries.iter().any(|entry| entry.kind == Kind::UpperHalf);
    let distance = choices.word() & if whole { 0xffff_0000 } else { u32::MAX };
    let sizes: Vec<usize> = (0..4).map(|_| 1 + choices.below(300)).collect();
    let (there, met) = in_pieces(&payload, &entries, distance, &sizes);
    assert_eq!(there, rebased(payload.clone(), &entries, distance), "the pieces' sizes do not matter");
    assert_eq!(met, inside == entries.len(), "it tells whether the table points past the payload");
    let mut places = entries[..inside].iter();
    let mut place = places.next();
    for (offset, (one, other)) in there.iter().zip(&payload).enumerate() {
        while place.is_some_and(|place| place.end() as usize <= offset) {
            place = places.next();
        }
        assert!(one == other || place.is_some_and(|place| place.offset as usize <= offset), "{offset} is not listed");
    }
    let (back, _) = in_pieces(&there, &entries, distance.wrapping_neg(), &sizes[1..]);
    assert_eq!(back, payload, "the way back");
    skips(&payload, &there, &entries, distance, choices.below(payload.len() + 1));
    Some(entries.len())
}

/// A table with many entries that are near each other; some of them do not decode.
fn small_gaps(choices: &mut Choices) -> Vec<u8> {
    let count = choices.below(40);
    (0..count).map(|_| choices.byte() & if choices.byte() == 0xff { 0xff } else { 0x7f }).collect()
}

fn decoded(table: &[u8]) -> Result<Vec<Entry>, Malformed> {
    let mut decoder = Decoder::default();
    let mut entries = Vec::new();
    for byte in table {
        entries.extend(decoder.push(*byte)?);
    }
    if decoder.is_whole() { Ok(entries) } else { Err(Malformed) }
}

/// Rebases a payload that comes in pieces. Returns also whether all entries were reached.
fn in_pieces(payload: &[u8], entries: &[Entry], distance: u32, sizes: &[usize]) -> (Vec<u8>, bool) {
    let mut table = entries.iter().copied();
    let mut rebaser = Rebaser::new(distance);
    let mut sizes = sizes.iter().copied().cycle();
    let (mut out, mut held, mut rest) = (Vec::new(), Vec::new(), payload);
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
        rest = behind;
        held.extend_from_slice(piece);
        let Ok(done) = rebaser.apply(out.len() as u32, &mut held, || Ok::<_, Infallible>(table.next()));
        assert!(held.len() - done < ENTRY_LENGTH, "no more is held than the beginning of an entry");
        out.extend(held.drain(..done));
    }
    out.extend(held);
    (out, if payload.is_empty() { entries.is_empty() } else { rebaser.is_done() })
}

/// The payload after a skipped part is rebased as if that part had been read.
fn skips(payload: &[u8], there: &[u8], entries: &[Entry], distance: u32, to: usize) {
    let mut table = entries.iter().copied();
    let mut table = || Ok::<_, Infallible>(table.next());
    let mut rebaser = Rebaser::new(distance);
    let Ok(possible) = rebaser.skip(to as u32, &mut table);
    let across = |entry: &Entry| (entry.offset as usize) < to && to < entry.end() as usize;
    assert_eq!(possible, !entries.iter().any(across), "not where an entry lies across");
    if possible {
        let mut behind = payload[to..].to_vec();
        let Ok(_) = rebaser.apply(to as u32, &mut behind, table);
        assert_eq!(behind, &there[to..]);
    }
}

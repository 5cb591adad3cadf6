//! Relocation tables, as images carry them.

use super::error::ImageError;
use crate::relocation_types::slots_are_whole_64_kib_apart;
use lifeboot_core::Board;
use lifeboot_core::rebase::{Decoder, Entry, Kind, Rebaser, encode};
use std::convert::Infallible;

/// Returns a payload as it runs at `distance` from the address that it was linked for.
pub fn rebased(mut payload: Vec<u8>, entries: &[Entry], distance: u32) -> Vec<u8> {
    let mut entries = entries.iter().copied();
    let Ok(_) = Rebaser::new(distance).apply(0, &mut payload, || Ok::<_, Infallible>(entries.next()));
    payload
}

/// Encodes a relocation table. The entries must be sorted and disjoint.
pub fn table_bytes(entries: &[Entry]) -> Result<Vec<u8>, ImageError> {
    let (mut end, mut table) = (0, Vec::new());
    for entry in entries {
        let (bytes, length) = encode(end, *entry).ok_or(ImageError::Table)?;
        table.extend_from_slice(&bytes[..length]);
        end = entry.end();
    }
    Ok(table)
}

/// Checks that halves of an address can be rebased: slots must be a multiple of 64 KiB apart.
pub(super) fn check_halves(board: &Board, entries: &[Entry]) -> Result<(), ImageError> {
    let moves_whole = slots_are_whole_64_kib_apart(board);
    let half = entries.iter().find(|entry| entry.kind == Kind::UpperHalf);
    match half.filter(|_| !moves_whole) {
        Some(entry) => Err(ImageError::Half { offset: entry.offset, board: board.name }),
        None => Ok(()),
    }
}

/// Returns a relocation table's entries; `None` if it does not decode.
pub(super) fn decode(table: &[u8]) -> Option<Vec<Entry>> {
    let mut decoder = Decoder::default();
    let mut entries = Vec::new();
    for byte in table {
        entries.extend(decoder.push(*byte).ok()?);
    }
    decoder.is_whole().then_some(entries)
}

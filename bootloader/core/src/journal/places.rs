//! The places of a journal, and what is read from them.

use crate::layout::Board;
use crate::record::{RECORD_LENGTH, Record, RecordBytes};
use embedded_storage::nor_flash::ReadNorFlash;

/// Maximum size of a record in flash, padded to the flash's write unit.
const STRIDE_LIMIT: usize = crate::layout::BLOCK as usize;

/// What every offset and length of a read is a multiple of, as drivers are required to allow.
const READ_UNIT: usize = 4;

/// Where a record lies. Both fields count from the start of flash: a division would cost a Cortex-M0 half a kilobyte of
/// code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The start of its erase unit.
    pub unit: u32,
    /// The start of the record.
    pub start: u32,
}

/// Calls `each` with every valid record of the journal: its place, its sequence number and the state in it.
pub(super) fn scan<F: ReadNorFlash>(flash: &mut F, board: &Board, mut each: impl FnMut(Place, u32, Record)) {
    let mut unit = board.journal.start;
    while unit < board.journal.end() {
        let mut place = Some(Place { unit, start: unit });
        while let Some(this) = place {
            if let Some((sequence, record)) = record_at(flash, this) {
                each(this, sequence, record);
            }
            place = behind(board, this);
        }
        unit += board.journal_unit;
    }
}

/// Returns the next place in the same unit, if there is one.
pub(super) fn behind(board: &Board, place: Place) -> Option<Place> {
    let start = place.start + stride(board);
    (start + stride(board) <= place.unit + board.journal_unit).then_some(Place { start, ..place })
}

/// Bytes from one record to the next.
pub(super) const fn stride(board: &Board) -> u32 {
    if board.write_size > RECORD_LENGTH as u32 { board.write_size } else { RECORD_LENGTH as u32 }
}

/// Returns the sequence number and the record at a place, `None` if it holds no valid record. What is neither a record nor
/// blank is read again: one bad read must not bring back an older state.
pub(super) fn record_at<F: ReadNorFlash>(flash: &mut F, place: Place) -> Option<(u32, Record)> {
    for _ in 0..2 {
        // Most of a large journal is blank: of a blank place only the beginning is read.
        let mut first = [0; READ_UNIT];
        let mut bytes: RecordBytes = [0; RECORD_LENGTH];
        if flash.read(place.start, &mut first).is_ok() {
            if first == [0xff; READ_UNIT] {
                return None;
            }
            if flash.read(place.start, &mut bytes).is_ok()
                && let Some(record) = Record::from_bytes(&bytes)
            {
                return Some(record);
            }
        }
    }
    None
}

/// Whether all of a place is blank.
pub(super) fn is_blank_at<F: ReadNorFlash>(flash: &mut F, board: &Board, start: u32) -> bool {
    let mut bytes = [0; STRIDE_LIMIT];
    let stride = stride(board) as usize;
    bytes
        .get_mut(..stride)
        .is_some_and(|bytes| flash.read(start, bytes).is_ok() && bytes.iter().all(|byte| *byte == 0xff))
}

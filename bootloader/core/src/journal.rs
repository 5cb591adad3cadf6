//! The boot journal: two or more erase units that hold boot records, append-only.
//!
//! To read: scan all units and keep the valid record with the highest sequence number. To write: append to the unit
//! that holds that record; if the unit is full, erase the *next* unit and write there. So a whole valid record exists
//! at every instant.
//!
//! What an interruption can leave behind, and how it is handled:
//!
//! - A torn record, a torn erase, garbage and words that cannot be read are not valid records. They are skipped when
//!   reading and never written over when appending.
//! - Every append is read back; if it differs, the next place is tried.
//! - A record that was torn near its end may read as valid now and as invalid later, or the reverse.
//!   [`Journal::rewrite_if_suspect`] writes the newest record again until there are three copies. So two interrupted
//!   writes cannot destroy all of them, and no torn record after them can become valid.
//!
//! Requirement on the chip's flash driver: a read of torn words must return, with an error or with any bytes.

use crate::layout::{Board, Region};
use crate::record::{Cause, RECORD_LENGTH, Record, RecordBytes};
use embedded_storage::nor_flash::NorFlash;

/// Maximum size of a record in flash, padded to the flash's write unit.
const STRIDE_LIMIT: usize = crate::layout::BLOCK as usize;

/// Equal records after which a state counts as settled.
const EQUAL_RECORDS: u32 = 3;

/// The flash did not take a record, at any place. Nothing was lost: the newest record is still the last good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// Where a record lies. Both fields count from the start of flash: a division would cost a Cortex-M0 half a kilobyte of
/// code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// The start of its erase unit.
    unit: u32,
    /// The start of the record.
    start: u32,
}

/// The journal of a device, as last read or written.
#[derive(Clone, Debug)]
pub struct Journal {
    board: &'static Board,
    record: Record,
    /// Sequence number and place of the newest record; `None` if there is no record.
    newest: Option<(u32, Place)>,
    /// Whether the unit after the newest record's was erased since the journal was opened.
    prepared: bool,
}

impl Journal {
    /// Reads the journal. Never fails: what cannot be read is not a record, and if there is no record the state is
    /// [`Record::FACTORY`].
    #[inline(never)]
    pub fn open<F: NorFlash>(flash: &mut F, board: &'static Board) -> Journal {
        let mut journal = Journal { board, record: Record::FACTORY, newest: None, prepared: false };
        journal.scan(flash, |journal, place, sequence, record| {
            if journal.newest.is_none_or(|(newest, _)| sequence > newest) {
                journal.newest = Some((sequence, place));
                journal.record = record;
            }
        });
        journal
    }

    /// Returns the boot state.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Whether the journal holds no record, as on a device fresh from production.
    pub const fn is_blank(&self) -> bool {
        self.newest.is_none()
    }

    /// Makes `record` the boot state, durably: after this has returned, every later [`open`](Self::open) finds it.
    /// Fails if `record` has a lower epoch floor than the state in flash, or lacks a key that is revoked there. That
    /// state is read again here, because a caller that acts on a misread state would overwrite what it did not see.
    #[inline(never)]
    pub fn append<F: NorFlash>(&mut self, flash: &mut F, record: Record) -> Result<(), Failed> {
        let Record { epoch_floor, revoked, .. } = Journal::open(flash, self.board).record;
        if record.epoch_floor < epoch_floor || revoked & !record.revoked != 0 {
            return Err(Failed);
        }
        let mut sequence = self.newest.map_or(0, |(newest, _)| newest);
        let behind_newest =
            self.next_place().is_some_and(|place| self.write_from(flash, place, &record, &mut sequence));
        if !behind_newest {
            let first = self.prepare_unit(flash)?;
            if !self.write_from(flash, first, &record, &mut sequence) {
                return Err(Failed);
            }
        }
        self.record = record;
        self.prepared = false;
        Ok(())
    }

    /// Erases the next unit now if the next append would have to; returns whether it did. For callers that do at most
    /// one flash operation at a time.
    pub fn prepare<F: NorFlash>(&mut self, flash: &mut F) -> Result<bool, Failed> {
        let mut place = self.next_place();
        while let Some(next) = place {
            if self.is_blank_at(flash, next) {
                return Ok(false);
            }
            place = self.behind(next);
        }
        let due = !self.prepared;
        self.prepare_unit(flash).map(|_| due)
    }

    /// Writes the newest record again if the reset before this boot may have torn it, or the record after it.
    pub fn rewrite_if_suspect<F: NorFlash>(&mut self, flash: &mut F, cause: Cause) -> Result<(), Failed> {
        let newest = self.newest.map_or(0, |(newest, _)| newest);
        let next = self.next_place().unwrap_or_else(|| self.next_unit());
        // No write was tried there since the journal last wrapped around.
        let untouched = self.is_blank_at(flash, next) || record_at(flash, next).is_some_and(|(old, _)| old < newest);
        if !cause.may_tear() || untouched && self.is_blank() {
            return Ok(());
        }
        let mut equal = 0;
        self.scan(flash, |journal, _, sequence, record| {
            // Compared as bytes: comparing field by field would be a quarter of a kilobyte of code.
            let same =
                newest.wrapping_sub(sequence) < EQUAL_RECORDS && record.to_bytes(0) == journal.record.to_bytes(0);
            equal += u32::from(same);
        });
        if untouched && equal >= EQUAL_RECORDS { Ok(()) } else { self.append(flash, self.record) }
    }

    /// Calls `each` with every valid record.
    fn scan<F: NorFlash>(&mut self, flash: &mut F, mut each: impl FnMut(&mut Self, Place, u32, Record)) {
        let mut unit = self.board.journal.start;
        while unit < self.board.journal.end() {
            let mut place = Some(Place { unit, start: unit });
            while let Some(this) = place {
                if let Some((sequence, record)) = record_at(flash, this) {
                    each(self, this, sequence, record);
                }
                place = self.behind(this);
            }
            unit += self.board.journal_unit;
        }
    }

    /// Returns the place after the newest record, if its unit has one.
    fn next_place(&self) -> Option<Place> {
        self.newest.and_then(|(_, place)| self.behind(place))
    }

    /// Returns the next place in the same unit, if there is one.
    fn behind(&self, place: Place) -> Option<Place> {
        let start = place.start + self.stride();
        (start + self.stride() <= place.unit + self.board.journal_unit).then_some(Place { start, ..place })
    }

    /// Returns the first place of the unit after the newest record's.
    fn next_unit(&self) -> Place {
        let Region { start, .. } = self.board.journal;
        let next = self.newest.map_or(start, |(_, place)| place.unit + self.board.journal_unit);
        let unit = if next < self.board.journal.end() { next } else { start };
        Place { unit, start: unit }
    }

    /// Erases the next unit unless that was done already; returns its first place. A unit that merely reads as blank is
    /// not trusted: its erase may have been torn.
    fn prepare_unit<F: NorFlash>(&mut self, flash: &mut F) -> Result<Place, Failed> {
        let first = self.next_unit();
        if !self.prepared {
            flash.erase(first.unit, first.unit + self.board.journal_unit).map_err(|_| Failed)?;
            self.prepared = true;
        }
        Ok(first)
    }

    /// Writes a record to the first place from `place` on, in the same unit, that takes it; returns whether one did.
    ///
    /// Each place uses up a sequence number, even if it is passed over: a torn record there may read as valid one day,
    /// and must not have the number of a later record.
    fn write_from<F: NorFlash>(&mut self, flash: &mut F, place: Place, record: &Record, sequence: &mut u32) -> bool {
        let mut place = Some(place);
        while let Some(this) = place {
            let Some(next) = sequence.checked_add(1) else { return false };
            *sequence = next;
            if self.is_blank_at(flash, this) && self.write(flash, this, &record.to_bytes(next)) {
                self.newest = Some((next, this));
                return true;
            }
            place = self.behind(this);
        }
        false
    }

    fn is_blank_at<F: NorFlash>(&self, flash: &mut F, place: Place) -> bool {
        let mut bytes = [0; STRIDE_LIMIT];
        let stride = self.stride() as usize;
        bytes
            .get_mut(..stride)
            .is_some_and(|bytes| flash.read(place.start, bytes).is_ok() && bytes.iter().all(|byte| *byte == 0xff))
    }

    /// Writes a record and reads it back; returns whether the two are equal.
    fn write<F: NorFlash>(&self, flash: &mut F, place: Place, record: &RecordBytes) -> bool {
        let mut bytes = [0xff; STRIDE_LIMIT];
        let mut back = [0; RECORD_LENGTH];
        let stride = self.stride() as usize;
        if let Some(start) = bytes.first_chunk_mut() {
            *start = *record;
        }
        bytes.get(..stride).is_some_and(|bytes| flash.write(place.start, bytes).is_ok())
            && flash.read(place.start, &mut back).is_ok()
            && back == *record
    }

    const fn stride(&self) -> u32 {
        if self.board.write_size > RECORD_LENGTH as u32 { self.board.write_size } else { RECORD_LENGTH as u32 }
    }
}

/// Returns the sequence number and the record at a place, `None` if it holds no valid record.
fn record_at<F: NorFlash>(flash: &mut F, place: Place) -> Option<(u32, Record)> {
    let mut bytes: RecordBytes = [0; RECORD_LENGTH];
    flash.read(place.start, &mut bytes).ok()?;
    Record::from_bytes(&bytes)
}

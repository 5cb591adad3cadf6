//! The boot journal: two or more erase units that hold boot records, append-only.
//!
//! Reading is: scan, keep the valid record with the highest sequence number. Writing is: append to the unit that holds
//! it; when that is full, erase the *next* unit and write there. So at every instant a whole valid record exists.
//!
//! What an interruption can leave, and what is done about it:
//!
//! - A torn record, a torn erase, garbage, or words that cannot be read are not valid records; they are skipped when
//!   reading, and never written over when appending.
//! - Every append is read back; where it differs, the next place is taken.
//! - A record that was torn near its end may read as valid now and differently later, or the other way round.
//!   [`Journal::rewrite_if_suspect`] writes the newest record afresh, until it stands three times, so that two interrupted writes
//!   cannot take all of them away, and nothing stands behind it that could become valid.
//!
//! The chip's driver owes this module one thing: a read of words that were torn returns, with an error or any bytes.

use crate::layout::{Board, Region};
use crate::record::{Cause, RECORD_LENGTH, Record, RecordBytes};
use embedded_storage::nor_flash::NorFlash;

/// The largest space that one record takes: a record, padded to the flash's write unit.
const STRIDE_LIMIT: usize = crate::layout::BLOCK as usize;

/// Equal records after which a state counts as settled.
const EQUAL_RECORDS: u32 = 3;

/// The flash did not take a record, at any place. Nothing was lost: the newest record is still the last good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// Where a record lies. Both count from the start of flash: dividing would cost a Cortex-M0 half a kilobyte of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// The start of its erase unit.
    unit: u32,
    /// Its own start.
    start: u32,
}

/// The journal of a device, as last read or written.
#[derive(Clone, Debug)]
pub struct Journal {
    board: &'static Board,
    record: Record,
    /// Sequence number and place of the newest record; `None` where there is none.
    newest: Option<(u32, Place)>,
    /// Whether the unit behind the newest record's was erased since it was opened.
    prepared: bool,
}

impl Journal {
    /// Reads the journal. Cannot fail: what cannot be read is not a record, and without any the state is
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

    /// The boot state.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Whether there is a record at all; a device fresh from production has none.
    pub const fn is_blank(&self) -> bool {
        self.newest.is_none()
    }

    /// Makes `record` the boot state, durably: when this returns, every later [`open`](Self::open) finds it. No record is
    /// taken whose epoch floor is lower than it was, or that knows less of revoked keys. What it was is read again: whoever
    /// goes by a wrong reading overwrites what he did not see.
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

    /// Erases the next unit now, if the next append would have to; returns whether it did. For callers that want at
    /// most one flash operation at a time.
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

    /// Writes the newest record afresh if the reset before this boot may have torn it, or the one that was to follow it.
    pub fn rewrite_if_suspect<F: NorFlash>(&mut self, flash: &mut F, cause: Cause) -> Result<(), Failed> {
        let newest = self.newest.map_or(0, |(newest, _)| newest);
        let next = self.next_place().unwrap_or_else(|| self.next_unit());
        // Nothing was tried there since the last time round.
        let untouched = self.is_blank_at(flash, next) || record_at(flash, next).is_some_and(|(old, _)| old < newest);
        if !cause.may_tear() || untouched && self.is_blank() {
            return Ok(());
        }
        let mut equal = 0;
        self.scan(flash, |journal, _, sequence, record| {
            // By their bytes: comparing field by field would be a quarter of a kilobyte of code.
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

    /// The place behind the newest record, if its unit has one.
    fn next_place(&self) -> Option<Place> {
        self.newest.and_then(|(_, place)| self.behind(place))
    }

    /// The next place in the same unit.
    fn behind(&self, place: Place) -> Option<Place> {
        let start = place.start + self.stride();
        (start + self.stride() <= place.unit + self.board.journal_unit).then_some(Place { start, ..place })
    }

    /// The first place of the unit behind the newest record's.
    fn next_unit(&self) -> Place {
        let Region { start, .. } = self.board.journal;
        let next = self.newest.map_or(start, |(_, place)| place.unit + self.board.journal_unit);
        let unit = if next < self.board.journal.end() { next } else { start };
        Place { unit, start: unit }
    }

    /// Erases that unit, unless it was done; returns its first place. A unit that merely reads as blank is not trusted:
    /// its erase may have been torn.
    fn prepare_unit<F: NorFlash>(&mut self, flash: &mut F) -> Result<Place, Failed> {
        let first = self.next_unit();
        if !self.prepared {
            flash.erase(first.unit, first.unit + self.board.journal_unit).map_err(|_| Failed)?;
            self.prepared = true;
        }
        Ok(first)
    }

    /// Writes a record to the first place from `place` on, in its unit, that takes it; whether one did.
    ///
    /// Each place has a sequence number of its own, also one that is passed over: what was torn there may read as a
    /// valid record one day, and must not have the number of a later one.
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

    /// Writes and reads back; whether it took.
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

/// The sequence number and the record that a place holds, if it is a valid one.
fn record_at<F: NorFlash>(flash: &mut F, place: Place) -> Option<(u32, Record)> {
    let mut bytes: RecordBytes = [0; RECORD_LENGTH];
    flash.read(place.start, &mut bytes).ok()?;
    Record::from_bytes(&bytes)
}

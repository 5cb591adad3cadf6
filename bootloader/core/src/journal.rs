//! The boot journal: two or more erase units that hold boot records, append-only.
//!
//! To read: scan all units and keep the valid record with the highest sequence number. To write: append to the unit
//! that holds that record; if that unit is nearly full, erase the *next* one and write there. So a whole valid record
//! exists at every instant.
//!
//! What an interruption can leave behind, and how it is handled:
//!
//! - A torn record, a torn erase, garbage and words that cannot be read are not valid records. They are skipped when
//!   reading and never written over when appending.
//! - What is neither blank nor a record is read a second time, so that one bad read does not hide a record.
//! - Every append is read back; if it differs, the next place is tried.
//! - A record that was torn near its end may read as valid now and as invalid later, or the reverse. What a power cut at
//!   that instant leaves is either state; both are right. Before anything is done that only one of them permits,
//!   [`Journal::is_settled`] must hold: the newest record was written whole since the journal was opened, or there are
//!   [`EQUAL_RECORDS`] of it from earlier, with nothing torn after them. So two interrupted writes cannot destroy all.
//!
//! # Lasting faults
//!
//! A supply that fails at each write, or a unit that has died, must not wear the journal out. So a bounded caller
//! ([`Journal::append`]) writes only while there is evidence that it helps:
//!
//! - A record that says what the newest one says is not written.
//! - After [`SPOILT`] torn places in a row nothing is written.
//! - [`SPARE`] places at the end of each unit are kept for interrupted erases. The first erase of the next unit needs
//!   none: until then that unit holds old records. An interrupted erase shows, and each further one is paid for by a
//!   record in a spare place. When these are used up, nothing is written.
//!
//! So any number of boots that fail in the same way write and erase a bounded number of times. [`Effort::Unbounded`] is for
//! changes that somebody has requested. Where the journal has three or more units, one that takes no
//! record is passed over.
//!
//! Requirement on the chip's flash driver: a read of torn words must return, with an error or with any bytes.

mod places;
mod writing;

pub use writing::Writing;

use crate::layout::{Board, Region};
use crate::operation::Block;
use crate::record::Record;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use places::{Place, behind, is_blank_at, record_at, scan};

/// Equal records after which a state from an earlier boot counts as settled.
pub const EQUAL_RECORDS: u32 = 3;

/// Torn places behind the newest record after which a bounded caller writes no more.
pub const SPOILT: u32 = 3;

/// Places at the end of a unit that are kept for interrupted erases of the next one.
pub const SPARE: u32 = 3;

/// The newest sequence number that leaves enough of them for a write: each place in the journal may use one up, twice.
const LAST_SEQUENCE: u32 = u32::MAX - (1 << 20);

/// The flash did not take a record, at any place that the caller may use. Nothing was lost: the newest record is still the
/// last good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// How hard a caller tries: see [above](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// As often as there is evidence that it helps: for callers that may run at each boot.
    Bounded,
    /// Always: for changes that somebody has requested, or that a bounded number of attempts leads to.
    Unbounded,
}

/// What lies behind the newest record in its unit.
struct Behind {
    /// Torn places directly behind it.
    spoilt: u32,
    /// Blank places, as far as they matter: one more than [`SPARE`] at most.
    blank: u32,
}

/// The journal of a device, as last read or written.
#[derive(Clone, Debug)]
pub struct Journal {
    board: &'static Board,
    record: Record,
    /// Sequence number and place of the newest record; `None` if there is no record.
    newest: Option<(u32, Place)>,
    /// The unit that was erased for the next record since the last one was written.
    prepared: Option<u32>,
    /// How the last write since the journal was opened has ended.
    last_write: LastWrite,
}

/// How the last write of a record has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastWrite {
    /// There was none.
    None,
    /// The newest record was written, and read back.
    Whole,
    /// No place took the record.
    Failed,
}

impl Journal {
    /// Reads the journal. Never fails: what cannot be read is not a record, and if there is no record the state is
    /// [`Record::FACTORY`].
    #[inline(never)]
    pub fn open<F: ReadNorFlash>(flash: &mut F, board: &'static Board) -> Journal {
        let mut journal =
            Journal { board, record: Record::FACTORY, newest: None, prepared: None, last_write: LastWrite::None };
        scan(flash, board, |place, sequence, record| {
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

    /// Makes `record` the boot state, durably: after this has returned, every later [`open`](Self::open) finds it. Writes
    /// nothing if it is the state already. For callers that may run at each boot: see the bounds [above](self).
    ///
    /// Fails if flash holds a newer record than this journal has read, because a caller that acts on a misread state would
    /// undo what it did not see. The journal has read that record then.
    pub fn append<F: NorFlash>(&mut self, flash: &mut F, record: &Record) -> Result<(), Failed> {
        if *record == self.record { Ok(()) } else { self.write_next(flash, record, Effort::Bounded) }
    }

    /// As [`append`](Self::append), also where that would not try, and also if `record` is the state already. For changes
    /// that somebody has requested.
    pub fn append_unbounded<F: NorFlash>(&mut self, flash: &mut F, record: &Record) -> Result<(), Failed> {
        self.write_next(flash, record, Effort::Unbounded)
    }

    /// Changes the boot state, durably, as [`append_unbounded`](Self::append_unbounded) does, but whatever the newest
    /// record says by now.
    pub fn change<F: NorFlash>(&mut self, flash: &mut F, change: impl FnOnce(&mut Record)) -> Result<(), Failed> {
        self.read_newer(flash);
        let mut record = self.record;
        change(&mut record);
        self.write_record(flash, &record, Effort::Unbounded)
    }

    /// Erases the next unit now if the next write would begin with that; returns whether it did. For callers that do at
    /// most one flash operation at a time.
    pub fn prepare<F: NorFlash>(&mut self, flash: &mut F, effort: Effort) -> Result<bool, Failed> {
        let Some(unit) = self.due_erase(flash, effort) else { return Ok(false) };
        flash.erase(unit.start, unit.end()).map_err(|_| Failed)?;
        self.note_erased(unit);
        Ok(true)
    }

    /// Writes the state again unless [`is_settled`](Self::is_settled); returns whether it did something. At most one flash
    /// operation, except where a bounded caller finds an interrupted erase; call it until there is nothing to do.
    pub fn settle<F: NorFlash>(&mut self, flash: &mut F, effort: Effort) -> Result<bool, Failed> {
        if self.is_settled(flash) {
            return Ok(false);
        }
        if !self.prepare(flash, effort)? {
            self.read_newer(flash);
            let record = self.record;
            self.write_record(flash, &record, effort)?;
        }
        Ok(true)
    }

    /// Returns the unit that the next write would begin to erase, so that a caller which does one flash operation at a time
    /// erases it first, and then calls [`note_erased`](Self::note_erased); `None` if that write erases nothing.
    pub fn due_erase<F: ReadNorFlash>(&self, flash: &mut F, effort: Effort) -> Option<Region> {
        if self.prepared.is_some() || self.behind_newest(flash).blank > SPARE || !self.may_erase(flash, effort) {
            return None;
        }
        Some(self.region(self.unit_after(self.unit())))
    }

    /// Notes that the unit that was [due](Self::due_erase) is erased.
    pub fn note_erased(&mut self, unit: Region) {
        self.prepared = Some(unit.start);
    }

    /// Whether no interruption so far can change what later boots read: see [above](self).
    pub fn is_settled<F: ReadNorFlash>(&self, flash: &mut F) -> bool {
        if self.last_write == LastWrite::Whole {
            return true;
        }
        let Behind { spoilt, blank } = self.behind_newest(flash);
        let Some((newest, _)) = self.newest else { return spoilt == 0 };
        if spoilt > 0 || blank <= SPARE && !self.is_next_unit_older(flash) {
            return false;
        }
        let mut equal = 0;
        scan(flash, self.board, |_, sequence, record| {
            equal += u32::from(newest.wrapping_sub(sequence) < EQUAL_RECORDS && record == self.record);
        });
        equal >= EQUAL_RECORDS
    }

    /// Whether the journal takes records no more, or not in each of its units.
    pub fn is_failing<F: ReadNorFlash>(&self, flash: &mut F) -> bool {
        self.is_given_up(flash) || self.has_passed_over(flash)
    }

    /// Whether callers that may run again and again should write no more: so many writes have failed that
    /// [`append`](Self::append) writes no more, or the last write since the journal was opened has failed.
    pub fn is_given_up<F: ReadNorFlash>(&self, flash: &mut F) -> bool {
        let Behind { spoilt, blank } = self.behind_newest(flash);
        self.last_write == LastWrite::Failed || spoilt >= SPOILT || blank == 0 && !self.is_next_unit_as_left(flash)
    }

    /// Whether a unit was passed over when its turn came: then it holds older records than the unit before, or none.
    fn has_passed_over<F: ReadNorFlash>(&self, flash: &mut F) -> bool {
        let current = self.unit();
        let (mut unit, mut before) = (self.unit_after(current), 0);
        while unit != current {
            let mut newest = 0;
            scan(flash, self.board, |place, sequence, _| {
                if place.unit == unit {
                    newest = newest.max(sequence);
                }
            });
            if newest < before {
                return true;
            }
            (unit, before) = (self.unit_after(unit), newest);
        }
        false
    }

    /// Reads the journal again; returns whether there is a newer record than before, or another one with the same number: then
    /// it was misread before.
    pub fn read_newer<F: ReadNorFlash>(&mut self, flash: &mut F) -> bool {
        let current = Journal::open(flash, self.board);
        let (now, before) = (current.sequence(), self.sequence());
        let is_newer = now > before || now == before && current.record != self.record;
        if is_newer {
            *self = current;
        }
        is_newer
    }

    /// Writes what follows the newest record, unless flash holds a newer one.
    fn write_next<F: NorFlash>(&mut self, flash: &mut F, record: &Record, effort: Effort) -> Result<(), Failed> {
        if self.read_newer(flash) { Err(Failed) } else { self.write_record(flash, record, effort) }
    }

    #[inline(never)]
    fn write_record<F: NorFlash>(&mut self, flash: &mut F, record: &Record, effort: Effort) -> Result<(), Failed> {
        let mut progress = self.start(flash, effort)?;
        let (mut block, mut done) = (Block::ERASED, false);
        while let Some(operation) = self.next(&mut progress, record, flash, &mut block, done) {
            done = operation.perform(flash, &block);
        }
        progress.end()
    }

    /// Whether an erase of the next unit costs no record.
    fn may_erase<F: ReadNorFlash>(&self, flash: &mut F, effort: Effort) -> bool {
        effort == Effort::Unbounded || self.prepared.is_some() || self.is_next_unit_as_left(flash)
    }

    fn sequence(&self) -> u32 {
        self.newest.map_or(0, |(newest, _)| newest)
    }

    /// Returns the unit of the newest record; the first one if there is none.
    fn unit(&self) -> u32 {
        self.newest.map_or(self.board.journal.start, |(_, place)| place.unit)
    }

    fn region(&self, unit: u32) -> Region {
        Region { start: unit, length: self.board.journal_unit }
    }

    fn unit_after(&self, unit: u32) -> u32 {
        let next = unit + self.board.journal_unit;
        if next < self.board.journal.end() { next } else { self.board.journal.start }
    }

    /// Returns the place behind the newest record, if its unit has one.
    fn next_place(&self) -> Option<Place> {
        let start = self.board.journal.start;
        self.newest.map_or(Some(Place { unit: start, start }), |(_, place)| self.behind(place))
    }

    /// Returns the next place in the same unit, if there is one.
    fn behind(&self, place: Place) -> Option<Place> {
        behind(self.board, place)
    }

    fn behind_newest<F: ReadNorFlash>(&self, flash: &mut F) -> Behind {
        let mut behind = Behind { spoilt: 0, blank: 0 };
        let mut place = self.next_place();
        while let Some(this) = place
            && behind.blank <= SPARE
        {
            if is_blank_at(flash, self.board, this.start) {
                behind.blank += 1;
            } else if behind.blank == 0 {
                behind.spoilt += 1;
            }
            place = self.behind(this);
        }
        behind
    }

    /// Whether the next unit is as the journal has left it, so that nobody has tried to erase it since: records, and
    /// behind them the spare places.
    fn is_next_unit_as_left<F: ReadNorFlash>(&self, flash: &mut F) -> bool {
        let unit = self.unit_after(self.unit());
        let mut place = Some(Place { unit, start: unit });
        let (mut records, mut blank) = (0, 0);
        while let Some(this) = place {
            if blank == 0 && record_at(flash, this).is_some() {
                records += 1;
            } else if is_blank_at(flash, self.board, this.start) {
                blank += 1;
            } else {
                return false;
            }
            place = self.behind(this);
        }
        records > 0 && blank <= SPARE
    }

    /// Whether the first place of the next unit holds no torn record that is newer than the newest.
    fn is_next_unit_older<F: ReadNorFlash>(&self, flash: &mut F) -> bool {
        let unit = self.unit_after(self.unit());
        let first = Place { unit, start: unit };
        is_blank_at(flash, self.board, first.start)
            || record_at(flash, first).is_some_and(|(old, _)| old < self.sequence())
    }
}

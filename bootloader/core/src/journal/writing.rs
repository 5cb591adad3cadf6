//! A boot record on its way to flash: [`Journal::next`] says which flash operation is due, the caller that has the flash does it and
//! says how it went.
//!
//! The unit of the newest record is tried first, and the others, in order, only if it takes no record: it may have died. If it is
//! nearly full, the others are tried first; then what is left of it, and for the next record's sake the others again.

use super::places::{Place, is_blank_at, stride};
use super::{Behind, Effort, Failed, Journal, LAST_SEQUENCE, LastWrite, SPARE, SPOILT};
use crate::operation::{Block, FlashOperation};
use crate::record::{RECORD_LENGTH, Record};
use embedded_storage::nor_flash::ReadNorFlash;

/// How far the writing of a record has got: what [`Journal::next`] continues.
#[derive(Clone, Debug)]
pub struct Writing {
    /// The number that was used last.
    sequence: u32,
    /// The unit that is tried, and the next place in it.
    unit: u32,
    start: u32,
    /// Places of the unit that took no record; [`SPOILT`] if there is no place to try.
    failed: u32,
    under_way: UnderWay,
    /// Whether the unit of the newest record was tried.
    has_stayed: bool,
    is_nearly_full: bool,
    may_leave: bool,
    is_written: bool,
}

/// Which operation was returned last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnderWay {
    Nothing,
    Erase,
    Write,
}

impl Writing {
    /// Returns how it has ended, once nothing is due any more.
    ///
    /// # Errors
    /// [`Failed`] if no place took the record.
    pub const fn end(&self) -> Result<(), Failed> {
        if self.is_written { Ok(()) } else { Err(Failed) }
    }

    /// Goes on with a place of the unit.
    const fn enter(&mut self, start: u32) {
        (self.start, self.failed) = (start, 0);
    }
}

impl Journal {
    /// Starts to write a record: [`next`](Self::next) continues. What the newest record says must have been
    /// [read again](Self::read_newer) before.
    ///
    /// # Errors
    /// [`Failed`] if a caller that makes this effort may not write: see [above](super).
    pub fn start<F: ReadNorFlash>(&mut self, flash: &mut F, effort: Effort) -> Result<Writing, Failed> {
        // A journal never gets there, but a record in flash may claim so.
        if self.sequence() > LAST_SEQUENCE {
            return Err(Failed);
        }
        let Behind { spoilt, blank } = self.behind_newest(flash);
        if effort == Effort::Bounded && spoilt >= SPOILT {
            return Err(Failed);
        }
        let mut writing = Writing {
            sequence: self.sequence(),
            unit: self.unit(),
            start: 0,
            failed: SPOILT,
            under_way: UnderWay::Nothing,
            has_stayed: false,
            is_nearly_full: blank <= SPARE,
            may_leave: self.may_erase(flash, effort),
            is_written: false,
        };
        // Until it is written whole, also if it is never continued.
        self.last_write = LastWrite::Failed;
        if !(writing.is_nearly_full && writing.may_leave) {
            self.stay(&mut writing);
        }
        Ok(writing)
    }

    /// Returns the flash operation that is due; `None` if there is none any more. A write's bytes are in `block`: [`Block::ERASED`] at
    /// first, it must be passed again as it is, and so must the record. `done` says how the operation went that was returned last.
    pub fn next<F: ReadNorFlash>(
        &mut self,
        writing: &mut Writing,
        record: &Record,
        flash: &mut F,
        block: &mut Block,
        done: bool,
    ) -> Option<FlashOperation> {
        let current = self.unit();
        let stride = stride(self.board);
        match writing.under_way {
            UnderWay::Erase if done => {
                self.prepared = Some(writing.unit);
                writing.enter(writing.unit);
            }
            UnderWay::Write if done && is_equal(flash, writing.start, block) => {
                self.newest = Some((writing.sequence, Place { unit: writing.unit, start: writing.start }));
                self.record = *record;
                self.prepared = None;
                self.last_write = LastWrite::Whole;
                writing.is_written = true;
                if writing.unit != current || !writing.is_nearly_full {
                    return None;
                }
                writing.failed = SPOILT;
            }
            UnderWay::Write => {
                writing.failed += 1;
                writing.start += stride;
            }
            UnderWay::Nothing | UnderWay::Erase => {}
        }
        loop {
            // Each place uses up a sequence number, even if it is passed over or left behind: a torn record there may read as
            // valid one day, and must not have the number of a later record.
            while writing.failed < SPOILT && writing.start + stride <= writing.unit + self.board.journal_unit {
                writing.sequence += 1;
                if is_blank_at(flash, self.board, writing.start) {
                    block.put(&record.to_bytes(writing.sequence));
                    writing.under_way = UnderWay::Write;
                    return Some(FlashOperation::Write { start: writing.start, length: stride as usize });
                }
                writing.start += stride;
            }
            if writing.unit != current {
                // It may hold torn records now.
                self.prepared = None;
            } else {
                // A record that is durable has paid for one more attempt to leave the unit.
                let leaves = if writing.is_nearly_full { writing.is_written } else { writing.may_leave };
                if writing.has_stayed && !leaves {
                    return None;
                }
                // Torn records behind the newest have used these numbers.
                writing.sequence += self.board.journal_unit / RECORD_LENGTH as u32;
            }
            writing.unit = self.unit_after(writing.unit);
            if writing.unit == current {
                if writing.has_stayed {
                    return None;
                }
                self.stay(writing);
            } else if self.prepared == Some(writing.unit) {
                writing.enter(writing.unit);
            } else {
                // One that merely reads as blank is not trusted: its erase may have been torn.
                writing.failed = SPOILT;
                writing.under_way = UnderWay::Erase;
                return Some(FlashOperation::Erase(self.region(writing.unit)));
            }
        }
    }

    /// Goes on with the unit of the newest record.
    fn stay(&self, writing: &mut Writing) {
        if writing.is_nearly_full {
            // An interrupted attempt may have used these numbers in the other units.
            writing.sequence += self.board.journal.length / RECORD_LENGTH as u32;
        }
        writing.has_stayed = true;
        writing.enter(match self.newest {
            Some((_, newest)) => newest.start + stride(self.board),
            None => writing.unit,
        });
    }
}

/// Whether a place reads as the record that was written there.
fn is_equal<F: ReadNorFlash>(flash: &mut F, start: u32, block: &Block) -> bool {
    let mut back = [0; RECORD_LENGTH];
    flash.read(start, &mut back).is_ok() && back == block.bytes(RECORD_LENGTH)
}

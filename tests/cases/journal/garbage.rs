//! Bytes in the journal that are no records, and flash that does not do what it should: skipped, never written over,
//! never a panic.

use super::{
    MAPS, assert_used_well, blank, change, filled, found, maps, newest_place, numbered, places, records,
    records_of_a_unit, stride,
};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_core::journal::{Effort, Journal};
use lifeboot_core::record::{RECORD_LENGTH, Record};
use lifeboot_tests::simulated_flash::{Fault, SimulatedFlash};
use proptest::prelude::*;

proptest! {
    /// Everywhere but on the newest record and behind it.
    #[test]
    fn garbage_in_any_place_is_skipped(
        board in maps(), number in 1_u32..100, share in 1_u32..8, garbage in any::<[u8; RECORD_LENGTH]>(),
        places_hit in prop::collection::vec(any::<u32>(), 300),
    ) {
        let mut flash = filled(board, number);
        let newest = newest_place(&flash, board);
        for (place, hit) in places(board).zip(&places_hit) {
            if place != newest && hit % share == 0 {
                flash.put(place, &garbage);
            }
        }
        for next in [1_000, 2_000, 3_000] {
            let expected = if next == 1_000 { number } else { next - 1_000 };
            let mut journal = Journal::open(&mut flash, board);
            prop_assert_eq!(journal.record(), &numbered(expected));
            let erased = journal.prepare(&mut flash, Effort::Unbounded).unwrap();
            let before = flash.operations();
            change(&mut flash, &mut journal, numbered(next)).unwrap();
            prop_assert_eq!(flash.operations() - before, 1, "prepared, {}", erased);
        }
        prop_assert_eq!(found(&mut flash, board), numbered(3_000));
        assert_used_well(&flash);
    }

    #[test]
    fn a_journal_of_any_bytes_is_one_without_records(board in maps(), bytes in prop::collection::vec(any::<u8>(), 1024)) {
        let mut flash = blank(board);
        for (place, bytes) in places(board).zip(bytes.chunks(RECORD_LENGTH).cycle()) {
            flash.put(place, bytes);
        }
        let mut journal = Journal::open(&mut flash, board);
        prop_assert!(journal.is_blank());
        prop_assert_eq!(journal.record(), &Record::FACTORY);
        prop_assert!(journal.settle(&mut flash, Effort::Unbounded).is_ok());
        change(&mut flash, &mut journal, numbered(1)).unwrap();
        prop_assert_eq!(found(&mut flash, board), numbered(1));
        assert_used_well(&flash);
    }

    /// Records that are whole, in any order and with any numbers: the highest number counts.
    #[test]
    fn the_highest_number_counts(
        board in maps(), stored in prop::collection::vec((0_u32..u32::MAX - (2 << 20), records()), 1..8),
    ) {
        let mut flash = blank(board);
        for (place, (number, record)) in places(board).zip(&stored) {
            flash.put(place, &record.to_bytes(*number));
        }
        let highest = stored.iter().map(|(number, _)| number).max().unwrap();
        let mut journal = Journal::open(&mut flash, board);
        let is_newest = stored.iter().any(|(number, record)| number == highest && record == journal.record());
        prop_assert!(is_newest);
        prop_assert!(journal.settle(&mut flash, Effort::Unbounded).is_ok());
        change(&mut flash, &mut journal, numbered(1)).unwrap();
        prop_assert_eq!(found(&mut flash, board), numbered(1));
    }

    #[test]
    fn a_record_is_read_as_it_was_written_or_not_at_all(
        record in records(), number in any::<u32>(), bit in 0..8 * RECORD_LENGTH,
    ) {
        let mut bytes = record.to_bytes(number);
        prop_assert_eq!(Record::from_bytes(&bytes), Some((number, record)));
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(Record::from_bytes(&bytes), None);
    }
}

#[test]
fn blank_and_cleared_flash_holds_no_records() {
    for byte in [0x00, 0xff] {
        assert_eq!(Record::from_bytes(&[byte; RECORD_LENGTH]), None);
    }
}

/// Numbers do not wrap. Appending never gets there, but a record with such a number must not stop the device.
#[test]
fn at_the_last_numbers_nothing_panics_and_the_record_stays() {
    for board in MAPS {
        for number in (u32::MAX - 4..=u32::MAX).rev() {
            let mut flash = blank(board);
            flash.put(board.journal.start, &numbered(7).to_bytes(number));
            for _ in 0..4 {
                let mut journal = Journal::open(&mut flash, board);
                assert_eq!(journal.record(), &numbered(7));
                let settled = journal.settle(&mut flash, Effort::Unbounded);
                assert!(settled.is_err(), "{number:#x}");
            }
            let mut journal = Journal::open(&mut flash, board);
            let expected = if journal.append(&mut flash, &numbered(8)).is_ok() { 8 } else { 7 };
            assert_eq!(found(&mut flash, board), numbered(expected));
        }
    }
}

/// So many numbers are left that a write needs no more.
#[test]
fn the_last_number_that_may_be_continued() {
    const LAST: u32 = u32::MAX - (1 << 20);
    for board in MAPS {
        for (number, goes_on) in [(LAST, true), (LAST + 1, false)] {
            let mut flash = blank(board);
            flash.put(board.journal.start, &numbered(7).to_bytes(number));
            let appended = Journal::open(&mut flash, board).append(&mut flash, &numbered(8));
            assert_eq!(appended.is_ok(), goes_on, "{number:#x}, {}", board.name);
        }
    }
}

/// Flash with worn places.
struct Worn<'a> {
    flash: &'a mut SimulatedFlash,
    place: u32,
    wear: Wear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wear {
    /// Reading fails, as if ECC found an uncorrectable error.
    Unreadable,
    /// Writing reports a failure.
    Unwritable,
    /// Writing seems to work, but one bit stays as it was.
    Weak,
}

impl Worn<'_> {
    fn hits(&self, wear: Wear, offset: u32) -> bool {
        self.wear == wear && self.place == offset
    }
}

impl ErrorType for Worn<'_> {
    type Error = Fault;
}

impl ReadNorFlash for Worn<'_> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        if self.hits(Wear::Unreadable, offset) { Err(Fault::Refused) } else { self.flash.read(offset, bytes) }
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Worn<'_> {
    const WRITE_SIZE: usize = SimulatedFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        if self.hits(Wear::Unwritable, offset) {
            return Err(Fault::Refused);
        }
        let mut bytes = bytes.to_vec();
        if self.hits(Wear::Weak, offset) {
            // A reserved byte of the record, which is zero.
            bytes[0x0b] |= 0x10;
        }
        self.flash.write(offset, &bytes)
    }
}

#[test]
fn worn_places_are_passed_over() {
    for board in MAPS {
        for wear in [Wear::Unreadable, Wear::Unwritable, Wear::Weak] {
            // Each place of the first two units in its turn.
            for worn in places(board).take(2 * records_of_a_unit(board).min(20) as usize) {
                let mut flash = blank(board);
                for number in 1..=2 * records_of_a_unit(board).min(20) {
                    let what = format!("{wear:?} at {worn:#x}, record {number}, {}", board.name);
                    let mut flash = Worn { flash: &mut flash, place: worn, wear };
                    Journal::open(&mut flash, board).append(&mut flash, &numbered(number)).expect(&what);
                    let found = Journal::open(&mut flash, board);
                    assert_eq!(found.record(), &numbered(number), "{what}");
                }
                assert_used_well(&flash);
                assert!(stride(board) >= RECORD_LENGTH as u32);
            }
        }
    }
}

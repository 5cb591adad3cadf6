//! The journal, on the flash maps of all boards and on some that no board has yet: after any interruption and with any
//! garbage in it, reading it anew finds the old or the new boot record, and the next one can be written.

mod appends;
mod bounds;
mod cuts;
mod dead_units;
mod garbage;
mod settling;

use crate::signed_image::key_ids;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::journal::{Failed, Journal, SPARE};
use lifeboot_core::layout::{Board, Region, Units};
use lifeboot_core::record::{Cause, Ending, Fault, Outcome, RECORD_LENGTH, Record, Trial};
use lifeboot_core::{KeyIds, Slot, Version};
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash};
use proptest::prelude::*;

/// Three large units, and a record takes a page of 256 bytes: as on an RP2040.
static PAGES: Board = MICROBIT
    .with_name("pages")
    .with_flash_length(64 << 10)
    .with_journal(Region { start: 16 << 10, length: 12 << 10 })
    .with_journal_unit(4 << 10)
    .with_slots([Region { start: 32 << 10, length: 16 << 10 }, Region { start: 48 << 10, length: 16 << 10 }])
    .with_units(&[Units { start: 0, length: 4 << 10 }])
    .with_write_size(256);

/// Four units of as few records as a map allows: many appends erase.
static TINY: Board = MICROBIT
    .with_name("tiny")
    .with_flash_length(64 << 10)
    .with_journal(Region { start: 16 << 10, length: 4 << 10 })
    .with_journal_unit(1 << 10)
    .with_slots([Region { start: 32 << 10, length: 16 << 10 }, Region { start: 48 << 10, length: 16 << 10 }])
    .with_write_size(8);

static MAPS: [&Board; 4] = [&MICROBIT, &STM32F405, &PAGES, &TINY];

/// Bytes that a record takes, and how many fit an erase unit.
fn stride(board: &Board) -> u32 {
    board.write_size.max(RECORD_LENGTH as u32)
}

fn records_of_a_unit(board: &Board) -> u32 {
    board.journal_unit / stride(board)
}

/// How many records a unit takes before the next one is erased.
fn usable(board: &Board) -> u32 {
    records_of_a_unit(board) - SPARE
}

/// Where a record can lie, in the order in which they are written.
fn places(board: &Board) -> impl Iterator<Item = u32> {
    let (unit, stride) = (board.journal_unit, stride(board));
    let units = (board.journal.start..board.journal.end()).step_by(unit as usize);
    units.flat_map(move |start| (0..unit / stride).map(move |number| start + number * stride))
}

/// Blank flash that allows one write of a word between two erases, as the strictest flash does.
fn blank(board: &'static Board) -> SimulatedFlash {
    SimulatedFlash::new(board).write_once()
}

/// The record that reading the journal anew finds.
fn found(flash: &mut SimulatedFlash, board: &'static Board) -> Record {
    *Journal::open(flash, board).record()
}

/// A record that differs for each number.
fn numbered(number: u32) -> Record {
    Record { epoch_floor: number, revoked: key_ids(&[2]), ..Record::FACTORY }
}

/// A journal to which `number` records were appended.
fn filled(board: &'static Board, number: u32) -> SimulatedFlash {
    let mut flash = blank(board);
    let mut journal = Journal::open(&mut flash, board);
    for number in 1..=number {
        change(&mut flash, &mut journal, numbered(number)).unwrap();
    }
    flash
}

/// Makes a record the state, as somebody's request does.
fn change<F: NorFlash>(flash: &mut F, journal: &mut Journal, to: Record) -> Result<(), Failed> {
    journal.change(flash, |record| *record = to)
}

/// The sequence number of the record at a place, if it holds one.
fn number_at(flash: &SimulatedFlash, place: u32) -> Option<u32> {
    let bytes = flash.region(Region { start: place, length: RECORD_LENGTH as u32 }).try_into().unwrap();
    Record::from_bytes(bytes).map(|(number, _)| number)
}

/// The place of the newest record.
fn newest_place(flash: &SimulatedFlash, board: &Board) -> u32 {
    places(board).max_by_key(|place| number_at(flash, *place)).unwrap()
}

/// Checks that only the journal was touched, as its flash requires.
fn assert_used_well(flash: &SimulatedFlash) {
    assert_eq!(flash.misuse(), None);
    let journal = flash.wear(Part::Journal);
    assert_eq!(flash.operations(), journal.erases + journal.writes);
}

fn maps() -> impl Strategy<Value = &'static Board> {
    prop::sample::select(vec![&MICROBIT, &PAGES, &TINY])
}

fn slots() -> impl Strategy<Value = Slot> {
    prop::sample::select(Slot::BOTH.to_vec())
}

fn causes() -> impl Strategy<Value = Cause> {
    (0_u8..=6).prop_map(|number| Cause::from_byte(number).unwrap())
}

/// Any boot record.
fn records() -> impl Strategy<Value = Record> {
    let trial = (slots(), any::<u8>(), any::<u8>()).prop_map(|(slot, attempts, power_attempts)| Trial {
        slot,
        attempts,
        power_attempts,
    });
    let endings = [Ending::Confirmed, Ending::FellBack, Ending::Invalid, Ending::NotConfirmed, Ending::Requested];
    let fault = prop::option::of((any::<u32>(), any::<u32>()).prop_map(|(pc, status)| Fault { pc, status }));
    let ended = (prop::sample::select(endings.to_vec()), slots(), causes(), fault);
    let outcome =
        (ended, any::<[u8; 12]>(), any::<[u8; 16]>()).prop_map(|((ending, slot, cause, fault), version, digest)| {
            Outcome { ending, slot, cause, fault, version: Version::from_bytes(version), digest }
        });
    let numbers = (any::<u32>(), prop::collection::vec(any::<[u8; 4]>(), 0..=3), any::<u16>());
    (slots(), prop::option::of(trial), numbers, prop::collection::vec(outcome, 0..6)).prop_map(
        |(confirmed, trial, (epoch_floor, revoked, schema), outcomes)| {
            let revoked = KeyIds::new(&revoked).unwrap();
            let ended = outcomes.iter().fold(Record::FACTORY, |record, outcome| record.ended(outcome));
            Record { confirmed, trial, epoch_floor, revoked, schema, ..ended }
        },
    )
}

//! The journal with arbitrary content: the newest complete record counts, and the next one that is appended is found.

use super::check;
use super::choices::Choices;
use lifeboot_core::journal::{Effort, Journal};
use lifeboot_core::layout::{Board, Region, Units};
use lifeboot_core::record::{RECORD_LENGTH, Record, Trial};
use lifeboot_core::{KeyIds, Slot};
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash};

/// Three units in which a record takes a page, as on an RP2040.
static PAGES: Board = MICROBIT
    .with_units(&[Units { start: 0, length: 2 << 10 }])
    .with_journal_unit(2 << 10)
    .with_journal(JOURNAL)
    .with_write_size(256);
/// Six units of as few records as a map allows.
static WORDS: Board = MICROBIT.with_journal_unit(1 << 10).with_journal(JOURNAL);
const JOURNAL: Region = Region { start: 24 << 10, length: 6 << 10 };

static MAPS: [&Board; 4] = [&WORDS, &PAGES, &MICROBIT, &STM32F405];

#[test]
fn journals() {
    // A blank journal on each map; a record; a torn one; the last numbers.
    for map in 0..MAPS.len() as u8 {
        property(&[map, 1, 0, 7]);
        property(&[map, 1, 2, 7, 0xf0, 0xff, 0xff, 0xff]);
        property(&[map, 3, 2, 7, 5, 0, 0, 0, 3, 7, 6, 0, 0, 0, 40, 2, 8, 0xff, 0xff, 0xff, 0xff]);
    }
    check!(600, property);
}

pub fn property(input: &[u8]) {
    let mut choices = Choices::new(input);
    let board = MAPS[choices.below(MAPS.len())];
    let mut flash = SimulatedFlash::new(board).write_once();
    fill(&mut flash, board, &mut choices);
    let outside = outside(&flash, board);
    for round in 0..4 {
        step(&mut flash, board, &mut choices, &format!("{}, append {round}", board.name));
        if choices.is_done() {
            break;
        }
    }
    assert_eq!(flash.misuse(), None);
    let journal = flash.wear(Part::Journal);
    assert_eq!(flash.operations(), journal.erases + journal.writes, "nothing but the journal is touched");
    assert_eq!(outside, self::outside(&flash, board));
}

/// Opens, does what a boot or an updater does, and looks again.
fn step(flash: &mut SimulatedFlash, board: &'static Board, choices: &mut Choices, what: &str) {
    let newest = newest(flash, board);
    let mut journal = Journal::open(flash, board);
    let stored: Vec<Record> = newest.iter().map(|(_, record)| *record).collect();
    assert_eq!(journal.is_blank(), newest.is_empty(), "{what}");
    let before = *journal.record();
    assert!(stored.contains(&before) || stored.is_empty() && before == Record::FACTORY, "{what}: {before:?}");
    // Near the last number nothing is written any more.
    let numbers_left = newest.iter().all(|(number, _)| *number < u32::MAX - (2 << 20));

    if choices.chance() {
        let operations = flash.operations();
        let settled = journal.settle(flash, Effort::Unbounded);
        assert!(settled.is_ok() || !numbers_left, "{what}");
        assert!(flash.operations() - operations <= 1, "{what}");
        assert_eq!((journal.record(), &found(flash, board, &stored)), (&before, &before), "{what}: settling");
    }
    let prepared = choices.chance();
    if prepared {
        let operations = flash.operations();
        let erased = journal.prepare(flash, Effort::Unbounded).expect(what);
        assert_eq!(flash.operations() - operations, u32::from(erased), "{what}");
        assert_eq!(journal.prepare(flash, Effort::Unbounded), Ok(false), "{what}: once is enough");
        assert_eq!(found(flash, board, &stored), before, "{what}: preparing");
    }
    let next = record(choices);
    let operations = flash.operations();
    match journal.change(flash, |record| *record = next) {
        Ok(()) => {
            let limit = if prepared { 1 } else { 2 };
            assert!(flash.operations() - operations <= limit, "{what}");
            assert_eq!((journal.record(), &found(flash, board, &[])), (&next, &next), "{what}");
        }
        Err(_) => {
            assert!(!numbers_left, "{what}: refused");
            assert_eq!((journal.record(), &found(flash, board, &stored)), (&before, &before), "{what}");
        }
    }
}

/// What reading the journal anew finds; among `equal` ones of the same number, the one that was found before.
fn found(flash: &mut SimulatedFlash, board: &'static Board, equal: &[Record]) -> Record {
    let record = *Journal::open(flash, board).record();
    assert!(equal.len() < 2 || equal.contains(&record));
    record
}

/// The records with the highest number, read by the format's description: there is more than one only if the
/// input put them there.
fn newest(flash: &SimulatedFlash, board: &Board) -> Vec<(u32, Record)> {
    let stride = board.write_size.max(RECORD_LENGTH as u32) as usize;
    let mut newest = Vec::<(u32, Record)>::new();
    for unit in flash.region(board.journal).chunks(board.journal_unit as usize) {
        for place in unit.chunks_exact(stride) {
            let (bytes, _) = place.split_first_chunk::<RECORD_LENGTH>().expect("a place takes a record");
            let [confirmed, trial] = [0x03, 0x08].map(|at| bytes[at]);
            let whole = bytes[..3] == *b"LR\x01"
                && crc(&bytes[..RECORD_LENGTH - 4]).to_le_bytes() == bytes[RECORD_LENGTH - 4..];
            if !whole || confirmed > 1 || !matches!(trial, 0 | 1 | 0xff) {
                continue;
            }
            let (number, record) = Record::from_bytes(bytes).expect("a whole record");
            newest.retain(|(highest, _)| *highest >= number);
            if newest.iter().all(|(highest, _)| *highest == number) {
                newest.push((number, record));
            }
        }
    }
    newest
}

/// CRC-32 (ISO-HDLC), a bit at a time.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 != 0 { 0xedb8_8320 } else { 0 })
    })
}

/// Puts records, damaged records, beginnings of records and noise into the journal.
fn fill(flash: &mut SimulatedFlash, board: &Board, choices: &mut Choices) {
    let stride = board.write_size.max(RECORD_LENGTH as u32);
    let mut place = board.journal.start;
    for _ in 0..choices.below(32) {
        let kind = choices.byte() % 8;
        let mut bytes = record(choices).to_bytes(choices.edge(9)).to_vec();
        match kind {
            0 | 1 => bytes.fill(0xff),
            2..=4 => {}
            5 => choices.mutate(&mut bytes),
            6 => {
                let torn = choices.below(RECORD_LENGTH);
                bytes[torn..].fill(0xff);
            }
            _ => bytes = choices.bytes(RECORD_LENGTH).to_vec(),
        }
        bytes.truncate(stride as usize);
        if place + stride > board.journal.end() {
            return;
        }
        // A place that reads as blank must be blank, as only then may it be written.
        if bytes.iter().any(|byte| *byte != 0xff) {
            flash.put(place, &bytes);
        }
        // The next place, or one further on.
        place += stride * if choices.byte() % 8 == 7 { 1 + choices.below(40) as u32 } else { 1 };
    }
}

/// Any record.
fn record(choices: &mut Choices) -> Record {
    let slots = [Slot::A, Slot::B];
    let [confirmed, trial_byte] = [choices.byte(), choices.byte()];
    let trial = (trial_byte % 3 > 0).then(|| Trial {
        slot: slots[usize::from(trial_byte % 2)],
        attempts: trial_byte / 3,
        power_attempts: trial_byte,
    });
    let confirmed_slot = slots[usize::from(confirmed % 2)];
    Record {
        confirmed: confirmed_slot,
        trial,
        epoch_floor: u32::from(confirmed),
        revoked: KeyIds::new(&[[confirmed; 4]]).expect("few keys"),
        schema: u16::from(trial_byte),
        ..Record::FACTORY
    }
}

fn outside(flash: &SimulatedFlash, board: &Board) -> [Vec<u8>; 2] {
    let behind = Region { start: board.journal.end(), length: board.flash_length - board.journal.end() };
    [Region { start: 0, length: board.journal.start }, behind].map(|region| flash.region(region).to_vec())
}

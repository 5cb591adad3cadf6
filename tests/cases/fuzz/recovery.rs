//! A bootloader in recovery mode: with any input in any order it stays within its bounds, and the next boot
//! starts what it would have started anyway, or what was pushed.
//!
//! An input decides the content of slots and journal, whether recovery mode was requested, and then the events:
//! frames of commands with good and bad fields, damaged frames, noise, whole pushes of good and bad images, and time.

mod line;

use super::check;
use super::choices::Choices;
use super::wire::device::{Shared, put_records, verifies};
use super::wire::framed;
use super::wire::images::{RUNNING, image};
use crate::signed_image::{SignedImage, info};
use lifeboot_core::Slot;
use lifeboot_core::boot::{Decision, Recovery, boot};
use lifeboot_core::layout::Region;
use lifeboot_core::record::Cause;
use lifeboot_core::recovery::serve;
use lifeboot_example_boards::MICROBIT;
use lifeboot_tests::chance::Chance;
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash};
use lifeboot_wire::{self as wire, Command, Refusal, Request};
use line::Line;
use std::cell::RefCell;
use std::iter::repeat_n;
use std::rc::Rc;

/// Slot A is destroyed and slot B is empty; a whole image in slot A, and recovery mode was requested.
const DESTROYED: [u8; 3] = [0; 3];
const ASKED: [u8; 3] = [3, 0, 0];

#[test]
fn recoveries() {
    let marks = |begins: [u8; 3], happens: &[&[u8]]| property(&[&begins, &happens.concat()[..]].concat());
    let push = |image: u8, slot: u8| [0, image, slot, 0];
    for begins in [DESTROYED, ASKED] {
        // A push of each good image marks a trial; of the others, none.
        for image in 0..16 {
            let good = [0, 1, 2, 3, 4, 6, 14].contains(&image);
            assert_eq!(marks(begins, &[&push(image, 1)]), good, "image {image}");
        }
        // A second push after the first, a push after noise, one with a damaged byte.
        assert!(marks(begins, &[&push(0, 1), &push(1, 1)]) && marks(begins, &[&[5, 3, 1, 2, 3], &push(0, 1)]));
        assert!(!marks(begins, &[&[0, 0, 1, 1, 60, 0, 3]]));
        // Into slot A: where it may be written.
        assert_eq!(marks(begins, &[&push(0, 0)]), begins == DESTROYED);
    }
    check!(300, property);
}

/// Megabytes that are no request: nothing changes, and the next push succeeds.
#[test]
fn a_flood_is_no_harm_to_a_bootloader() {
    let random = Chance::new(1).bytes(1 << 20);
    let text = b"# uname -a\r\n".iter().copied().cycle().take(1 << 20).collect::<Vec<u8>>();
    for flood in [random, text, vec![0; 1 << 20], vec![0xff; 1 << 20], repeat_n(1, 1 << 20).collect()] {
        for begins in [DESTROYED, ASKED] {
            assert!(run(&[&begins[..], &[0, 0, 1, 0]].concat(), &flood));
        }
    }
}

/// A table that a hostile signer made is detected in the middle of a transfer; after that it is never read on.
#[test]
fn a_transfer_ends_with_a_table_that_is_none() {
    let none = [(&[0x80, 0][..], 1), (&[4, 0xff, 0xff, 0xff, 0xff], 40), (&[4, 0xfe, 0x7f], 500)];
    for (table, given) in none {
        let table: Vec<u8> = table.iter().copied().chain([0xff; 60]).collect();
        let mut image = SignedImage::new(&MICROBIT, 1001);
        image.table = table;
        image.seal();
        let mut frames = Vec::new();
        let mut send = |command: Command| frames.extend(framed(&Request { session: 7, number: 1, command }));
        let running = wire::Version { major: 0, minor: 0, patch: 0, build: 0 };
        send(Command::Begin { header: &image.header_bytes(), running, target: wire::Slot::B, force: false });
        send(Command::Write { offset: image.table_offset(), bytes: &image.table });
        // At any offset that may be the next one.
        let payload = image.payload(0);
        let wanted = MICROBIT.header_length..MICROBIT.header_length + 1001;
        wanted.clone().for_each(|offset| {
            let from = (offset - wanted.start) as usize;
            send(Command::Write { offset, bytes: &payload[from..payload.len().min(from + given)] });
        });
        let mut flash = SimulatedFlash::new(&MICROBIT).write_once();
        flash.put_info(&info());
        let shared = Shared(Rc::new(RefCell::new(flash)));
        let mut line = Line::new(Choices::new(&[]), shared.clone(), Recovery::NothingStarts, &frames);
        serve(&mut shared.clone(), &MICROBIT, &info().for_board(&MICROBIT), &mut line, Recovery::NothingStarts);
        assert_eq!(line.check(), None);
        let first = line.refusals.iter().position(Option::is_some).expect("it is refused");
        assert_eq!(line.refusals[first], Some(Refusal::Table));
        assert!(line.refusals.len() > 1000);
        let rest = &line.refusals[first + 1..];
        assert!(rest.iter().all(|refusal| *refusal == Some(Refusal::NoTransfer)), "{rest:?}");
    }
}

/// What these frames do to blank slots: the line afterwards, and the flash.
fn served(frames: &[u8]) -> (Line<'static>, SimulatedFlash) {
    let mut flash = SimulatedFlash::new(&MICROBIT).write_once();
    flash.put_info(&info());
    let shared = Shared(Rc::new(RefCell::new(flash)));
    let mut line = Line::new(Choices::new(&[]), shared.clone(), Recovery::NothingStarts, frames);
    serve(&mut shared.clone(), &MICROBIT, &info().for_board(&MICROBIT), &mut line, Recovery::NothingStarts);
    line.check();
    let flash = shared.0.borrow().clone();
    (line, flash)
}

fn begin(number: u8, header: &[u8]) -> Vec<u8> {
    let running = wire::Version { major: 0, minor: 0, patch: 0, build: 0 };
    let command = Command::Begin { header, running, target: wire::Slot::A, force: false };
    framed(&Request { session: 7, number, command })
}

/// The units that the image will lie in are erased, each once, though the answer may get lost.
#[test]
fn a_begin_erases_what_the_image_takes_and_a_repetition_nothing() {
    // Up to the last byte of the first unit, and one byte farther.
    for (length, units) in [(1024 - 256, 1), (1024 - 255, 2)] {
        let image = SignedImage::new(&MICROBIT, length).bound();
        let begin = begin(1, &image.header_bytes());
        for repetitions in 1..3 {
            let (_, flash) = served(&begin.repeat(repetitions));
            assert_eq!(flash.wear(Part::Slot(Slot::A)).erases, units, "{length} bytes, sent {repetitions} times");
        }
    }
}

#[test]
fn a_begin_with_a_header_of_another_length_is_refused() {
    let header = SignedImage::new(&MICROBIT, 700).bound().header_bytes();
    for (bytes, begins) in
        [(header.to_vec(), true), (header[..255].to_vec(), false), ([&header[..], &[0]].concat(), false)]
    {
        let (_, flash) = served(&begin(1, &bytes));
        assert_eq!(flash.wear(Part::Slot(Slot::A)).erases > 0, begins, "{} bytes", bytes.len());
    }
}

/// Returns whether a trial was marked.
pub fn property(input: &[u8]) -> bool {
    run(input, &[])
}

/// The same, with bytes that come before anything else.
fn run(input: &[u8], first: &[u8]) -> bool {
    let mut choices = Choices::new(input);
    let mut flash = SimulatedFlash::new(&MICROBIT).write_once();
    flash.put_info(&info());
    fill(&mut flash, &mut choices);
    put_records(&mut flash, &mut choices);
    let decision = boot(&mut flash, &MICROBIT, &info().for_board(&MICROBIT), Cause::Pin.into());
    let is_requested = choices.byte() % 4 == 3;
    let why = match decision {
        Decision::Recovery(why) if !is_requested => why,
        Decision::FellBack(_) => Recovery::LastFirmware,
        _ => Recovery::Requested,
    };

    let before = flash.clone();
    let shared = Shared(Rc::new(RefCell::new(flash)));
    let mut line = Line::new(choices, shared.clone(), why, first);
    serve(&mut shared.clone(), &MICROBIT, &info().for_board(&MICROBIT), &mut line, why);
    let marked = line.check();

    let mut flash = shared.0.borrow_mut();
    assert_eq!(flash.misuse(), None);
    let fixed = Region { start: 0, length: MICROBIT.journal.start };
    assert!(before.region(fixed) == flash.region(fixed), "the bootloader was touched");
    let decision = boot(&mut *flash, &MICROBIT, &info().for_board(&MICROBIT), Cause::Request.into());
    match (&decision, marked) {
        (Decision::Trial(verified), Some(slot)) => assert_eq!(verified.slot(), slot),
        (_, Some(slot)) => panic!("slot {slot} was marked, and {decision:?}"),
        (Decision::Recovery(Recovery::NothingStarts), None) => {
            // A push that did not finish may have used the slot of the trial.
            let record = line.record();
            let good = verifies(&mut before.clone(), &record, record.confirmed);
            assert!(!(why == Recovery::Requested && good), "the confirmed slot started before");
        }
        (_, None) => {}
    }
    marked.is_some()
}

/// The content of the slots.
fn fill(flash: &mut SimulatedFlash, choices: &mut Choices) {
    let kind = choices.byte();
    let [a, b] = Slot::BOTH.map(|slot| MICROBIT.slot(slot).start);
    let mut running = RUNNING.content(Slot::A);
    if kind % 4 != 3 {
        running[300] ^= 1;
    }
    flash.put(a, &running);
    match kind / 4 % 4 {
        0 => {}
        1 => flash.put(b, &image(choices).content(Slot::B)),
        2 => flash.put(b + 1024 * choices.below(4) as u32, choices.bytes(64)),
        _ => {
            let mut content = image(choices).content(Slot::B);
            choices.mutate(&mut content);
            flash.put(b, &content);
        }
    }
}

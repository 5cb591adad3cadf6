//! A device with firmware in slot A and a session on its line, checked while it runs.

use super::images::{RUNNING, image};
use crate::fuzz::choices::Choices;
use crate::signed_image::{info, key_ids};
use embedded_io::{ErrorType as LineErrorType, Read, ReadReady, Write, WriteReady};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_core::Slot;
use lifeboot_core::image::Trust;
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Region;
use lifeboot_core::record::{Cause, Ending, Record, Trial};
use lifeboot_core::verify::verify;
use lifeboot_example_boards::MICROBIT;
use lifeboot_tests::simulated_flash::{Fault, Part, SimulatedFlash};
use lifeboot_updater::{Event, Session, Updater};
use lifeboot_wire::{Answer, frame};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;

/// Bytes that a received frame may have.
const FRAME: usize = 560;

pub struct Device {
    flash: Shared,
    pub updater: Updater<Shared>,
    session: Session<FRAME>,
    pub line: Line,
    pub now: u32,
    before: Record,
    /// A trial that was there before, of an image that does not verify: not this run's doing.
    hopeless: bool,
    untouched: [Vec<u8>; 2],
    /// Whether the session requested a reset.
    pub reset: bool,
    /// Whether this run marked a trial.
    pub marked: bool,
}

impl Device {
    pub fn new(choices: &mut Choices) -> Device {
        let mut flash = SimulatedFlash::new(&MICROBIT).write_once();
        flash.put_info(&info());
        let running = if choices.byte() % 4 == 3 { image(choices) } else { &RUNNING };
        flash.put(MICROBIT.slot(Slot::A).start, &running.content(Slot::A));
        let start = MICROBIT.slot(Slot::B).start;
        match choices.byte() % 4 {
            0 => {}
            1 => flash.put(start, &image(choices).content(Slot::B)),
            2 => flash.put(start + 1024 * choices.below(4) as u32, choices.bytes(64)),
            _ => {
                let mut content = image(choices).content(Slot::B);
                choices.mutate(&mut content);
                flash.put(start, &content);
            }
        }
        put_records(&mut flash, choices);
        let before = *Journal::open(&mut flash, &MICROBIT).record();
        let hopeless = before.trial.is_some_and(|trial| !verifies(&mut flash, &before, trial.slot));
        let untouched = untouched(&flash);
        let flash = Shared(Rc::new(RefCell::new(flash)));
        let mut updater = Updater::running_in(Slot::A, flash.clone(), &MICROBIT).unwrap();
        if choices.byte() % 8 == 7 {
            let _ = updater.record_storage_schema(1);
        }
        let (session, line, now) = (Session::new(1024), Line::default(), choices.edge(0));
        Device { flash, updater, session, line, now, before, hopeless, untouched, reset: false, marked: false }
    }

    /// One turn of the application's loop.
    pub fn poll(&mut self) -> Event {
        let before = self.operations();
        let record = self.record();
        let slot_before = self.flash.0.borrow().wear(Part::Slot(Slot::B));
        // A restart that was requested takes some time.
        self.now = self.now.wrapping_add(1);
        let Ok(event) = self.session.poll(self.now, &mut self.line, &mut self.updater);
        self.reset |= event == Event::Reset;
        let operations = self.operations() - before;
        // Where an erase of the journal was interrupted, a confirm leaves its unit in one call.
        let is_journal = slot_before == self.flash.0.borrow().wear(Part::Slot(Slot::B));
        assert!(operations <= if is_journal { 3 } else { 1 }, "{operations} flash operations in one call");
        if operations > 0 {
            self.check_state(&record);
        }
        self.line.check_answers();
        event
    }

    /// Runs turns until nothing is under way, up to a limit.
    pub fn finish_turns(&mut self, limit: usize) {
        for _ in 0..limit {
            if self.reset || self.poll() == Event::Idle && self.line.incoming.is_empty() {
                return;
            }
        }
    }

    pub fn offer_log(&mut self, log: &[u8]) {
        assert!(self.session.offer_log(log) <= log.len());
    }

    /// Checks what must hold at the end.
    pub fn check(&self) {
        let flash = self.flash.0.borrow();
        assert_eq!(flash.misuse(), None);
        assert!(self.untouched == untouched(&flash), "slot A, the bootloader or what is behind was touched");
        assert_eq!(flash.wear(Part::Slot(Slot::A)), Default::default());
    }

    fn check_state(&mut self, previous: &Record) {
        let record = self.record();
        assert!(record.epoch_floor >= previous.epoch_floor, "the floor fell");
        assert_eq!(record.revoked, previous.revoked);
        self.hopeless &= record.trial == self.before.trial;
        if let Some(trial) = record.trial.filter(|_| !self.hopeless) {
            let good = verifies(&mut self.flash.0.borrow_mut(), &record, trial.slot);
            assert!(good, "on trial, and does not verify: {record:?}");
        }
        let marks = record.trial.filter(|_| previous.trial.is_none());
        assert!(marks.is_none_or(|trial| trial == Trial::new(Slot::B)), "{record:?}");
        self.marked |= marks.is_some();
        if record.confirmed != previous.confirmed {
            assert_eq!((record.confirmed, record.trial), (Slot::A, None), "only the running image confirms itself");
        }
    }

    pub fn record(&self) -> Record {
        *Journal::open(&mut *self.flash.0.borrow_mut(), &MICROBIT).record()
    }

    fn operations(&self) -> u32 {
        self.flash.0.borrow().operations()
    }
}

pub fn verifies(flash: &mut SimulatedFlash, record: &Record, slot: Slot) -> bool {
    verify(flash, &Trust { board: &MICROBIT, info: &info().for_board(&MICROBIT), record }, slot).is_ok()
}

/// Everything before the journal, and slot A.
fn untouched(flash: &SimulatedFlash) -> [Vec<u8>; 2] {
    let before = Region { start: 0, length: MICROBIT.journal.start };
    [before, MICROBIT.slot(Slot::A)].map(|region| flash.region(region).to_vec())
}

/// No records, or a few with any outcomes.
pub fn put_records(flash: &mut SimulatedFlash, choices: &mut Choices) {
    for _ in 0..choices.below(20) {
        let kind = choices.byte();
        let trial =
            Trial { slot: if kind & 2 == 0 { Slot::A } else { Slot::B }, attempts: kind % 3, power_attempts: kind };
        let ending = Ending::from_byte(choices.one_of(&[1, 2, 3, 16, 17, 18]));
        let outcome = ending.filter(|_| kind & 8 != 0);
        let outcome =
            outcome.map(|ending| lifeboot_core::boot::outcome(flash, &MICROBIT, Slot::B, ending, Cause::Pin.into()));
        let before = *Journal::open(flash, &MICROBIT).record();
        let record = Record {
            confirmed: if kind & 0x70 == 0x70 { Slot::B } else { Slot::A },
            lost: kind & 0x70 == 0x50,
            trial: (kind & 1 != 0).then_some(trial),
            epoch_floor: before.epoch_floor.max(u32::from(kind >> 6)),
            revoked: if kind & 0x3c == 0x3c { key_ids(&[2]) } else { before.revoked },
            schema: 0,
            outcomes: outcome.map_or(before, |outcome| before.ended(&outcome)).outcomes,
        };
        Journal::open(flash, &MICROBIT).change(flash, |state| *state = record).expect("healthy flash");
    }
}

/// Flash that the test can access.
#[derive(Clone)]
pub struct Shared(pub Rc<RefCell<SimulatedFlash>>);

impl ErrorType for Shared {
    type Error = Fault;
}

impl ReadNorFlash for Shared {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.0.borrow_mut().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.borrow().capacity()
    }
}

impl NorFlash for Shared {
    const WRITE_SIZE: usize = SimulatedFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.0.borrow_mut().erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.0.borrow_mut().write(offset, bytes)
    }
}

/// The device's end of the line.
#[derive(Default)]
pub struct Line {
    pub incoming: VecDeque<u8>,
    outgoing: VecDeque<u8>,
    /// The line takes no bytes for now.
    pub blocked: bool,
}

impl Line {
    /// Checks that the output consists of complete answers.
    fn check_answers(&mut self) {
        while let Some(end) = self.outgoing.iter().position(|byte| *byte == 0) {
            let bytes: Vec<u8> = self.outgoing.drain(..=end).collect();
            let mut decoder = frame::Decoder::<FRAME>::new();
            let whole = bytes.iter().fold(false, |_, byte| decoder.push(*byte));
            assert!(bytes == [0] || whole && decoder.message::<Answer>().is_some(), "no answer: {bytes:02x?}");
        }
    }
}

impl LineErrorType for Line {
    type Error = Infallible;
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let taken = self.incoming.len().min(bytes.len());
        bytes.iter_mut().zip(self.incoming.drain(..taken)).for_each(|(byte, new)| *byte = new);
        Ok(taken)
    }
}

impl ReadReady for Line {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.incoming.is_empty())
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let taken = bytes.len().min(7);
        self.outgoing.extend(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl WriteReady for Line {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.blocked)
    }
}

//! The line of a bootloader in recovery mode: input is generated while it is read; output is checked, and so is flash
//! whenever it has changed.

use crate::fuzz::choices::Choices;
use crate::fuzz::wire::device::{Shared, verifies};
use crate::fuzz::wire::images::{RUNNING, image};
use crate::fuzz::wire::{CHUNK, command, framed};
use lifeboot_core::Slot;
use lifeboot_core::boot::Recovery;
use lifeboot_core::image::HEADER_LENGTH;
use lifeboot_core::journal::Journal;
use lifeboot_core::record::{Ending, Record, Trial};
use lifeboot_core::recovery::{self, RECOVERY_TIMEOUT_MS};
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::frame::Decoder;
use lifeboot_wire::{self as wire, Answer, Body, Command, Refusal, Request, SESSION_TIMEOUT_MS};
use std::collections::VecDeque;

/// Flash operations without feeding the watchdog: a boot record, and the erase that may have to make room for it, with
/// the header before them.
const OPERATIONS: u32 = 4;

pub struct Line<'a> {
    choices: Choices<'a>,
    flash: Shared,
    why: Recovery,
    incoming: VecDeque<u8>,
    outgoing: Decoder<1200>,
    now: u32,
    /// What the transfer needs next, by the last answer.
    next: u32,
    /// How often the end of the input was reported.
    ends: u32,
    /// Flash operations when the watchdog was fed last, and when the flash was looked at.
    fed: u32,
    seen: u32,
    before: Record,
    record: Record,
    /// A trial that was there before, of an image that does not verify: not this run's doing.
    hopeless: bool,
    /// The slot that is never written, with its content.
    kept: Option<(Slot, Vec<u8>)>,
    marked: Option<Slot>,
    /// The answers to everything except a begin and requests for the state.
    pub refusals: Vec<Option<Refusal>>,
}

impl<'a> Line<'a> {
    pub fn new(choices: Choices<'a>, flash: Shared, why: Recovery, first: &[u8]) -> Self {
        let mut chip = flash.0.borrow_mut();
        let record = *Journal::open(&mut *chip, &MICROBIT).record();
        let hopeless = record.trial.is_some_and(|trial| !verifies(&mut chip, &record, trial.slot));
        let kept = match why {
            Recovery::NothingStarts => None,
            Recovery::Requested if record.lost => Some(record.confirmed.other()),
            Recovery::Requested | Recovery::Crashes => Some(record.confirmed),
            Recovery::LastFirmware => Some(record.confirmed.other()),
        };
        let kept = kept.map(|slot| (slot, chip.region(MICROBIT.slot(slot)).to_vec()));
        let operations = chip.operations();
        drop(chip);
        Line {
            choices,
            flash,
            why,
            incoming: first.iter().copied().chain([0]).collect(),
            outgoing: Decoder::new(),
            now: u32::MAX - 5000,
            next: 0,
            ends: 0,
            fed: operations,
            seen: operations,
            before: record,
            record,
            hopeless,
            kept,
            marked: None,
            refusals: Vec::new(),
        }
    }

    pub fn record(&self) -> Record {
        self.record
    }

    /// Checks what must hold at the end. Returns the slot that was marked.
    pub fn check(&mut self) -> Option<Slot> {
        self.look();
        self.marked
    }

    fn happen(&mut self) {
        let choices = &mut self.choices;
        match choices.byte() % 8 {
            0 => self.push(),
            1..=4 => {
                let bytes = command([self.next, 0], RUNNING.header.version.into(), choices);
                self.incoming.extend(bytes);
            }
            5 => self.incoming.extend(choices.bytes(64)),
            6 => {
                let mut bytes = command([self.next, 0], RUNNING.header.version.into(), choices);
                choices.mutate(&mut bytes);
                self.incoming.extend(bytes);
            }
            _ => self.now = self.now.wrapping_add(choices.edge(SESSION_TIMEOUT_MS)),
        }
    }

    /// A host's whole push, in good order; the bytes may be wrong in one place.
    fn push(&mut self) {
        let choices = &mut self.choices;
        let image = image(choices);
        let target = if choices.chance() { wire::Slot::B } else { wire::Slot::A };
        let mut content = image.content(image.header.linked_for(image.board).unwrap_or(Slot::A));
        let length = content.len();
        if choices.byte() % 4 == 1 {
            let mut behind = content.split_off(HEADER_LENGTH);
            choices.mutate(&mut behind);
            content.extend(behind);
            content.resize(length, 0xff);
        }
        self.now = self.now.wrapping_add(SESSION_TIMEOUT_MS);
        self.incoming.push_back(0);
        let running = wire::Version { major: 0, minor: 0, patch: 0, build: 0 };
        let header = image.header_bytes();
        self.send(1, Command::Begin { header: &header, running, target, force: false });
        let (table, payload) = (image.table_offset() as usize, image.board.header_length as usize);
        let payload_end = payload + image.header.payload_length as usize;
        let mut number = 1;
        for (from, to) in [(table, length), (payload, payload_end)] {
            for start in (from..to).step_by(CHUNK) {
                number += 1;
                let bytes = content.get(start..to.min(start + CHUNK)).unwrap_or_default();
                self.send(number, Command::Write { offset: start as u32, bytes });
            }
        }
        self.send(number + 1, Command::Finish);
    }

    fn send(&mut self, number: u8, command: Command) {
        self.incoming.extend(framed(&Request { session: 7, number, command }));
    }

    /// Ends it: no host sends any more, or one requests a reset. If the clock wrapped in between (after 49 days), the
    /// silence can look short: that host gets "busy", and repeats its request.
    fn end(&mut self) {
        let is_requested = self.why != Recovery::NothingStarts;
        assert!(self.ends < if is_requested { 1 } else { 2 }, "it does not end");
        self.ends += 1;
        if is_requested {
            self.now = self.now.wrapping_add(RECOVERY_TIMEOUT_MS + 1);
        } else {
            self.now = self.now.wrapping_add(SESSION_TIMEOUT_MS);
            self.incoming.push_back(0);
            self.send(200, Command::Reset);
        }
    }

    /// Checks what must hold after each write.
    fn look(&mut self) {
        let mut flash = self.flash.0.borrow_mut();
        let operations = flash.operations();
        if operations == self.seen {
            return;
        }
        self.seen = operations;
        let record = *Journal::open(&mut *flash, &MICROBIT).record();
        let kept = (record.epoch_floor, record.revoked);
        assert_eq!(kept, (self.before.epoch_floor, self.before.revoked), "not its business");
        let ended = record.outcomes.last().map(|outcome| (outcome.ending, outcome.slot));
        match self.record.trial {
            Some(trial) if record.trial != self.record.trial => {
                assert_eq!(ended, Some((Ending::Cancelled, trial.slot)))
            }
            _ => assert_eq!(record.outcomes, self.record.outcomes, "not its business"),
        }
        self.hopeless &= record.trial == self.before.trial;
        if let Some(trial) = record.trial.filter(|_| !self.hopeless) {
            assert!(verifies(&mut flash, &record, trial.slot), "on trial, and does not verify: {record:?}");
        }
        let marks = record.trial.filter(|_| record.trial != self.record.trial);
        // Before the confirmed firmware is written over, nothing is confirmed any more.
        let confirmed = self.record.confirmed;
        let replaced = if self.why == Recovery::NothingStarts { confirmed.other() } else { confirmed };
        let now = (record.confirmed, record.lost);
        assert!(now == (confirmed, self.record.lost) || now == (replaced, true), "{record:?} after {:?}", self.record);
        if let Some(trial) = marks {
            assert_eq!(trial, Trial::new(trial.slot));
            assert!(!record.is_confirmed(trial.slot), "{record:?}");
        }
        self.marked =
            record.trial.filter(|trial| *trial == Trial::new(trial.slot) && !self.hopeless).map(|trial| trial.slot);
        if let Some((slot, content)) = &self.kept {
            assert!(flash.region(MICROBIT.slot(*slot)) == &content[..], "slot {slot} was written");
        }
        drop(flash);
        self.record = record;
    }
}

impl recovery::Line for Line<'_> {
    fn receive(&mut self) -> Option<u8> {
        self.look();
        self.now = self.now.wrapping_add(u32::from(self.incoming.len().is_multiple_of(8)));
        if self.incoming.is_empty() {
            if self.choices.is_done() { self.end() } else { self.happen() }
        }
        self.incoming.pop_front()
    }

    /// Checks that the output consists of complete answers.
    fn send(&mut self, byte: u8) {
        if !self.outgoing.push(byte) {
            return;
        }
        let answer = self.outgoing.message::<Answer>().expect("an answer");
        match answer.body {
            Body::Begun { next } => self.next = next,
            Body::Written { next } => {
                self.next = next;
                self.refusals.push(None);
            }
            Body::Refused(refusal) => self.refusals.push(Some(refusal)),
            Body::Done | Body::Recovery { .. } => {}
            other => panic!("it cannot answer {other:?}"),
        }
    }

    fn flush(&mut self) {}

    fn now(&mut self) -> u32 {
        self.now
    }

    fn feed_watchdog(&mut self) {
        let operations = self.flash.0.borrow().operations();
        assert!(operations - self.fed <= OPERATIONS, "{} flash operations at once", operations - self.fed);
        self.fed = operations;
    }
}

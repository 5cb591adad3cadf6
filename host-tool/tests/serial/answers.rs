//! What a host is answered, by the session itself: each request once and in order, and what is left to do.

use crate::device::Device;
use crate::flash::Flash;
use crate::images::version;
use crate::pushes::recipe;
use crate::stranger::{framed, ranges, words};
use lifeboot_core::Slot;
use lifeboot_core::journal::Journal;
use lifeboot_core::record::{Cause, Trial};
use lifeboot_example_boards::MICROBIT;
use lifeboot_updater::{Event, Session, Updater};
use lifeboot_wire::frame::Decoder;
use lifeboot_wire::{self as wire, Answer, Command, Request};
use std::collections::VecDeque;

/// Turns in which everything that is asked here is done.
const TURNS: u32 = 1000;

/// Firmware, and the bytes that are on their way to it.
struct Firmware {
    flash: Flash,
    updater: Updater<Flash>,
    session: Session<560>,
    received: VecDeque<u8>,
    decoder: Decoder<1200>,
    now: u32,
}

impl Firmware {
    /// In slot A is 1.0.0, in slot B is 1.1.0, which a boot has started if it is `on_trial`.
    fn new(on_trial: bool) -> Self {
        let mut flash = Device::new(&MICROBIT).flash.clone();
        let other = recipe(&MICROBIT, 1, 900).image();
        flash.put(MICROBIT.slot(Slot::B).start, &other.for_slot(&MICROBIT, Slot::B).unwrap());
        if on_trial {
            let trial = Trial::new(Slot::B).started(Cause::Request);
            Journal::open(&mut flash, &MICROBIT).change(&mut flash, |record| record.trial = trial).unwrap();
        }
        let running = if on_trial { Slot::B } else { Slot::A };
        let mut firmware = Firmware {
            updater: Updater::running_in(running, flash.clone(), &MICROBIT).unwrap(),
            flash,
            session: Session::new(1024),
            received: VecDeque::new(),
            decoder: Decoder::new(),
            now: 0,
        };
        assert_eq!(firmware.answers(), []);
        firmware
    }

    fn send(&mut self, session: u16, number: u8, command: Command) {
        self.received.extend(framed(&Request { session, number, command }));
    }

    /// One turn; returns what is next, and the answer that was given.
    fn turn(&mut self) -> (Event, Option<(u8, String)>) {
        let taken = self.session.receive(self.received.make_contiguous());
        self.received.drain(..taken);
        self.now += 1;
        let event = self.session.advance(self.now, &mut self.updater);
        let output = self.session.pending_output().to_vec();
        self.session.consume_output(output.len());
        let mut answer = None;
        for byte in output {
            if self.decoder.push(byte) {
                let Answer { number, body } = self.decoder.message().unwrap();
                assert_eq!(answer.replace((number, words(&body))), None, "one answer in a turn");
            }
        }
        (event, answer)
    }

    /// What it answers until there is nothing to do.
    fn answers(&mut self) -> Vec<(u8, String)> {
        let mut answers = Vec::new();
        for _ in 0..TURNS {
            let (event, answer) = self.turn();
            answers.extend(answer);
            if event == Event::Idle && self.received.is_empty() {
                return answers;
            }
        }
        panic!("it always has something to do: {answers:?}");
    }
}

fn numbered(answers: &[(u8, &str)]) -> Vec<(u8, String)> {
    answers.iter().map(|(number, words)| (*number, (*words).to_owned())).collect()
}

/// A request waits for the end of the one before, though this is done beside everything else.
#[test]
fn requests_are_answered_in_order() {
    let mut firmware = Firmware::new(true);
    firmware.send(9, 1, Command::Confirm);
    firmware.send(9, 2, Command::Status);
    assert_eq!(firmware.answers(), numbered(&[(1, "done"), (2, "status")]));
}

#[test]
fn a_request_that_is_repeated_while_it_is_carried_out_is_answered_twice_if_it_is_done() {
    let mut firmware = Firmware::new(false);
    firmware.send(9, 1, Command::Rollback);
    firmware.send(9, 1, Command::Rollback);
    assert_eq!(firmware.answers(), numbered(&[(1, "done"), (1, "done")]));
}

/// Carried out again, it would fail again, after as long a time.
#[test]
fn a_request_that_is_repeated_while_it_fails_is_answered_once() {
    let mut firmware = Firmware::new(false);
    firmware.flash.put(MICROBIT.slot(Slot::B).start + 300, &[0; 8]);
    firmware.send(9, 1, Command::Rollback);
    firmware.send(9, 1, Command::Rollback);
    assert_eq!(firmware.answers(), numbered(&[(1, "refused: Digest")]));
}

/// What somebody else has asked meanwhile, under whatever number, is another request.
#[test]
fn what_another_host_asks_while_a_request_fails_is_answered() {
    for (session, number) in [(8, 1), (8, 5), (9, 5)] {
        let mut firmware = Firmware::new(false);
        firmware.flash.put(MICROBIT.slot(Slot::B).start + 300, &[0; 8]);
        firmware.send(9, 1, Command::Rollback);
        firmware.send(session, number, Command::Status);
        assert_eq!(firmware.answers(), numbered(&[(1, "refused: Digest"), (number, "status")]));
    }
}

/// The host's bytes were taken, and the answer to them is gone.
#[test]
fn a_transfer_that_fails_later_is_reported_to_its_host() {
    let mut firmware = Firmware::new(false);
    let image = recipe(&MICROBIT, 2, 3000).image();
    let running = version(0).into();
    let begin = Command::Begin { header: image.header_bytes(), running, target: wire::Slot::B, force: false };
    firmware.send(9, 1, begin);
    let (table, _) = ranges(&image);
    assert_eq!(firmware.answers(), numbered(&[(1, &format!("begun at {}", table.0))]));
    firmware.flash.refuse(true);
    let bytes = &image.to_bytes()[table.0 as usize..table.1 as usize];
    firmware.send(9, 2, Command::Write { offset: table.0, bytes });
    let answers = firmware.answers();
    assert_eq!(answers.last(), Some(&(0, "refused: Flash".to_owned())), "{answers:?}");
}

/// Firmware that sleeps while a session is idle must not sleep in the middle of its own confirm.
#[test]
fn a_session_is_not_idle_while_the_application_confirms() {
    let mut firmware = Firmware::new(true);
    let ticket = firmware.updater.request_confirm().unwrap().unwrap();
    while firmware.updater.result(ticket).is_none() {
        assert_eq!(firmware.turn(), (Event::Busy, None));
    }
    assert_eq!(firmware.answers(), []);
}

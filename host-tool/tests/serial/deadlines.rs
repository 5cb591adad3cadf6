//! What must not wait for the line: the deadline of a trial, and a restart that a host requested. The line takes
//! nothing, fails, brings too much or has ended, and stays so; the watchdog is fed all the time.

use crate::device::{Device, Firmware};
use crate::flash::Flash;
use crate::line::Wire;
use crate::messages::scenes::{BELIEVED, image};
use crate::stranger::{Stranger, framed};
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use lifeboot_client::pipe::Pipe;
use lifeboot_core::Slot;
use lifeboot_core::journal::Journal;
use lifeboot_core::record::{Cause, Record, Trial};
use lifeboot_example_boards::MICROBIT;
use lifeboot_updater::{Event, RESTART_DELAY, Session, TRIAL_DEADLINE, Updater};
use lifeboot_wire::{Command, Request, SESSION_TIMEOUT_MS};
use std::collections::VecDeque;
use std::time::Duration;

const DAY: u32 = 24 * 60 * 60 * 1000;

/// What a line does, all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// Takes nothing: a USB port that nobody reads, a UART with flow control.
    TakesNothing,
    /// Says that it takes something, and does not.
    Pretends,
    /// Fails.
    Fails,
    /// Has ended.
    Ends,
    /// Brings a request after the other, as fast as they are read, and takes the answers.
    Asks,
    /// Brings a request after the other and takes no answer.
    AsksAndTakesNothing,
    /// Brings noise.
    Noise,
}

const LINES: [Does; 7] =
    [Does::TakesNothing, Does::Pretends, Does::Fails, Does::Ends, Does::Asks, Does::AsksAndTakesNothing, Does::Noise];

struct Line {
    does: Does,
    incoming: VecDeque<u8>,
    number: u8,
}

impl Line {
    fn new(does: Does) -> Self {
        Line { does, incoming: VecDeque::new(), number: 0 }
    }

    fn asks(&self) -> bool {
        matches!(self.does, Does::Asks | Does::AsksAndTakesNothing)
    }
}

impl ErrorType for Line {
    type Error = ErrorKind;
}

impl ReadReady for Line {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        match self.does {
            Does::Fails => Err(ErrorKind::Other),
            Does::TakesNothing | Does::Pretends => Ok(!self.incoming.is_empty()),
            Does::Ends | Does::Asks | Does::AsksAndTakesNothing | Does::Noise => Ok(true),
        }
    }
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
        if self.does == Does::Ends {
            return Ok(0);
        }
        if self.incoming.is_empty() && self.asks() {
            // Requests that keep a session, and one that others would wait for.
            self.number = self.number.wrapping_add(1);
            let command = if self.number.is_multiple_of(2) { Command::Status } else { Command::Finish };
            self.incoming.extend(framed(&Request { session: 9, number: self.number, command }));
        }
        bytes[0] = self.incoming.pop_front().unwrap_or(0x5a);
        Ok(1)
    }
}

impl WriteReady for Line {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        match self.does {
            Does::Fails => Err(ErrorKind::Other),
            Does::TakesNothing | Does::AsksAndTakesNothing => Ok(false),
            Does::Pretends | Does::Ends | Does::Asks | Does::Noise => Ok(true),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        match self.does {
            Does::Asks | Does::Noise => Ok(bytes.len()),
            _ => Ok(0),
        }
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        panic!("firmware would wait here for a line that takes nothing")
    }
}

/// A device that runs slot B on trial, or slot A, confirmed.
fn updater(on_trial: bool) -> Updater<Flash> {
    let mut flash = Device::new(&MICROBIT).flash.clone();
    flash.put(MICROBIT.slot(Slot::B).start, &image().for_slot(&MICROBIT, Slot::B).unwrap());
    if on_trial {
        let record = Record { trial: Trial::new(Slot::B).started(Cause::Request), ..Record::FACTORY };
        Journal::open(&mut flash, &MICROBIT).append(&mut flash, &record).unwrap();
    }
    Updater::running_in(if on_trial { Slot::B } else { Slot::A }, flash, &MICROBIT).unwrap()
}

/// Polls every `step` milliseconds of a day; returns when the chip is to be reset.
fn reset_after(
    session: &mut Session<560>,
    updater: &mut Updater<Flash>,
    line: &mut Line,
    start: u32,
    step: u32,
) -> Option<u32> {
    (0..DAY).step_by(step as usize).find(|passed| {
        let polled = session.poll(start.wrapping_add(*passed), line, updater);
        // Logs are offered in each turn, as the example does.
        session.offer_log(b"a tick");
        polled == Ok(Event::Reset)
    })
}

#[test]
fn a_trial_ends_at_its_deadline_whatever_the_line_does() {
    for does in LINES {
        // The clock wraps during the trial; and the application's loop steps over the very millisecond.
        for (start, step) in [(0, 7), (u32::MAX - 1000, 7), (u32::MAX - TRIAL_DEADLINE, 13), (5, 911)] {
            let (mut session, mut updater) = (Session::new(1024), updater(true));
            let reset = reset_after(&mut session, &mut updater, &mut Line::new(does), start, step);
            let due = TRIAL_DEADLINE / step * step + step;
            assert_eq!(reset, Some(due), "{does:?} from {start} by {step}");
            // And firmware that looks away is told again, also when the time has come around.
            for later in [due + step, due + DAY, u32::MAX - 10, 10] {
                let told = session.advance(start.wrapping_add(later), &mut updater);
                assert_eq!(told, Event::Reset, "{does:?}, {later}");
            }
        }
    }
}

#[test]
fn confirmed_firmware_has_no_deadline() {
    for does in [Does::TakesNothing, Does::Fails, Does::Ends] {
        let (mut session, mut updater) = (Session::new(1024), updater(false));
        assert_eq!(reset_after(&mut session, &mut updater, &mut Line::new(does), 0, 997), None, "{does:?}");
    }
}

/// Firmware that makes a session for each connection: hosts that connect again and again do not prolong a trial.
#[test]
fn a_new_session_is_no_new_deadline() {
    let mut updater = updater(true);
    let reset = (0..DAY).step_by(1000).find(|now| {
        let mut session = Session::<560>::new(1024);
        session.advance(*now, &mut updater) == Event::Reset
    });
    assert_eq!(reset, Some(TRIAL_DEADLINE + 1000));
}

/// A host that requests a restart and then reads no more: on confirmed firmware, where nothing else would help.
#[test]
fn a_restart_comes_though_the_line_takes_nothing() {
    for (command, event) in [(Command::Reset, Event::Reset), (Command::Recover, Event::Recover)] {
        for start in [0, u32::MAX - 50] {
            let (mut session, mut updater) = (Session::<560>::new(1024), updater(false));
            session.consume_output(1);
            session.receive(&framed(&Request { session: 3, number: 1, command: command.clone() }));
            let mut line = Line::new(Does::TakesNothing);
            let came =
                (0..DAY).find(|passed| session.poll(start.wrapping_add(*passed), &mut line, &mut updater) == Ok(event));
            assert_eq!(came, Some(SESSION_TIMEOUT_MS), "{command:?} from {start}");
        }
    }
}

/// A line that works: the answer has some time to leave the port, and nothing else is sent meanwhile.
#[test]
fn a_restart_lets_the_answer_go_out() {
    for (command, event) in [(Command::Reset, Event::Reset), (Command::Recover, Event::Recover)] {
        let (mut session, mut updater) = (Session::<560>::new(1024), updater(false));
        session.consume_output(1);
        session.receive(&framed(&Request { session: 3, number: 1, command }));
        let mut line = Line::new(Does::Asks);
        let mut sent = None;
        let came = (0..DAY).find(|now| {
            let polled = session.poll(*now, &mut line, &mut updater);
            if polled == Ok(event) {
                return true;
            }
            if session.pending_output().is_empty() && *now > 0 {
                sent.get_or_insert(*now);
                assert_eq!(session.offer_log(b"too late"), 0);
                assert!(!session.offer_boot_log(b"too late"));
            }
            false
        });
        assert_eq!(came.unwrap() - sent.unwrap(), RESTART_DELAY);
        // Firmware that does not know of recovery goes on; a reset is reported until it comes.
        let next = session.poll(came.unwrap() + 1, &mut line, &mut updater);
        assert_eq!(next == Ok(Event::Reset), event == Event::Reset);
    }
}

/// The boot log is offered once, and waits for a line that is busy.
#[test]
fn the_boot_log_waits_for_the_line() {
    let mut session = Session::<560>::new(1024);
    assert_eq!(session.pending_output(), [0]);
    assert!(!session.offer_boot_log(b"log"), "a zero is still to be sent");
    assert_eq!(session.pending_output(), [0], "and is not replaced");
    session.consume_output(1);
    assert!(session.offer_boot_log(b""), "there is none");
    assert!(session.pending_output().is_empty());
    assert!(session.offer_boot_log(b"log"));
    let sent = session.pending_output().to_vec();
    assert!(!session.offer_boot_log(b"another"));
    assert_eq!(session.pending_output(), sent);
}

/// On the whole device: a host that floods firmware on trial with requests does not keep it from its deadline.
#[test]
fn a_busy_host_does_not_prolong_a_trial() {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(1, Firmware::Unsure);
    let mut wire = Wire::to(device);
    wire.pause(Duration::from_millis(310));
    let mut host = Stranger::new(&wire, 7);
    assert!(host.begin(image(), BELIEVED).starts_with("begun"));
    host.write_all(image());
    assert_eq!(host.ask(&Command::Finish), "done");
    assert_eq!(host.ask(&Command::Reset), "done");
    wire.pause(Duration::from_millis(1000));
    let starts = wire.bench().device.starts;
    let started = wire.bench().now;
    while wire.bench().device.starts == starts {
        let _ = host.ask(&Command::Status);
        let _ = host.ask(&Command::Finish);
        assert!(wire.bench().now - started < 21_000, "the trial's deadline is 20 s");
    }
    assert_eq!(wire.bench().device.running(), Some(Slot::B), "its next attempt");
}

//! What a session says of itself to the loop that drives it, over flash that is blank.

extern crate std;

use super::*;
use core::convert::Infallible;
use core::future::pending;
use core::pin::pin;
use core::task::{Context, Waker};
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use embedded_storage::nor_flash::{self, ReadNorFlash};
use lifeboot_core::Slot;
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::{Command, Request};
use std::vec::Vec;

/// Blank flash of the micro:bit.
struct Blank;

impl nor_flash::ErrorType for Blank {
    type Error = Infallible;
}

impl ReadNorFlash for Blank {
    const READ_SIZE: usize = 1;

    fn read(&mut self, _: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0xff);
        Ok(())
    }

    fn capacity(&self) -> usize {
        MICROBIT.flash_length as usize
    }
}

impl NorFlash for Blank {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, _: u32, _: u32) -> Result<(), Infallible> {
        unreachable!()
    }

    fn write(&mut self, _: u32, _: &[u8]) -> Result<(), Infallible> {
        unreachable!()
    }
}

/// Without a boot record slot A is confirmed, so firmware in slot B is on trial.
fn updater(running: Slot) -> Updater<Blank> {
    Updater::running_in(running, Blank, &MICROBIT).ok().unwrap()
}

/// A session whose first byte, which ends whatever was on the line before, was sent.
fn session() -> Session<288> {
    let mut session = Session::new(288);
    session.consume_output(1);
    session
}

/// The frame of a request for the status.
fn request() -> Vec<u8> {
    let (mut scratch, mut frame) = ([0; 64], [0; 64]);
    let request = Request { session: 1, number: 1, command: Command::Status };
    let length = frame::encode(&request, &mut scratch, &mut frame).unwrap();
    frame[..length].to_vec()
}

#[test]
fn bytes_are_taken_up_to_the_end_of_a_message() {
    let mut session = session();
    let frame = request();
    let two = [&frame[..], &frame].concat();
    assert_eq!(session.receive(&two[..3]), 3);
    assert!(session.wants_input());
    assert_eq!(session.receive(&two[3..]), frame.len() - 3);
    assert!(!session.wants_input());
    assert_eq!(session.receive(&frame), 0);
}

#[test]
fn a_session_is_busy_while_there_is_something_to_do_or_to_send() {
    let (mut session, mut updater) = (Session::<288>::new(288), updater(Slot::A));
    assert!(session.is_busy(), "a byte is to be sent");
    assert_eq!(session.advance(0, &mut updater), Event::Busy);
    session.consume_output(1);
    assert_eq!(session.advance(0, &mut updater), Event::Idle);
    assert!(!session.is_busy());
    session.receive(&request());
    assert!(session.is_busy(), "a request is to be answered");
    assert_eq!(session.advance(0, &mut updater), Event::Busy);
    assert!(session.is_busy(), "an answer is to be sent");
    session.consume_output(session.pending_output().len());
    assert_eq!(session.advance(0, &mut updater), Event::Idle);
    assert!(!session.is_busy());
}

#[test]
fn a_log_is_sent_in_pieces_when_the_line_is_free() {
    let mut session = session();
    assert_eq!(session.offer_log(&[]), 0);
    assert_eq!(session.offer_log(&[7; LOG + 1]), LOG);
    assert_eq!(session.offer_log(b"more"), 0, "the line is busy");
    session.consume_output(session.pending_output().len());
    assert_eq!(session.offer_log(b"more"), 4);
}

/// A port that fails.
struct Failing;

impl ErrorType for Failing {
    type Error = ErrorKind;
}

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::Other)
    }
}

impl ReadReady for Failing {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Err(ErrorKind::Other)
    }
}

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::Other)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Err(ErrorKind::Other)
    }
}

impl WriteReady for Failing {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Err(ErrorKind::Other)
    }
}

#[test]
fn a_port_that_fails_is_reported_unless_the_trial_is_over() {
    let (mut session, mut updater) = (session(), updater(Slot::B));
    for now in [0, TRIAL_DEADLINE] {
        assert_eq!(session.poll(now, &mut Failing, &mut updater), Err(ErrorKind::Other));
    }
    assert_eq!(session.poll(TRIAL_DEADLINE + 1, &mut Failing, &mut updater), Ok(Event::Reset));
}

/// A line on which nothing arrives.
struct Silent;

impl ErrorType for Silent {
    type Error = Infallible;
}

impl embedded_io_async::Read for Silent {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        pending().await
    }
}

impl embedded_io_async::Write for Silent {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn input_is_waited_for_if_there_is_nothing_else_to_do() {
    let (mut session, mut updater) = (Session::<288>::new(288), updater(Slot::A));
    for (event, waits) in [(Event::Busy, false), (Event::Idle, true)] {
        assert_eq!(session.advance(0, &mut updater), event);
        session.consume_output(session.pending_output().len());
        let (mut receiver, mut sender) = (Silent, Silent);
        let mut exchange = pin!(session.exchange(&mut receiver, &mut sender));
        // Other tasks run first.
        let polled = [(); 2].map(|()| exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(polled, [true, waits], "{event:?}");
    }
}

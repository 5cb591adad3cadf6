use super::*;
use core::convert::Infallible;
use core::future::pending;
use core::pin::pin;
use core::task::{Context, Waker};
use embedded_io::{ErrorKind, ErrorType};

/// What the futures of a port do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Fail at once.
    Fails,
    /// Report the end of the file: no byte, and no error.
    Ends,
    /// Give and take a byte at once.
    Ready,
    /// Take bytes, and never get them out.
    Stalls,
}

impl ErrorType for Does {
    type Error = ErrorKind;
}

impl AsyncRead for Does {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
        bytes.fill(1);
        match self {
            Does::Fails => Err(ErrorKind::Other),
            Does::Ends => Ok(0),
            Does::Ready => Ok(1),
            Does::Stalls => pending().await,
        }
    }
}

impl AsyncWrite for Does {
    async fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        match self {
            Does::Fails => Err(ErrorKind::Other),
            Does::Ends => Ok(0),
            Does::Ready | Does::Stalls => Ok(1),
        }
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        match self {
            Does::Fails => Err(ErrorKind::Other),
            Does::Ends | Does::Ready => Ok(()),
            Does::Stalls => pending().await,
        }
    }
}

/// Polls an exchange twice: other tasks run in between.
fn twice(session: &mut Session<288>, mut receiver: Does, mut sender: Does) -> [Poll<Result<(), ErrorKind>>; 2] {
    let mut exchange = pin!(session.exchange(&mut receiver, &mut sender));
    let mut poll = || exchange.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    [poll(), poll()]
}

#[test]
fn other_tasks_run_though_a_port_fails_each_time() {
    let mut session = Session::new(288);
    for _ in 0..3 {
        let polled = twice(&mut session, Does::Fails, Does::Fails);
        assert_eq!(polled, [Poll::Pending, Poll::Ready(Err(ErrorKind::Other))]);
    }
}

/// A socket that the other side has closed, a terminal that was hung up.
#[test]
fn other_tasks_run_though_a_port_has_ended() {
    let mut session = Session::new(288);
    for _ in 0..3 {
        assert_eq!(twice(&mut session, Does::Ends, Does::Ends), [Poll::Pending, Poll::Ready(Ok(()))]);
    }
    session.consume_output(1);
    for _ in 0..3 {
        assert_eq!(twice(&mut session, Does::Ends, Does::Ends), [Poll::Pending, Poll::Ready(Ok(()))]);
    }
}

#[test]
fn other_tasks_run_though_a_port_is_always_ready() {
    let mut session = Session::new(288);
    for _ in 0..3 {
        assert_eq!(twice(&mut session, Does::Ready, Does::Ready), [Poll::Pending, Poll::Ready(Ok(()))]);
        assert!(session.pending_output().is_empty() && !session.unflushed);
    }
}

/// A line that takes nothing keeps the session neither from reading nor from what is to be done.
#[test]
fn what_is_not_flushed_holds_nothing_up() {
    let mut session = Session::new(288);
    assert_eq!(twice(&mut session, Does::Ready, Does::Stalls), [Poll::Pending, Poll::Ready(Ok(()))]);
    assert!(session.pending_output().is_empty() && session.unflushed);
    assert_eq!(twice(&mut session, Does::Ready, Does::Stalls), [Poll::Pending, Poll::Ready(Ok(()))]);
    assert!(session.unflushed, "still to be flushed");
    assert_eq!(twice(&mut session, Does::Ready, Does::Ready), [Poll::Pending, Poll::Ready(Ok(()))]);
    assert!(!session.unflushed);
}

/// A port that is ready to write and takes nothing.
struct Full;

impl ErrorType for Full {
    type Error = Infallible;
}

impl Read for Full {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl ReadReady for Full {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> Result<usize, Infallible> {
        Ok(0)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        panic!("a line that takes nothing would be waited for")
    }
}

impl WriteReady for Full {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

#[test]
fn a_port_that_takes_nothing_is_left_alone() {
    let mut session = Session::<288>::new(288);
    assert_eq!(session.carry_ready(&mut Full), Ok(()));
    assert_eq!(session.pending_output(), [0]);
}

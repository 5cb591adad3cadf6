//! A device's serial port, as drivers offer it to blocking and to async firmware.

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use embedded_io_async::{Read as AsyncRead, Write as AsyncWrite};
use lifeboot_updater::Session;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Bytes that the transmitter holds.
const TRANSMITTER: usize = 64;

/// The device's end of the line: what has arrived, and the transmitter.
pub struct Serial<'a> {
    pub received: &'a mut VecDeque<u8>,
    pub transmitted: &'a mut VecDeque<u8>,
}

impl ErrorType for Serial<'_> {
    type Error = Infallible;
}

impl Read for Serial<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(std::io::Read::read(self.received, buffer).unwrap_or_default())
    }
}

impl ReadReady for Serial<'_> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.received.is_empty())
    }
}

impl Write for Serial<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let room = TRANSMITTER - self.transmitted.len().min(TRANSMITTER);
        let taken = &bytes[..bytes.len().min(room)];
        self.transmitted.extend(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl WriteReady for Serial<'_> {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.transmitted.len() < TRANSMITTER)
    }
}

/// The half that receives.
struct Receiver<'a>(&'a mut VecDeque<u8>);

impl ErrorType for Receiver<'_> {
    type Error = Infallible;
}

impl AsyncRead for Receiver<'_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|_| if self.0.is_empty() { Poll::Pending } else { Poll::Ready(()) }).await;
        Ok(std::io::Read::read(self.0, buffer).unwrap_or_default())
    }
}

/// The half that sends.
struct Sender<'a>(&'a mut VecDeque<u8>);

impl ErrorType for Sender<'_> {
    type Error = Infallible;
}

impl AsyncWrite for Sender<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        poll_fn(|_| if self.0.len() < TRANSMITTER { Poll::Ready(()) } else { Poll::Pending }).await;
        let taken = &bytes[..bytes.len().min(TRANSMITTER - self.0.len())];
        self.0.extend(taken);
        Ok(taken.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        poll_fn(|_| if self.0.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }).await
    }
}

impl Serial<'_> {
    /// Goes on with the exchange up to the first thing that it would wait for, and drops it there.
    pub fn exchange_once<const N: usize>(&mut self, session: &mut Session<N>) {
        let (mut receiver, mut sender) = (Receiver(self.received), Sender(self.transmitted));
        let mut exchange = pin!(session.exchange(&mut receiver, &mut sender));
        let _ = exchange.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}

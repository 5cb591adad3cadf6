//! The serial port as the session needs it: received bytes come from a buffer that an interrupt or DMA fills, and bytes
//! to send are passed to the port one by one.

use core::convert::Infallible;
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use heapless::spsc::Consumer;

/// The receiving half of a port.
pub trait Receive {
    /// Whether a byte was received.
    fn is_ready(&self) -> bool;

    /// Takes a received byte, if there is one.
    fn take(&mut self) -> Option<u8>;
}

/// A queue that an interrupt fills.
impl Receive for Consumer<'static, u8> {
    fn is_ready(&self) -> bool {
        self.ready()
    }

    fn take(&mut self) -> Option<u8> {
        self.dequeue()
    }
}

/// The sending half of a port.
pub trait Transmit {
    /// Whether the port takes a byte now.
    fn is_ready(&self) -> bool;

    /// Sends a byte. Must only be called if the port takes one now: otherwise a byte is lost.
    fn send(&mut self, byte: u8);
}

/// A serial port.
pub struct Serial<R, T> {
    receiver: R,
    transmitter: T,
}

impl<R: Receive, T: Transmit> Serial<R, T> {
    /// Returns a port made of its two halves.
    pub fn new(receiver: R, transmitter: T) -> Self {
        Serial { receiver, transmitter }
    }
}

impl<R, T> ErrorType for Serial<R, T> {
    type Error = Infallible;
}

impl<R: Receive, T> ReadReady for Serial<R, T> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.receiver.is_ready())
    }
}

impl<R: Receive, T> Read for Serial<R, T> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let mut length = 0;
        for (place, byte) in bytes.iter_mut().zip(core::iter::from_fn(|| self.receiver.take())) {
            *place = byte;
            length += 1;
        }
        Ok(length)
    }
}

impl<R, T: Transmit> WriteReady for Serial<R, T> {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.transmitter.is_ready())
    }
}

impl<R, T: Transmit> Write for Serial<R, T> {
    /// Sends one byte, if the port has room: the ports of these boards have room for no more.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let byte = bytes.first().filter(|_| self.transmitter.is_ready());
        Ok(byte.map_or(0, |byte| {
            self.transmitter.send(*byte);
            1
        }))
    }

    /// Not called: a session never waits for the line.
    fn flush(&mut self) -> Result<(), Infallible> {
        while !self.transmitter.is_ready() {}
        Ok(())
    }
}

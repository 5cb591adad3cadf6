//! The serial port as the session wants it: received bytes from a queue that the port's interrupt fills, bytes to send
//! handed to the port one by one.

use core::convert::Infallible;
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use heapless::spsc::Consumer;

/// The sending half of a port.
pub trait Transmit {
    /// Whether the port takes a byte now.
    fn is_ready(&self) -> bool;

    /// Sends a byte; waits until the port takes it.
    fn send(&mut self, byte: u8);
}

/// A serial port.
pub struct Serial<T> {
    received: Consumer<'static, u8>,
    transmitter: T,
}

impl<T> Serial<T> {
    /// A port that receives by an interrupt, which holds the queue's other end.
    pub fn new(received: Consumer<'static, u8>, transmitter: T) -> Self {
        Serial { received, transmitter }
    }
}

impl<T> ErrorType for Serial<T> {
    type Error = Infallible;
}

impl<T> ReadReady for Serial<T> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.received.ready())
    }
}

impl<T> Read for Serial<T> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let mut length = 0;
        for (place, byte) in bytes.iter_mut().zip(core::iter::from_fn(|| self.received.dequeue())) {
            *place = byte;
            length += 1;
        }
        Ok(length)
    }
}

impl<T: Transmit> WriteReady for Serial<T> {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.transmitter.is_ready())
    }
}

impl<T: Transmit> Write for Serial<T> {
    /// Takes one byte: the ports of these boards have room for no more.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.first().map_or(0, |byte| {
            self.transmitter.send(*byte);
            1
        }))
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while !self.transmitter.is_ready() {}
        Ok(())
    }
}

//! The device's end of a line: what has arrived, and a transmitter that has room for one byte.

use crate::pace::Lane;
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use std::collections::VecDeque;
use std::convert::Infallible;

/// The device's serial port.
pub struct Port<'a> {
    pub now: u64,
    pub up: &'a mut Lane,
    pub received: &'a mut VecDeque<u8>,
}

impl ErrorType for Port<'_> {
    type Error = Infallible;
}

impl ReadReady for Port<'_> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.received.is_empty())
    }
}

impl Read for Port<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(std::io::Read::read(self.received, buffer).unwrap_or_default())
    }
}

impl WriteReady for Port<'_> {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.up.free() <= self.now)
    }
}

impl Write for Port<'_> {
    /// Takes one byte, as the transmitter has room for only one.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let first = &bytes[..bytes.len().min(1)];
        self.up.put(self.now, first);
        Ok(first.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

//! Two serial ports that act as one: a host may use either, and output goes to the port that the last byte came from.

use core::convert::Infallible;
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};

/// One of two ports.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    First,
    Second,
}

/// Two ports. Before any byte was received, the first is the active one.
///
/// While the active port has bytes, the other one waits. A host that starts while another is in the middle of a frame
/// spoils that frame, which is then sent again.
pub struct Pair<A, B> {
    first: A,
    second: B,
    talks: Which,
}

impl<A, B> Pair<A, B> {
    /// Joins two ports into one.
    pub fn new(first: A, second: B) -> Self {
        Pair { first, second, talks: Which::First }
    }
}

impl<A, B> ErrorType for Pair<A, B> {
    type Error = Infallible;
}

impl<A, B> ReadReady for Pair<A, B>
where
    A: ReadReady<Error = Infallible>,
    B: ReadReady<Error = Infallible>,
{
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.first.read_ready()? || self.second.read_ready()?)
    }
}

impl<A, B> Read for Pair<A, B>
where
    A: Read<Error = Infallible> + ReadReady,
    B: Read<Error = Infallible> + ReadReady,
{
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let (first, second) = (self.first.read_ready()?, self.second.read_ready()?);
        self.talks = match self.talks {
            Which::First if !first && second => Which::Second,
            Which::Second if !second && first => Which::First,
            talks => talks,
        };
        match self.talks {
            Which::First => self.first.read(bytes),
            Which::Second => self.second.read(bytes),
        }
    }
}

impl<A, B> WriteReady for Pair<A, B>
where
    A: WriteReady<Error = Infallible>,
    B: WriteReady<Error = Infallible>,
{
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        match self.talks {
            Which::First => self.first.write_ready(),
            Which::Second => self.second.write_ready(),
        }
    }
}

impl<A, B> Write for Pair<A, B>
where
    A: Write<Error = Infallible>,
    B: Write<Error = Infallible>,
{
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        match self.talks {
            Which::First => self.first.write(bytes),
            Which::Second => self.second.write(bytes),
        }
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        match self.talks {
            Which::First => self.first.flush(),
            Which::Second => self.second.flush(),
        }
    }
}

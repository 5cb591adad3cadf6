//! Async flash whose driver has no blocking reads: what reads it instead.

use core::fmt::Debug;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_storage::nor_flash::{ErrorType, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use embedded_storage_async::nor_flash as with_async;

/// Async flash whose reads wait for nothing, such as `nrf_softdevice::Flash`, which copies them from memory: they are blocking
/// reads in all but name.
///
/// A read that waits all the same fails: a driver that reads by DMA, or flash behind a mutex that somebody else holds. For
/// these there is [`SplitFlash`].
#[derive(Debug)]
pub struct ReadAtOnce<F>(pub F);

/// What [`ReadAtOnce`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError<E> {
    /// The error of the driver.
    Flash(E),
    /// The read has not ended at once.
    Waits,
}

impl<E: NorFlashError> NorFlashError for ReadError<E> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            ReadError::Flash(error) => error.kind(),
            ReadError::Waits => NorFlashErrorKind::Other,
        }
    }
}

impl<F: ErrorType> ErrorType for ReadAtOnce<F> {
    type Error = ReadError<F::Error>;
}

impl<F: with_async::ReadNorFlash> ReadNorFlash for ReadAtOnce<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        match pin!(self.0.read(offset, bytes)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => read.map_err(ReadError::Flash),
            Poll::Pending => Err(ReadError::Waits),
        }
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: with_async::ReadNorFlash> with_async::ReadNorFlash for ReadAtOnce<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.read(offset, bytes).await.map_err(ReadError::Flash)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: with_async::NorFlash> with_async::NorFlash for ReadAtOnce<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.0.erase(from, to).await.map_err(ReadError::Flash)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.write(offset, bytes).await.map_err(ReadError::Flash)
    }
}

/// Flash that is read in one way and written in another: async flash that an application shares by a mutex, and its place in
/// memory, where everybody may read it.
#[derive(Debug)]
pub struct SplitFlash<R, W> {
    /// What is read, such as the place in memory at which the core sees the flash.
    pub reads: R,
    /// What erases and writes.
    pub writes: W,
}

/// What [`SplitFlash`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError<R, W> {
    /// Of a read.
    Read(R),
    /// Of an erase or a write.
    Write(W),
}

impl<R: NorFlashError, W: NorFlashError> NorFlashError for SplitError<R, W> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            SplitError::Read(error) => error.kind(),
            SplitError::Write(error) => error.kind(),
        }
    }
}

impl<R: ErrorType, W: ErrorType> ErrorType for SplitFlash<R, W> {
    type Error = SplitError<R::Error, W::Error>;
}

impl<R: ReadNorFlash, W: ErrorType> ReadNorFlash for SplitFlash<R, W> {
    const READ_SIZE: usize = R::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.reads.read(offset, bytes).map_err(SplitError::Read)
    }

    fn capacity(&self) -> usize {
        self.reads.capacity()
    }
}

impl<R: ReadNorFlash, W: ErrorType> with_async::ReadNorFlash for SplitFlash<R, W> {
    const READ_SIZE: usize = R::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.reads.read(offset, bytes).map_err(SplitError::Read)
    }

    fn capacity(&self) -> usize {
        self.reads.capacity()
    }
}

impl<R: ReadNorFlash, W: with_async::NorFlash> with_async::NorFlash for SplitFlash<R, W> {
    const WRITE_SIZE: usize = W::WRITE_SIZE;
    const ERASE_SIZE: usize = W::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.writes.erase(from, to).await.map_err(SplitError::Write)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.writes.write(offset, bytes).await.map_err(SplitError::Write)
    }
}

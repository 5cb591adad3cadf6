//! Connects a session to a serial port: [`poll`](Session::poll) for blocking firmware, [`exchange`](Session::exchange)
//! for async.

use crate::event::Event;
use crate::session::Session;
use crate::updater::Updater;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use embedded_io::{Read, ReadReady, Write, WriteReady};
use embedded_io_async::{Read as AsyncRead, Write as AsyncWrite};
use embedded_storage::nor_flash::NorFlash;

impl<const N: usize> Session<N> {
    /// For blocking firmware: sends and reads what the port is ready for, does at most one flash operation, and never
    /// waits, also before a restart. `now` is in milliseconds since an arbitrary start, and wraps.
    ///
    /// # Errors
    /// Those of `serial`; all the same was done what is next. The next call continues. [`Event::Reset`] and
    /// [`Event::Recover`] are reported instead of an error.
    pub fn poll<S, F>(&mut self, now: u32, serial: &mut S, updater: &mut Updater<F>) -> Result<Event, S::Error>
    where
        S: Read + ReadReady + Write + WriteReady,
        F: NorFlash,
    {
        let carried = self.carry_ready(serial);
        // Also if the port fails: the deadline of a trial does not depend on it.
        let event = self.advance(now, updater);
        match carried {
            Err(error) if !matches!(event, Event::Reset | Event::Recover) => Err(error),
            _ => Ok(event),
        }
    }

    fn carry_ready<S: Read + ReadReady + Write + WriteReady>(&mut self, serial: &mut S) -> Result<(), S::Error> {
        while !self.pending_output().is_empty() && serial.write_ready()? {
            let count = serial.write(self.pending_output())?;
            if count == 0 {
                break;
            }
            self.consume_output(count);
        }
        let mut byte = [0];
        // At most a frame's worth: a flood of bytes must not block the application.
        for _ in 0..N {
            if !self.wants_input() || !serial.read_ready()? || serial.read(&mut byte)? == 0 {
                break;
            }
            self.receive(&byte);
        }
        Ok(())
    }

    /// For async firmware: sends what is to be sent and, if nothing else is left to do, waits for input. Other tasks
    /// run meanwhile, between two flash operations, and in each call, also if the port is always ready, fails each time
    /// or has ended. Then call [`advance`](Self::advance), which never waits.
    ///
    /// May be dropped at any await: the host sends again what was lost on the line. **Drop it after a timeout**, so that
    /// [`advance`](Self::advance) can notice the deadline of a trial, whatever the line does:
    ///
    /// ```no_run
    /// # use lifeboot_updater::*;
    /// # async fn run<F, R, W, T>(mut rx: R, mut tx: W, mut updater: Updater<F>, now: fn() -> u32, timeout: T, reset: fn() -> !)
    /// # where F: embedded_storage::nor_flash::NorFlash, R: embedded_io_async::Read<Error = W::Error>,
    /// #       W: embedded_io_async::Write, T: AsyncFn(core::pin::Pin<&mut dyn Future<Output = Result<(), W::Error>>>) {
    /// let mut session = Session::<528>::new(1024);
    /// loop {
    ///     // With embassy: with_timeout(Duration::from_millis(100), session.exchange(&mut rx, &mut tx)).await
    ///     timeout(core::pin::pin!(session.exchange(&mut rx, &mut tx))).await;
    ///     if let Event::Reset = session.advance(now(), &mut updater) {
    ///         reset();
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// The port's. The next call continues.
    pub async fn exchange<R, W>(&mut self, receiver: &mut R, sender: &mut W) -> Result<(), W::Error>
    where
        R: AsyncRead<Error = W::Error>,
        W: AsyncWrite,
    {
        let carried = self.carry(receiver, sender).await;
        // A port may be ready, fail or have ended each time.
        yield_once().await;
        carried
    }

    async fn carry<R, W>(&mut self, receiver: &mut R, sender: &mut W) -> Result<(), W::Error>
    where
        R: AsyncRead<Error = W::Error>,
        W: AsyncWrite,
    {
        if !self.pending_output().is_empty() {
            while !self.pending_output().is_empty() {
                let count = sender.write(self.pending_output()).await?;
                if count == 0 {
                    return Ok(());
                }
                self.consume_output(count);
                self.unflushed = true;
            }
            return self.flush_now(sender).await;
        }
        if !self.wants_input() {
            return self.flush_now(sender).await;
        }
        // What has arrived is taken also while there is something to do: that may never end, if the application starts
        // something in each turn.
        let waits = !self.is_busy();
        let mut byte = [0];
        // Byte by byte, since what follows a message must stay in the port's buffer; and at most a frame's worth, since
        // a flood of bytes must not block other tasks.
        for _ in 0..N {
            if !self.wants_input() || self.read(receiver, sender, &mut byte, waits).await? == 0 {
                break;
            }
            self.receive(&byte);
        }
        Ok(())
    }

    /// Flushes the port as far as it goes without waiting: a line that takes nothing must not keep the session from what
    /// is to be done. The rest is flushed later.
    async fn flush_now<W: AsyncWrite>(&mut self, sender: &mut W) -> Result<(), W::Error> {
        let mut flush = pin!(sender.flush());
        poll_fn(|context| {
            let flushed = if self.unflushed { flush.as_mut().poll(context) } else { Poll::Pending };
            self.unflushed &= flushed.is_pending();
            Poll::Ready(match flushed {
                Poll::Ready(flushed) => flushed,
                Poll::Pending => Ok(()),
            })
        })
        .await
    }

    /// Reads input and goes on flushing the port meanwhile. Waits for the first byte if it is to, else reads none.
    async fn read<R, W>(
        &mut self,
        receiver: &mut R,
        sender: &mut W,
        bytes: &mut [u8],
        waits: bool,
    ) -> Result<usize, W::Error>
    where
        R: AsyncRead<Error = W::Error>,
        W: AsyncWrite,
    {
        let mut flush = pin!(sender.flush());
        let mut read = pin!(receiver.read(bytes));
        poll_fn(|context| {
            if self.unflushed
                && let Poll::Ready(flushed) = flush.as_mut().poll(context)
            {
                self.unflushed = false;
                flushed?;
            }
            match read.as_mut().poll(context) {
                Poll::Pending if !waits => Poll::Ready(Ok(0)),
                read => read,
            }
        })
        .await
    }
}

/// Lets other tasks run.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests;

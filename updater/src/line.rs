//! Connects a session to a serial port: [`poll`](Session::poll) for blocking firmware, [`exchange`](Session::exchange)
//! for async.

use crate::session::{Event, Session};
use crate::updater::Updater;
use core::future::poll_fn;
use core::task::Poll;
use embedded_io::{Read, ReadReady, Write, WriteReady};
use embedded_io_async::{Read as AsyncRead, Write as AsyncWrite};
use embedded_storage::nor_flash::NorFlash;

impl<const N: usize> Session<N> {
    /// For blocking firmware: sends and reads what the port is ready for, does at most one flash operation, and never
    /// waits. `now` is in milliseconds since an arbitrary start, and wraps.
    ///
    /// # Errors
    /// Those of `serial`. The next call continues.
    pub fn poll<S, F>(&mut self, now: u32, serial: &mut S, updater: &mut Updater<F>) -> Result<Event, S::Error>
    where
        S: Read + ReadReady + Write + WriteReady,
        F: NorFlash,
    {
        while !self.pending_output().is_empty() && serial.write_ready()? {
            let count = serial.write(self.pending_output())?;
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
        let event = self.advance(now, updater);
        if matches!(event, Event::Reset | Event::Recover) {
            // The answer must have been sent before the reset takes the port away.
            serial.flush()?;
        }
        Ok(event)
    }

    /// For async firmware: sends what is to be sent and, if nothing else is left to do, waits for input. Other tasks
    /// run meanwhile, and between two flash operations. Then call [`advance`](Self::advance), which never waits.
    ///
    /// May be dropped at any await: the host sends again what was lost on the line. Drop it after a timeout, so that
    /// [`advance`](Self::advance) can notice the deadline of a trial:
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
    /// The port's. The next call continues. Other tasks run in between, even if the port fails each time.
    pub async fn exchange<R, W>(&mut self, receiver: &mut R, sender: &mut W) -> Result<(), W::Error>
    where
        R: AsyncRead<Error = W::Error>,
        W: AsyncWrite,
    {
        let carried = self.carry(receiver, sender).await;
        if carried.is_err() {
            yield_once().await;
        }
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
                self.consume_output(count);
            }
            // The last answer may have announced a restart.
            return sender.flush().await;
        }
        if self.is_busy() {
            yield_once().await;
            return Ok(());
        }
        let mut byte = [0];
        // Byte by byte, since what follows a message must stay in the port's buffer; and at most a frame's worth, since
        // a flood of bytes must not block other tasks.
        for _ in 0..N {
            if !self.wants_input() || receiver.read(&mut byte).await? == 0 {
                break;
            }
            self.receive(&byte);
        }
        Ok(())
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
mod tests {
    use super::*;
    use core::pin::pin;
    use core::task::{Context, Waker};
    use embedded_io::{ErrorKind, ErrorType};

    /// A port that fails at once, in both directions.
    struct Broken;

    impl ErrorType for Broken {
        type Error = ErrorKind;
    }

    impl AsyncRead for Broken {
        async fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
            Err(ErrorKind::Other)
        }
    }

    impl AsyncWrite for Broken {
        async fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
            Err(ErrorKind::Other)
        }

        async fn flush(&mut self) -> Result<(), ErrorKind> {
            Err(ErrorKind::Other)
        }
    }

    #[test]
    fn other_tasks_run_though_a_port_fails_each_time() {
        let mut session = Session::<128>::new(128);
        for _ in 0..3 {
            let (mut receiver, mut sender) = (Broken, Broken);
            let mut exchange = pin!(session.exchange(&mut receiver, &mut sender));
            let mut poll = || exchange.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!((poll(), poll()), (Poll::Pending, Poll::Ready(Err(ErrorKind::Other))));
        }
    }
}

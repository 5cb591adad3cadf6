//! The host's end of the serial line, in the chip's own virtual time: while the host waits, the chip runs. No thread,
//! no clock of this machine: a push is the same each time, to the nanosecond.

use super::chip::Chip;
use lifeboot_client::pipe::{Pipe, PipeError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the chip runs between two looks at the line: a few characters.
const STEP: Duration = Duration::from_micros(250);

/// A chip, and a host at its serial line.
#[derive(Clone)]
pub struct Line {
    chip: Arc<Mutex<Chip>>,
    received: VecDeque<u8>,
}

impl Line {
    /// Connects to a chip.
    pub fn new(chip: Chip) -> Self {
        Line { chip: Arc::new(Mutex::new(chip)), received: VecDeque::new() }
    }

    /// The chip, while the host does nothing.
    pub fn chip(&self) -> MutexGuard<'_, Chip> {
        self.chip.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the chip back; `None` if another host is connected as well.
    pub fn into_chip(self) -> Option<Chip> {
        Arc::into_inner(self.chip).map(|chip| chip.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the chip run. Returns an error if the power has failed.
    fn run(&mut self, span: Duration) -> Result<(), PipeError> {
        let mut chip = self.chip.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = |reason: String| PipeError::Lost { port: "the emulated USART".to_owned(), reason };
        chip.run_for(span).map_err(|error| lost(format!("{error:#}")))?;
        self.received.extend(chip.line().drain());
        if chip.seen().is_cut() { Err(lost("the power has failed".to_owned())) } else { Ok(()) }
    }
}

impl Pipe for Line {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        let end = self.now() + wait;
        while self.received.is_empty() && self.now() < end {
            self.run(STEP.min(end - self.now()))?;
        }
        let length = buffer.len().min(self.received.len());
        for (place, byte) in buffer.iter_mut().zip(self.received.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), PipeError> {
        loop {
            let taken = self.chip().line().feed(bytes);
            bytes = &bytes[taken..];
            if bytes.is_empty() {
                return Ok(());
            }
            self.run(STEP)?;
        }
    }

    fn reconnect(&mut self) -> Result<(), PipeError> {
        self.run(Duration::ZERO)?;
        self.chip().line().clear();
        self.received.clear();
        Ok(())
    }

    fn now(&self) -> Duration {
        self.chip().now()
    }

    fn pause(&mut self, time: Duration) {
        // If the power has failed, the next call returns the error.
        let _ = self.run(time);
    }
}

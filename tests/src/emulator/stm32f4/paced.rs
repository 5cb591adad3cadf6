//! A serial line with a speed, which rsemu ignores: a byte takes its time in either direction, and one that arrives
//! while the USART still holds the one before it is lost, as on the chip (RM0090, 30.3.3, overrun error).

use super::chip::Chip;
use crate::pace::{Lane, Traffic};
use lifeboot_client::pipe::{Pipe, PipeError};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A chip's setting under which its USART takes a byte as soon as it is there: the line is what paces it.
pub const IMMEDIATELY: u32 = 50_000;

/// How long the chip runs between two looks at an idle line, in nanoseconds.
const STEP: u64 = 250_000;

/// A chip, and a host at its serial line.
#[derive(Clone)]
pub struct PacedLine(Arc<Mutex<Bench>>);

struct Bench {
    chip: Chip,
    down: Lane,
    up: Lane,
    lost: u64,
}

impl PacedLine {
    fn bench(&self) -> MutexGuard<'_, Bench> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects to a chip, which was made with [`IMMEDIATELY`], at so many bits a second.
    pub fn new(chip: Chip, baud: u64) -> Self {
        let [down, up] = [0; 2].map(|_| Lane::new(baud));
        PacedLine(Arc::new(Mutex::new(Bench { chip, down, up, lost: 0 })))
    }

    /// The chip, while the host does nothing.
    pub fn chip(&self) -> impl DerefMut<Target = Chip> + '_ {
        Held(self.bench())
    }

    /// The traffic so far.
    pub fn traffic(&self) -> Traffic {
        let bench = self.bench();
        Traffic::of([&bench.down, &bench.up], bench.lost)
    }
}

impl Bench {
    /// The chip's time, in nanoseconds.
    fn now(&self) -> u64 {
        self.chip.now().as_nanos() as u64
    }

    /// Lets the chip run up to a moment, or to the next byte for it.
    fn run(&mut self, until: u64) -> Result<(), PipeError> {
        let next = self.down.next().unwrap_or(self.now() + STEP);
        let span = Duration::from_nanos(next.min(until).saturating_sub(self.now()));
        let lost = |reason: String| PipeError::Lost { port: "the emulated USART".to_owned(), reason };
        self.chip.run_for(span).map_err(|error| lost(format!("{error:#}")))?;
        let now = self.now();
        while let Some((_, byte)) = self.down.take(now) {
            if self.chip.line().pending_input() > 0 {
                self.lost += 1;
            } else {
                self.chip.line().feed(&[byte]);
            }
        }
        let sent = self.chip.line().drain();
        self.up.put(now, &sent);
        Ok(())
    }
}

/// The chip of a bench, under its lock.
struct Held<'a>(MutexGuard<'a, Bench>);

impl Deref for Held<'_> {
    type Target = Chip;

    fn deref(&self) -> &Chip {
        &self.0.chip
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Chip {
        &mut self.0.chip
    }
}

impl Pipe for PacedLine {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        let mut bench = self.bench();
        let end = bench.now() + wait.as_nanos() as u64;
        loop {
            let now = bench.now();
            let read = bench.up.read(now, buffer);
            if read > 0 || now >= end {
                return Ok(read);
            }
            let until = bench.up.next().unwrap_or(end).min(end);
            bench.run(until)?;
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError> {
        let mut bench = self.bench();
        let now = bench.now();
        bench.down.put(now, bytes);
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), PipeError> {
        Ok(())
    }

    fn now(&self) -> Duration {
        self.bench().chip.now()
    }

    fn pause(&mut self, time: Duration) {
        let mut bench = self.bench();
        let end = bench.now() + time.as_nanos() as u64;
        // If the chip fails, the next call returns the error.
        while bench.now() < end && bench.run(end).is_ok() {}
    }
}

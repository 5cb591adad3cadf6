//! A serial line with a speed, at which rsemu does not look: a byte takes its time in either direction, and one that arrives
//! while the USART still holds the one before it is lost, as on the chip (RM0090, 30.3.3, overrun error).

use super::chip::Chip;
use lifeboot_host_tool::port::{Pipe, PortError};
use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// A chip's setting under which its USART takes a byte as soon as it is there: the line is what paces it.
pub const IMMEDIATELY: u32 = 50_000;

/// How long the chip runs between two looks at the line, where nothing is on its way.
const STEP: Duration = Duration::from_micros(250);

/// A chip, and a host at its serial line.
#[derive(Clone)]
pub struct PacedLine(Rc<RefCell<Bench>>);

/// A byte, and when it is through.
type Arrival = (Duration, u8);

struct Bench {
    chip: Chip,
    /// What a byte takes.
    each: Duration,
    down: VecDeque<Arrival>,
    up: VecDeque<Arrival>,
    /// When the last byte of each direction is through.
    free: [Duration; 2],
    traffic: Traffic,
}

/// What went over a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes from the host, and to it.
    pub bytes: [u64; 2],
    /// Frames from the host, and to it.
    pub frames: [u64; 2],
    /// Bytes that the device had no room for.
    pub lost: u64,
}

impl Traffic {
    /// Counts bytes of a direction.
    pub fn count(&mut self, direction: usize, bytes: &[u8]) {
        self.bytes[direction] += bytes.len() as u64;
        self.frames[direction] += bytes.iter().filter(|byte| **byte == 0).count() as u64;
    }
}

impl PacedLine {
    /// Connects to a chip, which was made with [`IMMEDIATELY`], at so many bits a second.
    pub fn new(chip: Chip, baud: u32) -> Self {
        let each = Duration::from_secs(10) / baud;
        let (down, up) = (VecDeque::new(), VecDeque::new());
        let traffic = Traffic::default();
        PacedLine(Rc::new(RefCell::new(Bench { chip, each, down, up, free: [Duration::ZERO; 2], traffic })))
    }

    /// The chip, while the host does nothing.
    pub fn chip(&self) -> RefMut<'_, Chip> {
        RefMut::map(self.0.borrow_mut(), |bench| &mut bench.chip)
    }

    /// What went over it so far.
    pub fn traffic(&self) -> Traffic {
        self.0.borrow().traffic
    }
}

impl Bench {
    /// Lets the chip run up to a moment, or to the next byte for it.
    fn run(&mut self, until: Duration) -> Result<(), PortError> {
        let now = self.chip.now();
        let next = self.down.front().map_or(now + STEP, |(time, _)| *time);
        let span = next.min(until).saturating_sub(now);
        let lost = |reason: String| PortError::Lost { port: "the emulated USART".to_owned(), reason };
        self.chip.run_for(span).map_err(|error| lost(format!("{error:#}")))?;
        let now = self.chip.now();
        while let Some((_, byte)) = self.down.pop_front_if(|(time, _)| *time <= now) {
            if self.chip.line().pending_input() > 0 {
                self.traffic.lost += 1;
            } else {
                self.chip.line().feed(&[byte]);
            }
        }
        let sent = self.chip.line().drain();
        self.traffic.count(1, &sent);
        for byte in sent {
            self.free[1] = self.free[1].max(now) + self.each;
            self.up.push_back((self.free[1], byte));
        }
        Ok(())
    }
}

impl Pipe for PacedLine {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortError> {
        let mut bench = self.0.borrow_mut();
        let end = bench.chip.now() + wait;
        loop {
            let now = bench.chip.now();
            let arrived = bench.up.iter().take_while(|(time, _)| *time <= now).count().min(buffer.len());
            if arrived > 0 || now >= end {
                for (place, (_, byte)) in buffer.iter_mut().zip(bench.up.drain(..arrived)) {
                    *place = byte;
                }
                return Ok(arrived);
            }
            let until = bench.up.front().map_or(end, |(time, _)| *time).min(end);
            bench.run(until)?;
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        let mut bench = self.0.borrow_mut();
        let now = bench.chip.now();
        for byte in bytes {
            let through = bench.free[0].max(now) + bench.each;
            bench.free[0] = through;
            bench.down.push_back((through, *byte));
        }
        bench.traffic.count(0, bytes);
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), PortError> {
        Ok(())
    }

    fn now(&self) -> Duration {
        self.0.borrow().chip.now()
    }

    fn pause(&mut self, time: Duration) {
        let mut bench = self.0.borrow_mut();
        let end = bench.chip.now() + time;
        // Where the chip fails, whatever comes next says so.
        while bench.chip.now() < end && bench.run(end).is_ok() {}
    }
}

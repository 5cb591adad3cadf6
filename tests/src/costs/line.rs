//! A serial line with a host at one end and a device at the other, in the time that their chips' data sheets give: the
//! real host library, the real session and updater, ten bits on the line for each byte, each flash operation as long as
//! its data sheet says. Nothing depends on this machine's clock. `push::stm32f405` compares it with an emulator.
//!
//! The core stalls while flash is erased: of the bytes that arrive then, only as many are kept as the serial port
//! holds. While the core computes, or between the words that it writes, an interrupt takes the bytes. With DMA instead,
//! the driver's buffer takes them at any time, and no byte wakes the core. Computing costs as much as was measured of
//! the real code ([`Silicon`]).

mod port;

use super::FlashTime;
use super::device::{Device, Read};
use crate::pace::{Lane, Traffic};
use crate::simulated_flash::Wear;
use lifeboot_client::pipe::{Pipe, PipeError};
use lifeboot_core::record::Cause;
use lifeboot_updater::{Event, Session};
use port::Port;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// The properties of a chip and its firmware that decide how long a push takes.
#[derive(Clone, Copy, Debug)]
pub struct Silicon {
    /// The core's clock in hertz, at one cycle an instruction.
    pub hertz: u64,
    /// Bits a second on the line.
    pub baud: u64,
    /// Bytes that the serial port itself holds; with DMA, as many as its driver holds.
    pub port: usize,
    /// Bytes that its driver holds.
    pub buffer: usize,
    /// Bytes that the host may have in flight.
    pub window: usize,
    /// Its flash.
    pub flash: FlashTime,
    /// Instructions for a received byte, in the interrupt and in the session.
    pub byte: u64,
    /// Instructions for a turn of the application's loop.
    pub turn: u64,
    /// Instructions for the check of a header's signature.
    pub signature: u64,
    /// Instructions for each KiB that is hashed.
    pub hash: u64,
    /// Instructions for a byte of an image that is rebuilt from a patch.
    pub made: u64,
}

/// The line, and the device.
pub struct Bench {
    /// The device.
    pub device: Device,
    silicon: Silicon,
    // The host's frames are at most half a window long.
    session: Session<2064>,
    /// The host's time; and the device's, which may be ahead by the operation under way.
    host: u64,
    now: u64,
    /// Start and end of the last erase, until the bytes that arrived meanwhile are accounted for.
    erased: (u64, u64),
    down: Lane,
    up: Lane,
    lost: u64,
    /// What the driver holds.
    received: VecDeque<u8>,
    signature_is_paid: bool,
    /// Nanoseconds of the longest turn of the application's loop, except turns that check a signature.
    pub longest_turn: u64,
}

/// A host's end of the line.
#[derive(Clone)]
pub struct Line(Arc<Mutex<Bench>>);

impl Line {
    /// Connects a host to a device.
    pub fn new(device: Device, silicon: Silicon) -> Self {
        Line(Arc::new(Mutex::new(Bench {
            device,
            silicon,
            session: Session::new(silicon.window),
            host: 0,
            now: 0,
            erased: (0, 0),
            down: Lane::new(silicon.baud),
            up: Lane::new(silicon.baud),
            lost: 0,
            received: VecDeque::new(),
            signature_is_paid: false,
            longest_turn: 0,
        })))
    }

    fn locked(&self) -> MutexGuard<'_, Bench> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the line and the device, or does something to them, while the host does nothing.
    pub fn bench<T>(&self, look: impl FnOnce(&mut Bench) -> T) -> T {
        look(&mut self.locked())
    }
}

impl Pipe for Line {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        let mut bench = self.locked();
        let until = bench.host + wait.as_nanos() as u64;
        loop {
            let now = bench.host;
            let read = bench.up.read(now, buffer);
            if read > 0 || now >= until {
                return Ok(read);
            }
            bench.go_on(until)?;
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError> {
        let mut bench = self.locked();
        let now = bench.host;
        bench.down.put(now, bytes);
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), PipeError> {
        Ok(())
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.locked().host)
    }

    fn pause(&mut self, time: Duration) {
        let mut bench = self.locked();
        let until = bench.host + time.as_nanos() as u64;
        // A failure here shows again when the host reads.
        while bench.host < until && bench.go_on(until).is_ok() {}
    }
}

impl Silicon {
    fn has_dma(&self) -> bool {
        self.port >= self.buffer
    }

    fn computing(&self, instructions: u64) -> u64 {
        instructions * SECOND / self.hertz
    }
}

impl Bench {
    /// What went over the line so far.
    pub fn traffic(&self) -> Traffic {
        Traffic::of([&self.down, &self.up], self.lost)
    }

    /// Advances the host's time up to a moment or the next byte for it. The device runs until then.
    fn go_on(&mut self, until: u64) -> Result<(), PipeError> {
        let next = self.up.next().unwrap_or(until).min(until);
        if self.now < next {
            return self.turn(next);
        }
        self.host = next;
        Ok(())
    }

    /// Runs one turn of the application's loop, and sleeps until `until` if there was nothing to do.
    fn turn(&mut self, until: u64) -> Result<(), PipeError> {
        self.listen();
        let (before, read, in_patch) = (self.device.wear(), self.device.read(), self.next_in_patch());
        let held = self.received.len();
        let mut port = Port { now: self.now, up: &mut self.up, received: &mut self.received };
        let Ok(event) = self.session.poll((self.now / MILLISECOND) as u32, &mut port, &mut self.device.updater);

        let taken = held - self.received.len();
        let done = [0, 1].map(|part| self.device.wear()[part].since(before[part]));
        let checks = self.checks_signature(event, taken, read);
        let computed = match in_patch.zip(self.next_in_patch()) {
            Some((from, to)) => self.computed(checks, taken) + u64::from(to.saturating_sub(from)) * self.silicon.made,
            None => self.computed(checks, taken) + self.hashed(taken, done, read),
        };
        let began = self.now;
        self.now += self.silicon.computing(computed);
        self.stand_still(done);
        if !checks {
            self.longest_turn = self.longest_turn.max(self.now - began);
        }
        match event {
            Event::Reset | Event::Recover => {
                let lost = |reason| PipeError::Lost { port: "the line".to_owned(), reason };
                self.device.boot(Cause::Request).map_err(|error| lost(format!("{error:#}")))?;
                self.session = Session::new(self.silicon.window);
                self.received.clear();
            }
            Event::Idle if self.received.is_empty() => {
                // Until a byte comes that interrupts, or the timer's next interrupt.
                let next = if self.silicon.has_dma() { None } else { self.down.next() };
                let next = next.unwrap_or(u64::MAX);
                let tick = (self.now / MILLISECOND + 1) * MILLISECOND;
                self.now = self.now.max(next.min(tick).min(until));
            }
            Event::Idle => {}
            // The transmitter has no room.
            Event::Busy
                if taken == 0
                    && done == [Wear::default(); 2]
                    && self.up.free() > self.now
                    && !self.session.pending_output().is_empty() =>
            {
                self.now = self.up.free();
            }
            Event::Busy => {}
        }
        Ok(())
    }

    /// Whether this turn is the first step of a signature's check, which is charged for all steps.
    fn checks_signature(&mut self, event: Event, taken: usize, read: Read) -> bool {
        let checks = taken == 0 && event == Event::Busy && self.device.read().info > read.info;
        let is_first = checks && !self.signature_is_paid;
        self.signature_is_paid = (self.signature_is_paid || is_first) && self.device.updater.next().is_none();
        is_first
    }

    /// The next offset that needs bytes, if they come as a patch.
    fn next_in_patch(&self) -> Option<u32> {
        let updater = &self.device.updater;
        updater.next_in_patch().and_then(|_| updater.next())
    }

    /// Instructions of any turn.
    fn computed(&self, checks: bool, taken: usize) -> u64 {
        let Silicon { turn, byte, signature, .. } = self.silicon;
        turn + taken as u64 * byte + if checks { signature } else { 0 }
    }

    /// Instructions for what is read to be hashed: a block at a time behind the transfer, or a unit at once for a
    /// digest.
    fn hashed(&self, taken: usize, done: [Wear; 2], read: Read) -> u64 {
        let read = self.device.read().bytes - read.bytes;
        let is_hashed = done == [Wear::default(); 2] && (taken == 0 || read >= 512);
        if is_hashed { read * self.silicon.hash / 1024 } else { 0 }
    }

    /// Charges a flash operation, for which the core waits.
    fn stand_still(&mut self, [journal, slots]: [Wear; 2]) {
        let flash = self.silicon.flash;
        let erasing = flash.both([journal, slots].map(|wear| Wear { bytes: 0, ..wear }));
        if erasing > 0 {
            self.erased = (self.now, self.now + erasing);
        }
        self.now += flash.both([journal, slots]);
    }

    /// Takes the bytes that have arrived, as far as there is room: in the driver, or in the port if flash was being
    /// erased.
    fn listen(&mut self) {
        let mut room = self.silicon.port;
        while let Some((time, byte)) = self.down.take(self.now) {
            let is_deaf = self.erased.0 < time && time <= self.erased.1;
            if self.received.len() < self.silicon.buffer && !(is_deaf && room == 0) {
                self.received.push_back(byte);
                room -= usize::from(is_deaf);
            } else {
                self.lost += 1;
            }
        }
    }
}

//! The line between a host and a device, with a rate and random faults; and the host's pipe.

use crate::device::Device;
use crate::images::Chance;
use lifeboot_client::link::Link;
use lifeboot_client::pipe::{Pipe, PipeError};
use std::collections::VecDeque;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// How often the line has faults, in both directions: once in so many bytes, or frames; 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub lost_byte: u64,
    pub flipped_bit: u64,
    pub repeated_frame: u64,
    /// Held back until up to three others have passed.
    pub delayed_frame: u64,
    /// A burst of noise in front of a frame.
    pub noise: u64,
}

/// One direction.
#[derive(Default)]
struct Direction {
    /// The beginning of a frame, which has not ended with a zero yet.
    frame: Vec<u8>,
    /// In flight, with the millisecond of their arrival.
    bytes: VecDeque<(u32, u8)>,
    /// When what is put on the line now arrives.
    due: u32,
    delayed: Vec<(u64, Vec<u8>)>,
}

/// A device, the line to it, and the time.
pub struct Bench {
    pub device: Device,
    pub faults: Faults,
    /// Bytes that the line carries in a millisecond: 115,200 baud.
    pub rate: usize,
    /// Milliseconds in which it carries them.
    pub pace: u32,
    /// Milliseconds that each byte takes on its way, in either direction.
    pub delay: u32,
    /// Percent of the true time that the device's clock counts.
    pub clock: u32,
    /// Milliseconds.
    pub now: u32,
    chance: Chance,
    down: Direction,
    up: Direction,
    /// Bytes that hosts have sent.
    pub sent: usize,
}

/// A host's end of the line.
#[derive(Clone)]
pub struct Wire {
    bench: Arc<RwLock<Bench>>,
    /// Frames until the host vanishes.
    frames: Option<u32>,
    /// The adapter is unplugged until this time, from each of these times on.
    unplugged: Vec<(u32, u32)>,
}

impl Wire {
    pub fn to(device: Device) -> Self {
        Self::with_faults(device, Faults::default(), 0)
    }

    pub fn with_faults(device: Device, faults: Faults, seed: u64) -> Self {
        let bench = Bench {
            device,
            faults,
            rate: 12,
            pace: 1,
            delay: 0,
            clock: 100,
            now: 0,
            chance: Chance(seed),
            down: Direction::default(),
            up: Direction::default(),
            sent: 0,
        };
        Wire { bench: Arc::new(RwLock::new(bench)), frames: None, unplugged: Vec::new() }
    }

    /// An end of the same line whose host vanishes after so many frames.
    pub fn vanishing_after(&self, frames: u32) -> Self {
        Wire { frames: Some(frames), ..self.clone() }
    }

    /// An end of the same line whose adapter is unplugged for a while.
    pub fn unplugged_at(&self, from: u32, to: u32) -> Self {
        Wire { unplugged: vec![(from, to)], ..self.clone() }
    }

    /// A new host's link over this wire; the same in each run.
    pub fn link(&self) -> Link<Wire> {
        let chance = self.bench_mut().chance.next();
        Link::new(self.clone(), chance as u32)
    }

    pub fn bench(&self) -> RwLockReadGuard<'_, Bench> {
        self.bench.read().unwrap()
    }

    pub fn bench_mut(&self) -> RwLockWriteGuard<'_, Bench> {
        self.bench.write().unwrap()
    }

    fn is_gone(&self) -> bool {
        let now = self.bench().now;
        self.frames == Some(0) || self.unplugged.iter().any(|(from, to)| (*from..*to).contains(&now))
    }
}

fn lost() -> PipeError {
    PipeError::Lost { port: "the test's wire".to_owned(), reason: "it was cut".to_owned() }
}

impl Pipe for Wire {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        let until = self.now() + wait;
        loop {
            if self.is_gone() {
                return Err(lost());
            }
            let mut bench = self.bench_mut();
            let mut length = 0;
            for (place, byte) in buffer.iter_mut().zip(bench.arrived()) {
                *place = byte;
                length += 1;
            }
            if length > 0 || Duration::from_millis(u64::from(bench.now)) >= until {
                return Ok(length);
            }
            bench.step();
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError> {
        if self.is_gone() {
            return Err(lost());
        }
        self.frames = self.frames.map(|frames| frames - 1);
        let mut bench = self.bench_mut();
        let Bench { down, chance, faults, sent, now, delay, .. } = &mut *bench;
        *sent += bytes.len();
        down.due = *now + *delay;
        bytes.iter().for_each(|byte| down.put(*byte, faults, chance));
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), PipeError> {
        if self.is_gone() { Err(lost()) } else { Ok(()) }
    }

    fn now(&self) -> Duration {
        Duration::from_millis(u64::from(self.bench().now))
    }

    fn pause(&mut self, time: Duration) {
        let mut bench = self.bench_mut();
        (0..time.as_millis()).for_each(|_| bench.step());
    }
}

impl Bench {
    /// One millisecond.
    pub fn step(&mut self) {
        self.now += 1;
        self.up.due = self.now + self.delay;
        let rate = if self.now.is_multiple_of(self.pace) { self.rate } else { 0 };
        for _ in 0..rate {
            if let Some((_, byte)) = self.down.bytes.pop_front_if(|(due, _)| *due <= self.now) {
                self.device.receive(byte);
            }
            if let Some(byte) = self.device.transmitted.pop_front() {
                self.up.put(byte, &self.faults, &mut self.chance);
            }
        }
        let now = u64::from(self.now) * u64::from(self.clock) / 100;
        self.device.run(now as u32);
    }

    fn arrived(&mut self) -> impl Iterator<Item = u8> {
        let now = self.now;
        let arrived = self.up.bytes.iter().take_while(|(due, _)| *due <= now).count();
        self.up.bytes.drain(..arrived).map(|(_, byte)| byte)
    }
}

impl Direction {
    fn put(&mut self, byte: u8, faults: &Faults, chance: &mut Chance) {
        if *faults == Faults::default() && self.frame.is_empty() && self.delayed.is_empty() {
            return self.bytes.push_back((self.due, byte));
        }
        self.frame.push(byte);
        if byte == 0 {
            let frame = std::mem::take(&mut self.frame);
            self.pass(frame, faults, chance);
        }
    }

    fn pass(&mut self, frame: Vec<u8>, faults: &Faults, chance: &mut Chance) {
        if chance.once_in(faults.noise) {
            let noise: Vec<u8> = (0..chance.below(40)).map(|_| chance.next() as u8).collect();
            self.bytes.extend(noise.into_iter().map(|byte| (self.due, byte)));
        }
        if chance.once_in(faults.delayed_frame) {
            self.delayed.push((1 + chance.below(3), frame));
            return;
        }
        let times = if chance.once_in(faults.repeated_frame) { 2 } else { 1 };
        for _ in 0..times {
            self.carry(&frame, faults, chance);
        }
        for (passing, _) in &mut self.delayed {
            *passing -= 1;
        }
        for (_, frame) in self.delayed.extract_if(.., |(passing, _)| *passing == 0).collect::<Vec<_>>() {
            self.carry(&frame, faults, chance);
        }
    }

    fn carry(&mut self, frame: &[u8], faults: &Faults, chance: &mut Chance) {
        for byte in frame {
            let flip = if chance.once_in(faults.flipped_bit) { 1 << chance.below(8) } else { 0 };
            if !chance.once_in(faults.lost_byte) {
                self.bytes.push_back((self.due, byte ^ flip));
            }
        }
    }
}

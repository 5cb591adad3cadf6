//! A serial line with a speed: the bytes in flight, and the traffic so far. Times are in nanoseconds.

use std::collections::VecDeque;

/// Bits on the line for a byte, start and stop bit included.
const BITS: u64 = 10;

const SECOND: u64 = 1_000_000_000;

/// A direction of a line.
pub struct Lane {
    /// The time of a byte.
    each: u64,
    /// When the last byte has arrived.
    free: u64,
    on_its_way: VecDeque<(u64, u8)>,
    bytes: u64,
    frames: u64,
}

impl Lane {
    /// A line of so many bits a second.
    pub fn new(baud: u64) -> Self {
        Lane { each: BITS * SECOND / baud, free: 0, on_its_way: VecDeque::new(), bytes: 0, frames: 0 }
    }

    /// Puts bytes on the line, behind those in flight.
    pub fn put(&mut self, now: u64, bytes: &[u8]) {
        for byte in bytes {
            self.free = self.free.max(now) + self.each;
            self.on_its_way.push_back((self.free, *byte));
            self.frames += u64::from(*byte == 0);
        }
        self.bytes += bytes.len() as u64;
    }

    /// Takes a byte that has arrived by now. Returns it with its time of arrival.
    pub fn take(&mut self, now: u64) -> Option<(u64, u8)> {
        self.on_its_way.pop_front_if(|(time, _)| *time <= now)
    }

    /// Takes the bytes that have arrived by now, as far as there is room. Returns how many.
    pub fn read(&mut self, now: u64, buffer: &mut [u8]) -> usize {
        let mut read = 0;
        while read < buffer.len()
            && let Some((_, byte)) = self.take(now)
        {
            buffer[read] = byte;
            read += 1;
        }
        read
    }

    /// When the next byte arrives; `None` if none is in flight.
    pub fn next(&self) -> Option<u64> {
        self.on_its_way.front().map(|(time, _)| *time)
    }

    /// When the last byte arrives or has arrived.
    pub fn free(&self) -> u64 {
        self.free
    }
}

/// The traffic of a line.
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
    /// Of both directions, from the host and to it.
    pub fn of(lanes: [&Lane; 2], lost: u64) -> Self {
        Traffic { bytes: lanes.map(|lane| lane.bytes), frames: lanes.map(|lane| lane.frames), lost }
    }
}

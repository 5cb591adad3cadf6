//! A host at a device's line, and the figures of its pushes.

use crate::bench::HOST;
use crate::costs::Device;
use crate::costs::line::{Line, Silicon};
use crate::pace::Traffic;
use crate::simulated_flash::Wear;
use anyhow::Result;
use lifeboot_client::link::Link;
use lifeboot_core::Slot;
use lifeboot_core::record::Cause;

/// A device at a line, and what was done to it since the last look.
pub struct Bench {
    line: Line,
    /// The host's end.
    pub link: Link<Line>,
    seen: (Traffic, [Wear; 2]),
}

impl Bench {
    /// Connects a host to a device.
    pub fn start(silicon: Silicon, device: Device) -> Result<Self> {
        let line = Line::new(device, silicon);
        let link = Link::new(line.clone(), HOST);
        let mut bench = Bench { line, link, seen: Default::default() };
        bench.look();
        Ok(bench)
    }

    /// What went over the line and was done to flash since this was called last.
    pub fn look(&mut self) -> (Traffic, [Wear; 2]) {
        let (traffic, wear) = self.line.bench(|bench| (bench.traffic(), bench.device.wear()));
        let (seen, worn) = std::mem::replace(&mut self.seen, (traffic, wear));
        let less = |now: [u64; 2], before: [u64; 2]| [now[0] - before[0], now[1] - before[1]];
        let traffic = Traffic {
            bytes: less(traffic.bytes, seen.bytes),
            frames: less(traffic.frames, seen.frames),
            lost: traffic.lost - seen.lost,
        };
        (traffic, [0, 1].map(|part| wear[part].since(worn[part])))
    }

    /// Resets the board; the firmware that then runs confirms if required.
    pub fn restart(&mut self, cause: Cause, confirms: bool) -> Result<Slot> {
        self.line.bench(|bench| {
            let slot = bench.device.boot(cause)?;
            if confirms {
                bench.device.confirm()?
            }
            Ok(slot)
        })
    }

    /// Nanoseconds of the longest turn so far, except those that check a signature.
    pub fn longest_turn(&self) -> u64 {
        self.line.bench(|bench| bench.longest_turn)
    }
}

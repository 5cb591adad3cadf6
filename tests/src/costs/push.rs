//! Pushes by the real host library over a line of 115,200 baud: how long they take, what goes over the line, and what
//! is done to flash. To a micro:bit and a Pico on [`line`](super::line), in the times of data sheets; to an STM32F405
//! in rsemu, in emulated time.

mod bench;
mod microbit;
mod patches;
mod pico;
mod stm32f405;

pub use microbit::{figures as microbit, next_versions};
pub use patches::next_versions as patches;
pub use pico::figures as pico;
pub use stm32f405::figures as stm32f405;

use super::{Device, Figure, Unit};
use crate::product::Target;
use anyhow::{Result, anyhow, ensure};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::Link;
use lifeboot_client::pipe::Pipe;
use lifeboot_client::push::{self, Options, Progress, Pushed, Step, Until};
use lifeboot_core::Slot;
use lifeboot_core::record::Cause;
use std::time::Duration;

/// KiB of the images.
const KIB: usize = 64;

/// Bits a second on the line.
const BAUD: u64 = 115_200;

/// MCUboot's serial recovery, which waits for each answer. Cited: measured before this project, about so much.
const PEER: (&str, u64) = ("MCUboot, serial recovery", 680);

/// Instructions of a Cortex-M0's firmware in a push.
pub struct Computed {
    /// For the check of a signature.
    pub signature: u64,
    /// For the longest step of that check.
    pub longest: u64,
    /// For each KiB that is hashed.
    pub hash: u64,
}

/// The moments at which a push reached each step.
struct Times<P> {
    pipe: P,
    sending: Duration,
    verifying: Duration,
}

impl<P: Pipe> Progress for Times<P> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Sending => self.sending = self.pipe.now(),
            Step::Verifying => self.verifying = self.pipe.now(),
            _ => {}
        }
    }

    fn bytes(&mut self, _: u64, _: u64) {}
}

/// The outcome of a push, and the duration of its steps in nanoseconds.
struct Went {
    pushed: Pushed,
    /// The signature, and a look at what the slot holds.
    before: u64,
    sending: u64,
    /// The digest of all that was written.
    behind: u64,
}

/// Pushes, and does not wait for the trial.
fn push<P: Pipe + Clone>(link: &mut Link<P>, image: &ImageFile) -> Result<Went> {
    let start = link.now();
    let mut times = Times { pipe: link.pipe().clone(), sending: start, verifying: start };
    let options = Options { until: Until::Pending, ..Options::default() };
    let pushed = push::push(link, image, &options, &mut times).map_err(|error| anyhow!("{error}"))?;
    let between = |from: Duration, to: Duration| (to - from).as_nanos() as u64;
    let Times { sending, verifying, .. } = times;
    Ok(Went {
        pushed,
        before: between(start, sending),
        sending: between(sending, verifying),
        behind: between(verifying, link.now()),
    })
}

/// The limits of a board's pushes.
struct Limits {
    /// Microseconds.
    time: u64,
    /// Thousandths of the least that they can take.
    ratio: u64,
    /// Thousandths of the line, at least.
    share: u64,
}

/// How long a push took, in relation to the least time that its image takes on the line or in flash, and the share of
/// the line's time that carried the image from its first byte to its last.
fn timed(board: &str, image: &ImageFile, went: &Went, flash: u64, limits: &Limits) -> [Figure; 3] {
    let line = |bytes: usize| bytes as u64 * 10 * 1_000_000_000 / BAUD;
    let least = line(image.to_bytes().len()).max(flash);
    let sent = line((went.pushed.sent - went.pushed.retransmitted) as usize);
    let whole = went.before + went.sending + went.behind;
    let what = format!("push of {KIB} KiB at {BAUD} baud");
    [
        Figure::new(&what, board, Unit::Microseconds, whole / 1000).held_to(limits.time),
        Figure::new(format!("{what}, over the longer of line and flash"), board, Unit::Ratio, whole * 1000 / least)
            .held_to(limits.ratio)
            .meant_to_be(1050),
        Figure::new(
            format!("{what}: image on the line while it is sent"),
            board,
            Unit::LineShare,
            sent * 1000 / went.sending,
        )
        .held_to(limits.share)
        .meant_to_be(970)
        .beside_cited(PEER.0, PEER.1),
    ]
}

/// A device in use: the second image runs from slot B, confirmed; slot A holds the first one.
fn in_use(target: &'static Target, first: &ImageFile, second: &ImageFile) -> Result<Device> {
    let mut device = Device::start(target, first)?;
    device.update(second, false)?;
    ensure!(device.boot(Cause::Request)? == Slot::B, "the second image is not started");
    device.confirm()?;
    Ok(device)
}

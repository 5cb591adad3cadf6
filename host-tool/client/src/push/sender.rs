//! Sends an image's bytes, or a patch's: as many frames on their way as the device can hold, and again what it says is missing.
//!
//! The device answers each frame, in order, with the next offset that it needs. An answer that falls short of its
//! frame's end means a loss: everything behind is sent again, once; the frames that were on their way by then are
//! stale, and their answers only show that they have left the line. Frames get shorter with each loss, and longer again
//! with each success; and fewer bytes are on their way, since so many are stale then. Where no answer comes at all, an empty
//! frame probes for its position, so that a device which is busy erasing does not get the same bytes twice.
//!
//! Most chips stall while flash is erased, and lose what arrives meanwhile. Where that shows, a frame whose bytes make
//! the device erase is not followed by another before it was answered. Frames of a patch go one at a time from the start.

use super::content::Content;
use super::outcome::Pushed;
use super::plan::Segment;
use super::progress::{Interruption, Progress};
use super::stop::Stop;
use crate::link::{Link, LinkError, Reply, Retry};
use crate::pipe::Pipe;
use lifeboot_wire::{Refusal, Status, frame};
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

/// Bytes of a write's message that are not the image's, at most: session, number, variant, offset, length.
const WRITE_OVERHEAD: usize = 3 + 1 + 1 + 5 + 3;
/// Silence before a further probe.
const PROBE_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long a device that answers may get nothing through, before the line counts as useless.
const STALLED: Duration = Duration::from_secs(60);
/// Bytes of the image in a frame at least, and those that frames grow by, each time one has arrived.
const STEP: u32 = 32;
/// How much of a frame's length more may be on its way, each time one has arrived: an eighth. Where each loss halves that, some
/// quarter of what arrives is sent twice in the long run, whatever the device could hold.
const GROWTH: usize = 8;

/// A frame on its way.
struct Sent {
    number: u8,
    /// What the device needs next once it has this frame and those before.
    end: u32,
    /// Bytes on the line, at most.
    length: usize,
    /// It makes the device erase.
    erases: bool,
    /// A loss before it is known already.
    stale: bool,
}

pub(super) struct Sender<'a, P> {
    link: &'a mut Link<P>,
    content: Content<'a>,
    progress: &'a mut dyn Progress,
    pushed: &'a mut Pushed,
    /// Bytes on the line that may be on their way, now, and at most.
    window: usize,
    largest_window: usize,
    /// Bytes of the image in a frame, now: fewer on a line that loses frames, so that some arrive.
    chunk: u32,
    largest_chunk: u32,
    flight: VecDeque<Sent>,
    /// Bytes of an erase unit.
    unit: u32,
    /// The frame that arrived last made the device erase.
    erased: bool,
    /// A frame was lost behind such a one: the device drops its input meanwhile.
    drops_input_while_erasing: bool,
    /// Probes in a row that stayed without an answer.
    probes: u32,
    /// When the device last had more than before.
    advanced: Duration,
    /// Bytes of the image that are in the slot.
    done: u64,
}

impl<'a, P: Pipe> Sender<'a, P> {
    pub(super) fn new(
        link: &'a mut Link<P>,
        status: &Status,
        content: Content<'a>,
        progress: &'a mut dyn Progress,
        pushed: &'a mut Pushed,
    ) -> Self {
        let window = status.window as usize;
        // Two frames at least: one is being written while the next one arrives. A device that says no window, a
        // bootloader, takes one at a time.
        let half = window / 2;
        let fits_half = half.saturating_sub(length_on_line(0) + half / 254 + 1) as u32;
        let fits = if window == 0 { status.chunk } else { status.chunk.min(fits_half) };
        let chunk = fits.max(STEP);
        // Probes have to fit as well; it is short beside what two frames leave.
        let probes = content.probes() as usize * length_on_line(0);
        let window = window.saturating_sub(probes).max(window.min(2 * length_on_line(chunk as usize)));
        let (flight, advanced) = (VecDeque::new(), link.now());
        Sender {
            link,
            content,
            progress,
            pushed,
            window,
            largest_window: window,
            chunk,
            largest_chunk: chunk,
            flight,
            unit: status.unit,
            erased: false,
            drops_input_while_erasing: false,
            probes: 0,
            advanced,
            done: 0,
        }
    }

    /// Brings all of it to the device. Returns when it has it.
    pub(super) fn send(&mut self, segments: &[Segment]) -> Result<(), Stop> {
        let mut position = 0;
        for segment in segments {
            position = match *segment {
                Segment::Skip(to) => {
                    let position = self.skip(position, to)?;
                    // What the device would not skip.
                    if position < to { self.stream(position, to)? } else { position }
                }
                Segment::Send(to) => self.stream(position, to)?,
            };
        }
        debug_assert_eq!(u64::from(position), self.content.total());
        Ok(())
    }

    fn skip(&mut self, from: u32, to: u32) -> Result<u32, Stop> {
        match self.link.ask(&self.content.skip(&(from..to)), Retry::SHORT)? {
            Reply::Written(next) => {
                let next = self.place(from, to, next)?;
                self.pushed.skipped += u64::from(next - from);
                self.progress.skipped(u64::from(next - from));
                self.advance(next - from);
                Ok(next)
            }
            Reply::Refused(refusal) => Err(Stop::Refused(refusal)),
            _ => Err(LinkError::Unexpected.into()),
        }
    }

    fn stream(&mut self, from: u32, to: u32) -> Result<u32, Stop> {
        let (mut written, mut position) = (from, from);
        // What goes out for the first time is not sent again.
        let mut furthest = from;
        self.advanced = self.link.now();
        while written < to {
            while position < to && self.has_room(to - position) {
                let end = (position + self.chunk).min(to).min(self.content.part_end(position));
                self.write(position..end)?;
                self.pushed.retransmitted += u64::from(end.min(furthest).saturating_sub(position));
                furthest = furthest.max(end);
                position = end;
            }
            let Some((sent, reply)) = self.listen(position)? else { continue };
            let next = match reply {
                Reply::Written(next) | Reply::Patched(next) => self.place(written, furthest, next)?,
                Reply::Refused(refusal) => return Err(Stop::Refused(refusal)),
                _ => return Err(LinkError::Unexpected.into()),
            };
            if next > furthest {
                return Err(Stop::Interrupted(Interruption::TransferEnded));
            }
            if next > written {
                self.advance(next - written);
                self.chunk = (self.chunk + STEP).min(self.largest_chunk);
                self.window = (self.window + self.frame() / GROWTH).min(self.largest_window);
                written = next;
            }
            if next >= sent.end {
                self.erased = sent.erases;
            } else if !sent.stale {
                self.flight.iter_mut().for_each(|sent| sent.stale = true);
                self.link.resynchronise();
                // Shorter frames are for noise.
                if self.erased && !self.drops_input_while_erasing {
                    self.drops_input_while_erasing = true;
                } else {
                    self.chunk = (self.chunk / 2).max(STEP);
                    self.window = (self.window / 2).max(2 * self.frame()).min(self.largest_window);
                }
                position = next;
            }
            position = position.max(next);
        }
        self.flight.clear();
        Ok(written)
    }

    /// The next answer to a frame on its way. If there is none for a while, probes at `position`.
    fn listen(&mut self, position: u32) -> Result<Option<(Sent, Reply)>, Stop> {
        if self.link.now() - self.advanced > STALLED {
            return Err(LinkError::Noisy.into());
        }
        let Some((number, reply)) =
            self.link.receive(if self.probes == 0 { self.content.probe_after() } else { PROBE_AGAIN_AFTER })?
        else {
            if self.probes == self.content.probes() {
                return Err(LinkError::Silent.into());
            }
            self.probes += 1;
            self.link.resynchronise();
            self.write(position..position)?;
            return Ok(None);
        };
        self.probes = 0;
        match (self.arrived(number), reply) {
            (Some(sent), reply) => Ok(Some((sent, reply))),
            // A write to flash that failed is nobody's answer. What nobody could read is not about this.
            (None, Reply::Refused(refusal)) if number == 0 && refusal != Refusal::Command => {
                Err(Stop::Refused(refusal))
            }
            (None, _) => Ok(None),
        }
    }

    fn has_room(&self, left: u32) -> bool {
        let in_flight: usize = self.flight.iter().map(|sent| sent.length).sum();
        let length = length_on_line(self.chunk.min(left) as usize);
        if self.drops_input_while_erasing && self.flight.back().is_some_and(|sent| sent.erases) {
            return false;
        }
        let fits = in_flight + length <= self.window && self.flight.len() < self.content.frames();
        self.flight.is_empty() || fits
    }

    fn write(&mut self, range: Range<u32>) -> Result<(), Stop> {
        let number = self.link.send(&self.content.command(&range))?;
        let erases = self.content.erases(&range, self.unit);
        let length = length_on_line(range.len());
        self.flight.push_back(Sent { number, end: range.end, length, erases, stale: false });
        self.pushed.frames += u64::from(!range.is_empty());
        self.pushed.sent += range.len() as u64;
        Ok(())
    }

    /// The frame that an answer is for; those before it have left the line, too.
    fn arrived(&mut self, number: u8) -> Option<Sent> {
        let index = self.flight.iter().position(|sent| sent.number == number)?;
        self.flight.drain(..=index).next_back()
    }

    /// Where the device is that needs `next`, of which `written` was there already, and no more than up to `furthest` was sent.
    fn place(&self, written: u32, furthest: u32, next: u32) -> Result<u32, Stop> {
        let reached = self.content.reached(written, furthest, next);
        let all = self.content.total() as u32;
        // It has begun anew: a host's begin that was repeated on its way, or that of another host.
        reached
            .filter(|reached| (written..=all).contains(reached))
            .ok_or(Stop::Interrupted(Interruption::TransferEnded))
    }

    /// Bytes on the line of a frame as it is now.
    fn frame(&self) -> usize {
        length_on_line(self.chunk as usize)
    }

    fn advance(&mut self, by: u32) {
        self.advanced = self.link.now();
        self.done += u64::from(by);
        self.progress.bytes(self.done, self.content.total());
    }
}

/// Bytes that a write of so many takes on the line, at most, with a zero in front.
const fn length_on_line(bytes: usize) -> usize {
    let message = WRITE_OVERHEAD + bytes;
    1 + message + frame::overhead(message)
}

//! Sends the bytes of an image or a patch: keeps as many frames in flight as the device can hold, and resends what is
//! lost.
//!
//! The device answers each frame, in order, with the next offset that it needs. An answer short of its frame's end
//! means a loss: everything after that offset is sent again, once. Frames that were in flight by then are stale; their
//! answers only show that they have left the line. Each loss makes frames shorter and reduces the bytes in flight; each
//! success makes them longer again. If no answer comes at all, an empty frame probes for the position, so that a device
//! which is busy erasing does not get the same bytes twice.
//! Most chips stall while flash is erased, and lose what arrives meanwhile. Once such a loss is seen, a frame that
//! makes the device erase must be answered before the next one is sent. Frames of a patch are sent one at a time from
//! the start.

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

/// Most bytes of a write's message that are not the image's: session, number, variant, offset, length.
const WRITE_OVERHEAD: usize = 3 + 1 + 1 + 5 + 3;
/// Silence before each further probe.
const PROBE_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long a device may answer without making progress before the line counts as unusable.
const STALLED: Duration = Duration::from_secs(60);
/// Fewest bytes of the image in a frame; also how much frames grow after each success.
const STEP: u32 = 32;
/// Most bytes of the image in a frame, whatever the device reports: more than any frame of this version holds.
const LARGEST_CHUNK: u32 = 64 * 1024;
/// After each success the bytes in flight may grow by one part in this many of the frame's length. Since each loss
/// halves them, faster growth would send some quarter of what arrives twice in the long run, whatever the device can
/// hold.
const GROWTH: usize = 8;

/// A frame in flight.
struct Sent {
    number: u8,
    /// The position that the device needs next once it has received all frames up to this one.
    end: u32,
    /// Most bytes that the frame takes on the line.
    length: usize,
    /// Whether it makes the device erase.
    erases: bool,
    /// Whether a loss before it is already known.
    stale: bool,
}

pub(super) struct Sender<'a, P> {
    link: &'a mut Link<P>,
    content: Content<'a>,
    progress: &'a mut dyn Progress,
    pushed: &'a mut Pushed,
    /// Current and largest number of bytes in flight.
    window: usize,
    largest_window: usize,
    /// Current bytes of the image in a frame: fewer on a line that loses frames, so that some arrive.
    chunk: u32,
    largest_chunk: u32,
    flight: VecDeque<Sent>,
    /// Whether the last frame that arrived made the device erase.
    erased: bool,
    /// Whether a frame was lost after one that made the device erase: the device drops its input meanwhile.
    drops_input_while_erasing: bool,
    /// Number of consecutive unanswered probes.
    probes: u32,
    /// When the device last made progress.
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
        // At least two frames: one is written while the next one arrives. A device that reports no window, such as a
        // bootloader, takes one frame at a time.
        let half = window / 2;
        let fits_half = half.saturating_sub(length_on_line(0) + half / 254 + 1) as u32;
        let fits = if window == 0 { status.chunk } else { status.chunk.min(fits_half) };
        let chunk = fits.clamp(STEP, LARGEST_CHUNK);
        // Probes must fit into the window as well; they are small beside the two frames.
        let probes = content.probes() as usize * length_on_line(0);
        let window = window.saturating_sub(probes).max(window.min(length_on_line(chunk as usize).saturating_mul(2)));
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
            erased: false,
            drops_input_while_erasing: false,
            probes: 0,
            advanced,
            done: 0,
        }
    }

    /// Sends all of it to the device. Returns once the device has everything.
    pub(super) fn send(&mut self, segments: &[Segment]) -> Result<(), Stop> {
        let mut position = 0;
        for segment in segments {
            position = match *segment {
                Segment::Skip(to) => {
                    let position = self.skip(position, to)?;
                    // The device did not skip all of it: the rest is sent.
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
        // Bytes that are sent for the first time do not count as sent again.
        let mut furthest = from;
        self.advanced = self.link.now();
        while written < to {
            while position < to && self.has_room(to - position) {
                let end = position.saturating_add(self.chunk).min(to).min(self.content.part_end(position));
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
                self.chunk = self.chunk.saturating_add(STEP).min(self.largest_chunk);
                self.window = self.window.saturating_add(self.frame() / GROWTH).min(self.largest_window);
                written = next;
            }
            if next >= sent.end {
                self.erased = sent.erases;
            } else if !sent.stale {
                self.flight.iter_mut().for_each(|sent| sent.stale = true);
                self.link.resynchronise();
                // Shorter frames help against noise only.
                if self.erased && !self.drops_input_while_erasing {
                    self.drops_input_while_erasing = true;
                } else {
                    self.chunk = (self.chunk / 2).max(STEP);
                    self.window = (self.window / 2).max(self.frame().saturating_mul(2)).min(self.largest_window);
                }
                position = next;
            }
            position = position.max(next);
        }
        self.flight.clear();
        Ok(written)
    }

    /// Waits for the next answer to a frame in flight. Probes at `position` if no answer comes for a while.
    fn listen(&mut self, position: u32) -> Result<Option<(Sent, Reply)>, Stop> {
        if self.link.now().saturating_sub(self.advanced) > STALLED {
            return Err(LinkError::Noisy.into());
        }
        let Some((number, reply)) =
            self.link.receive(if self.probes == 0 { self.content.probe_after() } else { PROBE_AGAIN_AFTER })?
        else {
            if self.probes == self.content.probes() {
                // The line may have a long delay: another probe would have to wait as long.
                if self.link.is_patient() {
                    return Ok(None);
                }
                return Err(self.link.silent().into());
            }
            self.probes += 1;
            self.link.resynchronise();
            self.write(position..position)?;
            return Ok(None);
        };
        self.probes = 0;
        match (self.arrived(number), reply) {
            (Some(sent), reply) => Ok(Some((sent, reply))),
            // A failed write to flash is reported without a number. A command that could not be decoded is another
            // matter.
            (None, Reply::Refused(refusal)) if number == 0 && refusal != Refusal::Command => {
                Err(Stop::Refused(refusal))
            }
            (None, _) => Ok(None),
        }
    }

    fn has_room(&self, left: u32) -> bool {
        let in_flight = self.flight.iter().fold(0usize, |sum, sent| sum.saturating_add(sent.length));
        let length = length_on_line(self.chunk.min(left) as usize);
        if self.drops_input_while_erasing && self.flight.back().is_some_and(|sent| sent.erases) {
            return false;
        }
        let fits = in_flight.saturating_add(length) <= self.window && self.flight.len() < self.content.frames();
        self.flight.is_empty() || fits
    }

    fn write(&mut self, range: Range<u32>) -> Result<(), Stop> {
        let number = self.link.send(&self.content.command(&range))?;
        let erases = self.content.erases(&range);
        let length = length_on_line(range.len());
        self.flight.push_back(Sent { number, end: range.end, length, erases, stale: false });
        self.pushed.frames += u64::from(!range.is_empty());
        self.pushed.sent += range.len() as u64;
        Ok(())
    }

    /// Returns the frame that an answer is for. The frames before it have left the line, too.
    fn arrived(&mut self, number: u8) -> Option<Sent> {
        let index = self.flight.iter().position(|sent| sent.number == number)?;
        self.flight.drain(..=index).next_back()
    }

    /// Returns the position of a device that needs `next`, if `written` was there already and nothing beyond
    /// `furthest` was sent.
    fn place(&self, written: u32, furthest: u32, next: u32) -> Result<u32, Stop> {
        let reached = self.content.reached(written, furthest, next);
        let all = self.content.total() as u32;
        // The device has begun again: a host's begin was repeated in transit, or another host began.
        reached
            .filter(|reached| (written..=all).contains(reached))
            .ok_or(Stop::Interrupted(Interruption::TransferEnded))
    }

    /// Returns the current length of a frame on the line, in bytes.
    fn frame(&self) -> usize {
        length_on_line(self.chunk as usize)
    }

    fn advance(&mut self, by: u32) {
        self.advanced = self.link.now();
        self.done += u64::from(by);
        self.progress.bytes(self.done, self.content.total());
    }
}

/// Returns the most bytes that a write of `bytes` bytes takes on the line, with a leading zero.
const fn length_on_line(bytes: usize) -> usize {
    let message = WRITE_OVERHEAD + bytes;
    1 + message + frame::overhead(message)
}

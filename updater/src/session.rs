//! [`Session`]: answers a host over any byte pipe.
//!
//! It does no I/O of its own: bytes go [in](Session::receive) and [out](Session::pending_output), and
//! [`advance`](Session::advance) does what is next, at most one flash operation. The file `line.rs` connects it to a
//! serial port, for blocking firmware and for async.
//!
//! A host pipelines `Write` frames up to the window. Each is answered with the next missing offset, so a lost, damaged,
//! repeated or reordered frame is only sent again.

use crate::conversation::Conversation;
use crate::operation::Step;
use crate::updater::Updater;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_wire::frame;
use lifeboot_wire::{Body, Refusal};

/// Maximum number of bytes of log in one frame.
const LOG: usize = 128;

/// Maximum number of bytes in a `Write` request's message beside the image's: session, number, variant, offset, length.
const WRITE_OVERHEAD: usize = 3 + 1 + 1 + 5 + 2;

/// Milliseconds that a trial may run without a confirm, after which [`Event::Reset`] requests the next attempt.
pub const TRIAL_DEADLINE: u32 = 60_000;

/// What the application must do after a [`poll`](Session::poll) or an [`advance`](Session::advance).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing; no operation is in progress either.
    Idle,
    /// Nothing, but call again soon: there is more to send or to do.
    Busy,
    /// Reset the chip: a host requested it, or the trial's deadline has passed. Everything was handed to the line.
    Reset,
    /// Reset the chip with [`recovery_word`](lifeboot_core::handover::recovery_word) as the cause: a host requested the
    /// bootloader's recovery mode. Reported once; if the firmware ignores it, it keeps running and the host sees that.
    Recover,
}

/// A session of one host with the device. `N` bounds a received frame, which carries [`chunk`](Self::chunk) bytes of
/// image.
///
/// Takes `N` bytes of RAM and about 400 more.
pub struct Session<const N: usize> {
    decoder: frame::Decoder<N>,
    /// Whether the decoder holds a request that is not answered yet.
    pending: bool,
    /// Whether the last [`advance`](Self::advance) left something to do.
    busy: bool,
    conversation: Conversation,
    /// The time of the first poll.
    started: Option<u32>,
    trial_deadline: u32,
}

impl<const N: usize> Session<N> {
    /// Returns a session over a line whose driver buffers `receive_buffer` bytes between two reads; the host never
    /// keeps more in flight.
    pub fn new(receive_buffer: usize) -> Self {
        Session {
            decoder: frame::Decoder::new(),
            pending: false,
            busy: false,
            conversation: Conversation::new(receive_buffer as u32, Self::chunk() as u32),
            started: None,
            trial_deadline: TRIAL_DEADLINE,
        }
    }

    /// Sets how long, in milliseconds, firmware on trial may run without a confirm.
    pub fn with_trial_deadline(self, milliseconds: u32) -> Self {
        Session { trial_deadline: milliseconds, ..self }
    }

    /// Returns how many bytes of image one frame can carry.
    pub const fn chunk() -> usize {
        N - WRITE_OVERHEAD - frame::CRC_LENGTH
    }

    /// Takes received bytes, up to the end of a message; returns how many. Takes none while [`advance`](Self::advance)
    /// has not yet carried out a message.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        if !self.wants_input() {
            return 0;
        }
        let end = bytes.iter().position(|byte| self.decoder.push(*byte));
        self.pending = end.is_some();
        end.map_or(bytes.len(), |end| end + 1)
    }

    /// Whether [`receive`](Self::receive) takes any bytes.
    pub fn wants_input(&self) -> bool {
        !self.pending
    }

    /// Returns the bytes to send next; report how many were sent by [`consume_output`](Self::consume_output).
    pub fn pending_output(&self) -> &[u8] {
        self.conversation.pending_output()
    }

    /// Removes the first `count` bytes of [`pending_output`](Self::pending_output), which were sent.
    pub fn consume_output(&mut self, count: usize) {
        self.conversation.consume_output(count);
    }

    /// Whether there is something to do, so that the caller must not wait for input.
    pub fn is_busy(&self) -> bool {
        self.busy || self.pending || !self.pending_output().is_empty()
    }

    /// Does what is next, at most one flash operation; does nothing until all output was sent. `now` is in milliseconds
    /// since an arbitrary start, and wraps.
    pub fn advance<F: NorFlash>(&mut self, now: u32, updater: &mut Updater<F>) -> Event {
        let event = self.step(now, updater);
        self.busy = event == Event::Busy;
        event
    }

    fn step<F: NorFlash>(&mut self, now: u32, updater: &mut Updater<F>) -> Event {
        let conversation = &mut self.conversation;
        let started = *self.started.get_or_insert(now);
        if updater.is_trial() && now.wrapping_sub(started) > self.trial_deadline {
            conversation.reset = true;
        }
        if !conversation.pending_output().is_empty() {
            return Event::Busy;
        }
        if conversation.reset {
            return Event::Reset;
        }
        if core::mem::take(&mut conversation.recover) {
            return Event::Recover;
        }
        match updater.step() {
            Ok(Step::Busy) => return Event::Busy,
            Ok(Step::Idle) if self.pending => {
                self.pending = match self.decoder.message() {
                    Some(request) => conversation.handle(&request, now, updater),
                    // An undamaged message, but of a later version than this device's, or not for a device.
                    None => conversation.answer(0, Body::Refused(Refusal::Command)),
                };
            }
            Ok(Step::Idle) => match updater.verify_ahead() {
                Ok(true) => return Event::Busy,
                Ok(false) => {}
                Err(refusal) => conversation.give_up(refusal),
            },
            Ok(_) => conversation.end_work(updater),
            Err(refusal) => {
                self.pending = false;
                conversation.give_up(refusal);
            }
        }
        let idle = !self.pending && conversation.pending_output().is_empty() && conversation.working.is_none();
        if idle { Event::Idle } else { Event::Busy }
    }

    /// Sends the bootloader's log if the line is free; returns whether it was. At most
    /// [`LOG_LENGTH`](lifeboot_core::handover::LOG_LENGTH) bytes.
    pub fn offer_boot_log(&mut self, log: &[u8]) -> bool {
        let is_free = self.conversation.pending_output().is_empty();
        if is_free && !log.is_empty() {
            self.conversation.answer(0, Body::BootLog(log));
        }
        is_free
    }

    /// Sends the beginning of `log` if the line is free; returns how many bytes it took.
    pub fn offer_log(&mut self, log: &[u8]) -> usize {
        if log.is_empty() || !self.conversation.pending_output().is_empty() {
            return 0;
        }
        let piece = log.get(..log.len().min(LOG)).unwrap_or_default();
        self.conversation.answer(0, Body::Log(piece));
        piece.len()
    }
}

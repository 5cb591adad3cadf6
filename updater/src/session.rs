//! [`Session`]: answers a host over any byte pipe.
//!
//! It does no I/O of its own: bytes go [in](Session::receive) and [out](Session::pending_output), and
//! [`advance`](Session::advance) does what is next, at most one flash operation. The file `line.rs` carries the bytes
//! between that and a serial port, for blocking firmware and for async.
//!
//! A host pipelines `Write` frames up to the window; each is answered with the next offset that is missing, so a lost,
//! damaged, repeated or reordered frame is sent again and nothing else happens.

use crate::conversation::Conversation;
use crate::operation::Step;
use crate::updater::Updater;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_wire::frame;
use lifeboot_wire::{Body, Refusal};

/// Bytes of log that one frame carries at most.
const LOG: usize = 128;

/// Bytes of a `Write` request's message that are not the image's, at most: session, number, variant, offset, length.
const WRITE_OVERHEAD: usize = 3 + 1 + 1 + 5 + 2;

/// Milliseconds of a trial without a confirm, after which [`Event::Reset`] asks for the next attempt.
pub const TRIAL_DEADLINE: u32 = 60_000;

/// What the application is to do after a [`poll`](Session::poll) or an [`advance`](Session::advance).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing; nothing is under way either.
    Idle,
    /// Nothing; there is more to send or to do, so call again soon.
    Busy,
    /// Reset the chip: a host asked for it, or the trial's time is over. Everything was handed to the line.
    Reset,
    /// Reset the chip, and leave [`recovery_word`](lifeboot_core::handover::recovery_word) as the cause: a host wants the
    /// bootloader to answer. Told once; firmware that does not do it goes on, and the host finds it running.
    Recover,
}

/// One host's conversation with the device. `N` bounds a received frame: [`chunk`](Self::chunk) bytes of image fit.
///
/// Takes `N` bytes of RAM and about 400 more.
pub struct Session<const N: usize> {
    decoder: frame::Decoder<N>,
    /// The decoder holds a request that is not answered yet.
    pending: bool,
    /// The last [`advance`](Self::advance) left something to do.
    busy: bool,
    conversation: Conversation,
    /// When the first poll was.
    started: Option<u32>,
    trial_deadline: u32,
}

impl<const N: usize> Session<N> {
    /// A session over a line whose driver can hold `receive_buffer` bytes while nobody reads: that much the host keeps
    /// in flight.
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

    /// Bytes of image that one frame can bring.
    pub const fn chunk() -> usize {
        N - WRITE_OVERHEAD - frame::CRC_LENGTH
    }

    /// Takes bytes that have arrived, up to the end of a message; returns how many. None while there is a message that
    /// [`advance`](Self::advance) has not carried out yet.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        if !self.wants_input() {
            return 0;
        }
        let end = bytes.iter().position(|byte| self.decoder.push(*byte));
        self.pending = end.is_some();
        end.map_or(bytes.len(), |end| end + 1)
    }

    /// Whether [`receive`](Self::receive) takes anything.
    pub fn wants_input(&self) -> bool {
        !self.pending
    }

    /// What is to go out next; [`consume_output`](Self::consume_output) says how much of it went.
    pub fn pending_output(&self) -> &[u8] {
        self.conversation.pending_output()
    }

    /// The first `count` bytes of [`pending_output`](Self::pending_output) are on their way.
    pub fn consume_output(&mut self, count: usize) {
        self.conversation.consume_output(count);
    }

    /// Whether there is something to do, so that nothing should be waited for.
    pub fn is_busy(&self) -> bool {
        self.busy || self.pending || !self.pending_output().is_empty()
    }

    /// Does what is next, at most one flash operation; nothing, before everything was sent. `now` is in milliseconds,
    /// from any start, wrapping.
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
                    // Whole, but of a later version than this device's, or not for a device at all.
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

    /// Puts on the line what the bootloader has logged, if the line is free; whether it was. At most
    /// [`LOG_LENGTH`](lifeboot_core::handover::LOG_LENGTH) bytes.
    pub fn offer_boot_log(&mut self, log: &[u8]) -> bool {
        let is_free = self.conversation.pending_output().is_empty();
        if is_free && !log.is_empty() {
            self.conversation.answer(0, Body::BootLog(log));
        }
        is_free
    }

    /// Puts the beginning of `log` on the line, if the line is free; returns how many bytes it took.
    pub fn offer_log(&mut self, log: &[u8]) -> usize {
        if log.is_empty() || !self.conversation.pending_output().is_empty() {
            return 0;
        }
        let piece = log.get(..log.len().min(LOG)).unwrap_or_default();
        self.conversation.answer(0, Body::Log(piece));
        piece.len()
    }
}

//! [`Session`]: answers a host over any byte pipe.
//!
//! The application calls [`Session::poll`] in its loop; each call does at most one flash operation and never waits.
//! A host pipelines `Write` frames up to the window; each is answered with the next offset that is missing, so a lost,
//! damaged, repeated or reordered frame is sent again and nothing else happens.

use crate::frame;
use crate::updater::{Belief, Updater, Work};
use crate::wire::{self, Answer, Body, Command, Refusal, Request, SILENCE};
use embedded_io::{Read, ReadReady, Write, WriteReady};
use embedded_storage::nor_flash::NorFlash;
use heapless::Vec;

/// Bytes of the largest answer's message: a status, with room for what will be appended to it.
const ANSWER: usize = 224;

/// Bytes of log that one frame carries at most.
const LOG: usize = 128;

/// Bytes of a `Write` request's message that are not the image's, at most: session, number, variant, offset, length.
const WRITE_OVERHEAD: usize = 3 + 1 + 1 + 5 + 2;

/// Milliseconds of a trial without a confirm, after which [`Event::Reset`] asks for the next attempt.
pub const TRIAL_DEADLINE: u32 = 60_000;

/// What the application is to do after a [`poll`](Session::poll).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing; nothing is under way either.
    Idle,
    /// Nothing; there is more to do, so call again soon.
    Busy,
    /// Reset the chip: a host asked for it, or the trial's time is over.
    Reset,
}

/// One host's conversation with the device. `N` bounds a received frame: [`chunk`](Self::chunk) bytes of image fit.
///
/// Takes `N` bytes of RAM and about 300 more.
pub struct Session<const N: usize> {
    decoder: frame::Decoder<N>,
    /// The decoder holds a request that is not answered yet.
    pending: bool,
    conversation: Conversation,
    /// When the first poll was.
    started: Option<u32>,
    trial_deadline: u32,
}

/// Everything of a session but the frame that was received last.
struct Conversation {
    window: u32,
    chunk: u32,
    transmit: Vec<u8, { ANSWER + frame::overhead(ANSWER) }>,
    sent: usize,
    /// Which host holds the session, and when it was last heard.
    holder: Option<(u16, u32)>,
    /// The number of the request that [`Updater::work`] is carrying out.
    working: Option<u8>,
    /// The last request, if it changed something and was done: a repetition is answered, not carried out again.
    done: Option<(u16, u8)>,
    reset: bool,
}

impl<const N: usize> Session<N> {
    /// A session over a line whose driver can hold `receive_buffer` bytes while nobody reads: that much the host keeps
    /// in flight.
    pub fn new(receive_buffer: usize) -> Self {
        let mut transmit = Vec::new();
        let _ = transmit.push(0); // Ends whatever the line carried before this reset.
        let conversation = Conversation {
            window: receive_buffer as u32,
            chunk: Self::chunk() as u32,
            transmit,
            sent: 0,
            holder: None,
            working: None,
            done: None,
            reset: false,
        };
        Session {
            decoder: frame::Decoder::new(),
            pending: false,
            conversation,
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

    /// Does what is next: sends, works, or reads and answers. `now` is in milliseconds, from any start, wrapping.
    ///
    /// # Errors
    /// Those of `serial`. Calling again goes on.
    pub fn poll<S, F>(&mut self, now: u32, serial: &mut S, updater: &mut Updater<F>) -> Result<Event, S::Error>
    where
        S: Read + ReadReady + Write + WriteReady,
        F: NorFlash,
    {
        let conversation = &mut self.conversation;
        let started = *self.started.get_or_insert(now);
        if updater.is_trial() && now.wrapping_sub(started) > self.trial_deadline {
            conversation.reset = true;
        }
        if !conversation.send(serial)? {
            return Ok(Event::Busy);
        }
        if conversation.reset {
            // The answer has to be out before the port is gone.
            serial.flush()?;
            return Ok(Event::Reset);
        }
        match updater.work() {
            Ok(Work::Busy) => return Ok(Event::Busy),
            Ok(Work::Done) => conversation.end_work(Body::Done),
            Ok(Work::Idle) => {
                if self.pending || receive(&mut self.decoder, serial)? {
                    self.pending = match self.decoder.message() {
                        Some(request) => conversation.handle(&request, now, updater),
                        // Whole, but of a later version than this device's, or not for a device at all.
                        None => conversation.answer(0, Body::Refused(Refusal::Command)),
                    };
                }
            }
            Err(refusal) => {
                self.pending = false;
                conversation.end_work(Body::Refused(refusal));
            }
        }
        let idle = !self.pending && conversation.transmit.is_empty() && conversation.working.is_none();
        Ok(if idle { Event::Idle } else { Event::Busy })
    }

    /// Puts the beginning of `log` on the line, if the line is free; returns how many bytes it took.
    pub fn offer_log(&mut self, log: &[u8]) -> usize {
        if log.is_empty() || !self.conversation.transmit.is_empty() {
            return 0;
        }
        let piece = log.get(..log.len().min(LOG)).unwrap_or_default();
        self.conversation.answer(0, Body::Log(piece));
        piece.len()
    }
}

/// Reads what has arrived, up to the end of a message; whether there is one.
fn receive<S: Read + ReadReady, const N: usize>(
    decoder: &mut frame::Decoder<N>,
    serial: &mut S,
) -> Result<bool, S::Error> {
    let mut byte = [0];
    // No more than a frame's worth: a flood must not keep the application waiting.
    for _ in 0..N {
        if !serial.read_ready()? || serial.read(&mut byte)? == 0 {
            return Ok(false);
        }
        if decoder.push(byte[0]) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Conversation {
    /// Whether everything was sent.
    fn send<S: Write + WriteReady>(&mut self, serial: &mut S) -> Result<bool, S::Error> {
        while let Some(rest) = self.transmit.get(self.sent..).filter(|rest| !rest.is_empty()) {
            if !serial.write_ready()? {
                return Ok(false);
            }
            self.sent += serial.write(rest)?;
        }
        self.transmit.clear();
        self.sent = 0;
        Ok(true)
    }

    /// Carries out a request; whether it has to be called again for the same one, after the next flash operation.
    fn handle<F: NorFlash>(&mut self, request: &Request, now: u32, updater: &mut Updater<F>) -> bool {
        let Request { session, number, ref command } = *request;
        if *command == Command::Status {
            let status = updater.status(self.window, self.chunk);
            return self.answer(number, Body::Status(status));
        }
        if self.holder.is_some_and(|(holder, heard)| holder != session && now.wrapping_sub(heard) < SILENCE) {
            return self.answer(number, Body::Refused(Refusal::Busy));
        }
        if self.done == Some((session, number)) {
            return self.answer(number, Body::Done);
        }
        self.done = None;
        self.holder = Some((session, now));
        match *command {
            Command::Status => false,
            Command::Write { offset, bytes } => self.write(number, offset, bytes, updater),
            Command::Skip { to } => {
                let skipped = updater.skip(to);
                self.answer_written(number, skipped, updater)
            }
            Command::Digests { offset, length, count } => self.digests(number, offset, length, count, updater),
            Command::Begin { header, running, target, force } => {
                let belief = Belief { running: running.into(), target: target.into() };
                let begun = match header.try_into() {
                    Ok(header) => updater.begin(header, belief, force),
                    Err(_) => Err(Refusal::NoImage),
                };
                self.working = None;
                let next = begun.and_then(|()| updater.next().ok_or(Refusal::NoTransfer));
                self.answer(number, next.map_or_else(Body::Refused, |next| Body::Begun { next }))
            }
            Command::Finish => {
                let started = updater.finish();
                self.start_work(number, started)
            }
            Command::Rollback => {
                let started = updater.request_rollback();
                self.start_work(number, started)
            }
            Command::Confirm => match updater.request_confirm() {
                Ok(false) => self.answer_done(number, Ok(())),
                requested => self.start_work(number, requested.map(|_| ())),
            },
            Command::Abort => {
                updater.abort();
                self.working = None;
                self.answer_done(number, Ok(()));
                self.holder = None;
                false
            }
            Command::Reset => {
                self.reset = true;
                self.answer_done(number, Ok(()))
            }
        }
    }

    fn write<F: NorFlash>(&mut self, number: u8, offset: u32, bytes: &[u8], updater: &mut Updater<F>) -> bool {
        let fed = updater.next().ok_or(Refusal::NoTransfer).and_then(|next| {
            // What is left of these bytes; nothing, where they do not reach the next missing one.
            let before = next.checked_sub(offset).map_or(bytes.len(), |before| before as usize);
            let rest = bytes.get(before..).unwrap_or_default();
            let taken = updater.feed(next, rest)?;
            Ok(0 < taken && taken < rest.len())
        });
        match fed {
            Ok(true) => true,
            _ => self.answer_written(number, fed.map(|_| ()), updater),
        }
    }

    fn digests<F: NorFlash>(
        &mut self,
        number: u8,
        offset: u32,
        length: u32,
        count: u8,
        updater: &mut Updater<F>,
    ) -> bool {
        let mut digests: Vec<u8, { wire::DIGESTS * wire::DIGEST_LENGTH }> = Vec::new();
        let mut each = || {
            updater.next().ok_or(Refusal::NoTransfer)?;
            for index in 0..u32::from(count) {
                let before = length.checked_mul(index).ok_or(Refusal::Command)?;
                let digest = updater.digest(offset.checked_add(before).ok_or(Refusal::Command)?, length)?;
                digests.extend_from_slice(&digest).map_err(|_| Refusal::Command)?;
            }
            Ok(())
        };
        let result = each();
        self.answer(number, result.map_or_else(Body::Refused, |()| Body::Digests(&digests)))
    }

    fn start_work(&mut self, number: u8, started: Result<(), Refusal>) -> bool {
        match started {
            Ok(()) => {
                self.working = Some(number);
                false
            }
            // A repetition of the request that is being carried out.
            Err(_) if self.working == Some(number) => false,
            Err(refusal) => self.answer(number, Body::Refused(refusal)),
        }
    }

    /// Answers what was started; where that was no request but the writing of what had been taken, nobody in
    /// particular.
    fn end_work(&mut self, body: Body) {
        let number = self.working.take().unwrap_or_default();
        if let (Body::Done, Some((session, _))) = (&body, self.holder) {
            self.done = Some((session, number));
        }
        self.answer(number, body);
    }

    fn answer_done(&mut self, number: u8, result: Result<(), Refusal>) -> bool {
        if let (Ok(()), Some((session, _))) = (result, self.holder) {
            self.done = Some((session, number));
        }
        self.answer(number, result.map_or_else(Body::Refused, |()| Body::Done))
    }

    fn answer_written<F: NorFlash>(&mut self, number: u8, result: Result<(), Refusal>, updater: &Updater<F>) -> bool {
        let next = result.and_then(|()| updater.next().ok_or(Refusal::NoTransfer));
        self.answer(number, next.map_or_else(Body::Refused, |next| Body::Written { next }))
    }

    /// Queues an answer, which ends the request: false. The line is free, since requests are only read when it is.
    fn answer(&mut self, number: u8, body: Body) -> bool {
        let mut scratch = [0; ANSWER];
        let _ = self.transmit.resize_default(self.transmit.capacity());
        let length = frame::encode(&Answer { number, body }, &mut scratch, &mut self.transmit);
        self.transmit.truncate(length.unwrap_or_default());
        self.sent = 0;
        false
    }
}

//! The protocol of a session: carries out requests on the updater and queues the answers.

use crate::updater::{Expected, Updater};
use core::mem;
use embedded_storage::nor_flash::NorFlash;
use heapless::Vec;
use lifeboot_wire::frame;
use lifeboot_wire::{self as wire, Answer, Body, Command, Refusal, Request, SESSION_TIMEOUT_MS};

/// Bytes of the largest answer's message: a status, with room for fields that will be appended to it.
const ANSWER: usize = 224;

/// The state of a session, except the frame that was received last.
pub(crate) struct Conversation {
    window: u32,
    chunk: u32,
    transmit: Vec<u8, { ANSWER + frame::overhead(ANSWER) }>,
    sent: usize,
    /// The host that holds the session, and when it last sent a request.
    holder: Option<(u16, u32)>,
    /// The number of the request that [`Updater::step`] is carrying out.
    pub working: Option<u8>,
    /// The last request, if it changed something and was done: a repetition is answered, not carried out again.
    done: Option<(u16, u8)>,
    pub reset: bool,
    pub recover: bool,
    /// The digests that were computed so far for a request.
    digests: Vec<u8, { wire::DIGESTS * wire::DIGEST_LENGTH }>,
}

impl Conversation {
    /// Returns a conversation that has not begun; `window` and `chunk` are the values that a status reports.
    pub fn new(window: u32, chunk: u32) -> Self {
        let mut transmit = Vec::new();
        let _ = transmit.push(0); // Ends any frame that was on the line before this reset.
        Conversation {
            window,
            chunk,
            transmit,
            sent: 0,
            holder: None,
            working: None,
            done: None,
            reset: false,
            recover: false,
            digests: Vec::new(),
        }
    }

    /// Returns the bytes to send next.
    pub fn pending_output(&self) -> &[u8] {
        self.transmit.get(self.sent..).unwrap_or_default()
    }

    /// Removes the first `count` of these bytes, which were sent.
    pub fn consume_output(&mut self, count: usize) {
        self.sent += count;
        if self.sent >= self.transmit.len() {
            self.transmit.clear();
            self.sent = 0;
        }
    }

    /// Carries out a request; returns whether it must be called again for the same request, after the next flash
    /// operation.
    #[inline(never)] // Keeps its locals off the stack of a signature's check.
    pub fn handle<F: NorFlash>(&mut self, request: &Request, now: u32, updater: &mut Updater<F>) -> bool {
        let Request { session, number, ref command } = *request;
        if let Command::Status | Command::Quarantine | Command::Keys = *command {
            return self.report(number, command, updater);
        }
        if self.holder.is_some_and(|(holder, heard)| holder != session && now.wrapping_sub(heard) < SESSION_TIMEOUT_MS)
        {
            return self.answer(number, Body::Refused(Refusal::Busy));
        }
        if self.done == Some((session, number)) {
            let body = match (command, updater.next()) {
                (Command::Begin { .. }, Some(next)) => Body::Begun { next },
                _ => Body::Done,
            };
            return self.answer(number, body);
        }
        self.done = None;
        self.holder = Some((session, now));
        match *command {
            Command::Status | Command::Keys | Command::Quarantine => false,
            Command::Write { offset, bytes } => self.write(number, offset, bytes, updater),
            Command::Skip { to } => {
                // The next offset in the answer says whether it did.
                let skipped = updater.skip(to).map(|_| ());
                self.answer_written(number, skipped, updater)
            }
            #[cfg(feature = "delta")]
            Command::BeginPatch { format, from } => {
                let begun = updater.begin_patch(format, from);
                self.answer_patched(number, begun, updater)
            }
            #[cfg(feature = "delta")]
            Command::Patch { offset, bytes } => self.patch(number, offset, bytes, updater),
            #[cfg(not(feature = "delta"))]
            Command::BeginPatch { .. } | Command::Patch { .. } => self.answer(number, Body::Refused(Refusal::Command)),
            Command::Digests { offset, length, count } => self.digests(number, offset, length, count, updater),
            Command::Begin { header, running, target, force } => {
                let expected = Expected { running: running.into(), target: target.into() };
                let begun = match header.try_into() {
                    Ok(header) => updater.begin(header, expected, force),
                    Err(_) => Err(Refusal::NoImage),
                };
                self.start_work(number, begun)
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
                Ok(false) => self.end(number, Body::Done),
                requested => self.start_work(number, requested.map(|_| ())),
            },
            Command::Abort => {
                updater.abort();
                self.working = None;
                self.end(number, Body::Done);
                self.holder = None;
                false
            }
            Command::Reset => {
                self.reset = true;
                self.end(number, Body::Done)
            }
            Command::Recover => {
                self.recover = true;
                self.end(number, Body::Done)
            }
        }
    }

    /// Answers a request that does not need the session.
    #[inline(never)] // As for `handle`.
    fn report<F: NorFlash>(&mut self, number: u8, question: &Command, updater: &mut Updater<F>) -> bool {
        let body = match question {
            Command::Quarantine => Body::Quarantine(updater.quarantine()),
            Command::Keys => updater.keys().map_or_else(Body::Refused, Body::Keys),
            _ => Body::Status(updater.status(self.window, self.chunk)),
        };
        self.answer(number, body)
    }

    fn write<F: NorFlash>(&mut self, number: u8, offset: u32, bytes: &[u8], updater: &mut Updater<F>) -> bool {
        let fed = updater.next().ok_or(Refusal::NoTransfer).and_then(|next| {
            // The rest of these bytes; none if they end before the next missing one.
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

    #[cfg(feature = "delta")]
    fn patch<F: NorFlash>(&mut self, number: u8, offset: u32, bytes: &[u8], updater: &mut Updater<F>) -> bool {
        match updater.feed_patch(offset, bytes) {
            Ok(true) => true,
            fed => self.answer_patched(number, fed.map(|_| ()), updater),
        }
    }

    #[cfg(feature = "delta")]
    fn answer_patched<F: NorFlash>(&mut self, number: u8, result: Result<(), Refusal>, updater: &Updater<F>) -> bool {
        let next = result.and_then(|()| updater.next_in_patch().ok_or(Refusal::NoTransfer));
        self.answer(number, next.map_or_else(Body::Refused, |next| Body::Patched { next }))
    }

    /// Computes one digest in each call.
    fn digests<F: NorFlash>(
        &mut self,
        number: u8,
        offset: u32,
        length: u32,
        count: u8,
        updater: &mut Updater<F>,
    ) -> bool {
        let added = self.add_digest(offset, length, count, updater);
        if added == Ok(true) {
            return true;
        }
        let digests = mem::take(&mut self.digests);
        self.answer(number, added.map_or_else(Body::Refused, |_| Body::Digests(&digests)))
    }

    /// Adds a digest; returns whether there are more to add.
    fn add_digest<F: NorFlash>(
        &mut self,
        offset: u32,
        length: u32,
        count: u8,
        updater: &mut Updater<F>,
    ) -> Result<bool, Refusal> {
        let (done, count) = (self.digests.len() / wire::DIGEST_LENGTH, usize::from(count));
        updater.next().ok_or(Refusal::NoTransfer)?;
        if length > wire::DIGEST_RANGE.min(updater.board.slot_unit) || count > wire::DIGESTS {
            return Err(Refusal::Command);
        }
        if done < count {
            let start = offset.checked_add(length * done as u32).ok_or(Refusal::Command)?;
            let digest = match updater.digest(start, length) {
                // A part that cannot be read must not be skipped: no image has this digest.
                Err(Refusal::Flash) => [0; wire::DIGEST_LENGTH],
                digest => digest?,
            };
            self.digests.extend_from_slice(&digest).map_err(|_| Refusal::Command)?;
        }
        Ok(done + 1 < count)
    }

    fn start_work(&mut self, number: u8, started: Result<(), Refusal>) -> bool {
        match started {
            Ok(()) => {
                self.working = Some(number);
                false
            }
            Err(refusal) => self.answer(number, Body::Refused(refusal)),
        }
    }

    /// Answers the request whose operation is done.
    pub fn end_work<F: NorFlash>(&mut self, updater: &Updater<F>) {
        let number = self.working.take().unwrap_or_default();
        let begun = updater.next().map(|next| Body::Begun { next });
        self.end(number, begun.unwrap_or(Body::Done));
    }

    /// Answers the request whose operation has failed.
    pub fn give_up(&mut self, refusal: Refusal) {
        // If no request was in progress, but bytes that were already taken were being written, the number matches no
        // request.
        let number = self.working.take().unwrap_or_default();
        self.digests.clear();
        self.answer(number, Body::Refused(refusal));
    }

    /// Answers a request that was carried out, and remembers it.
    fn end(&mut self, number: u8, body: Body) -> bool {
        self.done = self.holder.map(|(session, _)| (session, number));
        self.answer(number, body)
    }

    fn answer_written<F: NorFlash>(&mut self, number: u8, result: Result<(), Refusal>, updater: &Updater<F>) -> bool {
        let next = result.and_then(|()| updater.next().ok_or(Refusal::NoTransfer));
        self.answer(number, next.map_or_else(Body::Refused, |next| Body::Written { next }))
    }

    /// Queues an answer, which ends the request; returns false. The line is free, since requests are only read when it
    /// is.
    pub fn answer(&mut self, number: u8, body: Body) -> bool {
        let mut scratch = [0; ANSWER];
        let _ = self.transmit.resize_default(self.transmit.capacity());
        let length = frame::encode(&Answer { number, body }, &mut scratch, &mut self.transmit);
        self.transmit.truncate(length.unwrap_or_default());
        self.sent = 0;
        false
    }
}

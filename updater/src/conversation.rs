//! The protocol of a session: carries out requests on the updater and queues the answers.

use crate::event::{Event, Restart};
use crate::operation::Step;
use crate::ticket::Ticket;
use crate::updater::{Expected, Updater};
use core::mem;
use embedded_storage::nor_flash::ReadNorFlash;
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
    /// The number of the request whose answer waits for the end of an operation or a confirm, and the ticket of that.
    working: Option<(u8, Ticket)>,
    /// The operation that was started last for a host: only this one is fed, finished or aborted, never one of the
    /// application's.
    own: Option<Ticket>,
    /// The last request, if it changed something and was done: a repetition is answered, not carried out again.
    done: Option<(u16, u8)>,
    restart: Option<Restart>,
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
            own: None,
            done: None,
            restart: None,
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

    /// Whether anything may be sent that answers no request.
    pub fn is_free(&self) -> bool {
        self.pending_output().is_empty() && self.restart.is_none()
    }

    /// Returns what a restart that a host requested means at this time; `None` if none was.
    pub fn restart_event(&mut self, now: u32) -> Option<Event> {
        let is_sent = self.pending_output().is_empty();
        let event = self.restart.as_mut()?.due(now, is_sent).unwrap_or(Event::Busy);
        if event == Event::Recover {
            self.restart = None;
        }
        Some(event)
    }

    /// Whether a request waits for the end of an operation or a confirm.
    pub fn is_working(&self) -> bool {
        self.working.is_some()
    }

    /// Whether this is the request of the host that holds the session with this number.
    pub fn is_own(&self, request: &Request, number: u8) -> bool {
        request.number == number && self.holder.is_some_and(|(session, _)| session == request.session)
    }

    /// Carries out a request; returns whether it must be called again for the same request, after the next flash
    /// operation.
    #[inline(never)] // Keeps its locals off the stack of a signature's check.
    pub fn handle<F: ReadNorFlash>(&mut self, request: &Request, now: u32, updater: &mut Updater<F>) -> bool {
        let Request { session, number, ref command } = *request;
        if let Command::Status | Command::Quarantine | Command::Keys | Command::Identity | Command::Map = *command {
            return self.report(number, command, updater);
        }
        if self.holder.is_some_and(|(holder, heard)| holder != session && now.wrapping_sub(heard) < SESSION_TIMEOUT_MS)
        {
            return self.answer(number, Body::Refused(Refusal::Busy));
        }
        if self.done == Some((session, number)) {
            let body = match (command, self.next(updater)) {
                (Command::Begin { .. }, Ok(next)) => Body::Begun { next },
                (Command::Begin { .. }, Err(refusal)) => Body::Refused(refusal),
                _ => Body::Done,
            };
            return self.answer(number, body);
        }
        self.done = None;
        self.holder = Some((session, now));
        match *command {
            Command::Status | Command::Keys | Command::Quarantine | Command::Identity | Command::Map => false,
            Command::Write { offset, bytes } => self.write(number, offset, bytes, updater),
            Command::Skip { to } => {
                // The next offset in the answer says whether it did.
                let skipped = self.own().and_then(|own| updater.skip(own, to)).map(|_| ());
                self.answer_written(number, skipped, updater)
            }
            #[cfg(feature = "delta")]
            Command::BeginPatch { format, from } => {
                let begun = self.own().and_then(|own| updater.begin_patch(own, format, from));
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
                self.start_operation(number, begun)
            }
            Command::Finish => {
                let started = self.own().and_then(|own| updater.finish(own));
                self.start_operation(number, started)
            }
            Command::FinishStaged => {
                let started = self.own().and_then(|own| updater.stage(own));
                self.start_operation(number, started)
            }
            Command::Activate { image, force } => {
                let image = image.try_into().map_err(|_| Refusal::Command);
                let started = image.and_then(|image| updater.request_activate(image, force));
                self.start_operation(number, started)
            }
            Command::Rollback => {
                let started = updater.request_rollback();
                self.start_operation(number, started)
            }
            Command::Cancel => {
                let started = updater.request_cancel();
                self.start_operation(number, started)
            }
            Command::Confirm => match updater.request_confirm() {
                Ok(None) => self.end(number, Body::Done),
                Ok(Some(ticket)) => self.wait_for(number, ticket),
                Err(refusal) => self.answer(number, Body::Refused(refusal)),
            },
            Command::Abort => {
                if self.own.take().is_some_and(|own| updater.owned(own).is_ok()) {
                    updater.abort();
                }
                self.working = None;
                self.end(number, Body::Done);
                self.holder = None;
                false
            }
            Command::Reset => self.restart(number, Event::Reset, now),
            Command::Recover => self.restart(number, Event::Recover, now),
        }
    }

    /// Answers a request that does not need the session.
    #[inline(never)] // As for `handle`.
    fn report<F: ReadNorFlash>(&mut self, number: u8, question: &Command, updater: &mut Updater<F>) -> bool {
        let (map, device);
        let body = match question {
            Command::Identity => {
                device = updater.device.clone();
                Body::Identity(updater.identity(&device, self.chunk))
            }
            Command::Map => {
                map = updater.board.map_bytes();
                Body::Map(&map)
            }
            Command::Quarantine => Body::Quarantine(updater.quarantine()),
            Command::Keys => updater.keys().map_or_else(Body::Refused, Body::Keys),
            _ => Body::Status(updater.status(self.window, self.chunk)),
        };
        self.answer(number, body)
    }

    fn write<F: ReadNorFlash>(&mut self, number: u8, offset: u32, bytes: &[u8], updater: &mut Updater<F>) -> bool {
        let fed = self.own().and_then(|own| {
            let next = updater.next_in(own)?;
            // The rest of these bytes; none if they end before the next missing one.
            let before = next.checked_sub(offset).map_or(bytes.len(), |before| before as usize);
            let rest = bytes.get(before..).unwrap_or_default();
            let taken = updater.feed(own, next, rest)?;
            Ok(0 < taken && taken < rest.len())
        });
        match fed {
            Ok(true) => true,
            _ => self.answer_written(number, fed.map(|_| ()), updater),
        }
    }

    #[cfg(feature = "delta")]
    fn patch<F: ReadNorFlash>(&mut self, number: u8, offset: u32, bytes: &[u8], updater: &mut Updater<F>) -> bool {
        match self.own().and_then(|own| updater.feed_patch(own, offset, bytes)) {
            Ok(true) => true,
            fed => self.answer_patched(number, fed.map(|_| ()), updater),
        }
    }

    #[cfg(feature = "delta")]
    fn answer_patched<F: ReadNorFlash>(
        &mut self,
        number: u8,
        result: Result<(), Refusal>,
        updater: &Updater<F>,
    ) -> bool {
        let next = result.and_then(|()| updater.next_in_patch().ok_or(Refusal::NoTransfer));
        self.answer(number, next.map_or_else(Body::Refused, |next| Body::Patched { next }))
    }

    /// Computes one digest in each call.
    fn digests<F: ReadNorFlash>(
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
    fn add_digest<F: ReadNorFlash>(
        &mut self,
        offset: u32,
        length: u32,
        count: u8,
        updater: &mut Updater<F>,
    ) -> Result<bool, Refusal> {
        let (done, count) = (self.digests.len() / wire::DIGEST_LENGTH, usize::from(count));
        self.next(updater)?;
        if length > wire::DIGEST_RANGE.min(updater.unit_length(offset)) || count > wire::DIGESTS {
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

    /// Returns the ticket of the host's own operation.
    fn own(&self) -> Result<Ticket, Refusal> {
        self.own.ok_or(Refusal::NoTransfer)
    }

    /// Returns the next offset that the host's own transfer needs bytes at.
    fn next<F: ReadNorFlash>(&self, updater: &Updater<F>) -> Result<u32, Refusal> {
        updater.next_in(self.own()?)
    }

    /// Waits for the end of an operation that was started for the host, or answers why it was not.
    fn start_operation(&mut self, number: u8, started: Result<Ticket, Refusal>) -> bool {
        match started {
            Ok(ticket) => {
                self.own = Some(ticket);
                self.wait_for(number, ticket)
            }
            Err(refusal) => self.answer(number, Body::Refused(refusal)),
        }
    }

    fn wait_for(&mut self, number: u8, ticket: Ticket) -> bool {
        self.working = Some((number, ticket));
        false
    }

    fn restart(&mut self, number: u8, event: Event, now: u32) -> bool {
        self.restart = Some(Restart::new(event, now));
        self.end(number, Body::Done)
    }

    /// Answers the request that waits, if what it waits for has ended in whatever way. Returns its number, and whether
    /// it was done.
    pub fn settle<F: ReadNorFlash>(&mut self, updater: &Updater<F>) -> Option<(u8, Result<(), Refusal>)> {
        let (number, ticket) = self.working?;
        let end = updater.result(ticket)?;
        self.working = None;
        let body = match end {
            Ok(Step::Receiving) => self.next(updater).map(|next| Body::Begun { next }),
            Ok(_) => Ok(Body::Done),
            Err(refusal) => Err(refusal),
        };
        match body {
            Ok(body) => self.end(number, body),
            Err(refusal) => self.answer(number, Body::Refused(refusal)),
        };
        Some((number, end.map(|_| ())))
    }

    /// Reports that the host's own transfer has failed while no request waits: bytes that were already taken could not
    /// be written. The number matches no request.
    pub fn report_failure<F: ReadNorFlash>(&mut self, refusal: Refusal, updater: &Updater<F>) {
        if self.working.is_none() && self.own.is_some_and(|own| updater.owned(own).is_ok()) {
            self.answer(0, Body::Refused(refusal));
        }
    }

    /// Answers a request that was carried out, and remembers it.
    fn end(&mut self, number: u8, body: Body) -> bool {
        self.done = self.holder.map(|(session, _)| (session, number));
        self.answer(number, body)
    }

    fn answer_written<F: ReadNorFlash>(
        &mut self,
        number: u8,
        result: Result<(), Refusal>,
        updater: &Updater<F>,
    ) -> bool {
        let next = result.and_then(|()| self.next(updater));
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

//! The conversation with one device: requests and answers over a line that may lose either.
//!
//! Each request has a number, and its answer carries the same number. A request without an answer is sent again under
//! the same number; a device that has already carried it out only repeats the answer. A connection that breaks (a reset
//! USB device, an unplugged adapter, a restarted emulator) is treated as a loss of bytes, as long as it can be made
//! again.

mod error;
mod event;
mod frames;
mod questions;
mod recovery;
mod reply;
mod waiting;

pub use error::LinkError;
pub use event::{LinkEvent, Listener, Source, Waiting};
pub use frames::{is_mostly_text, is_text};
pub use reply::{Identity, Reply};

use crate::pipe::Pipe;
use crate::text::escaped;
use event::REPORT_AFTER;
use frames::{End, Frames};
use lifeboot_wire::{Answer, Body, Command, Refusal, Request, SESSION_TIMEOUT_MS, frame};
use recovery::RecoveryDetails;
use reply::fits;
use std::time::Duration;

/// Length of the largest request message, larger than any device accepts.
const REQUEST: usize = 16 * 1024;

/// Silence on the line after which pending bytes that read as text are not the start of a frame; also how often a wait
/// checks whether it was stopped.
const IDLE_GAP: Duration = Duration::from_millis(100);

/// How long to wait at most for the rest of a frame that is arriving: one of 300 bytes, at 300 bits a second. Noise looks the same.
const ARRIVING: Duration = Duration::from_secs(12);
/// Silence after which a frame is no longer arriving.
const ARRIVING_GAP: Duration = Duration::from_secs(1);

/// Most characters that are kept of a line of text.
const HEARD: usize = 60;

/// Keeps the longest line of text: a prompt says less than a banner.
fn hear(heard: &mut String, bytes: &[u8]) {
    if !is_mostly_text(bytes) {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        let line = escaped(&line.trim().chars().take(HEARD).collect::<String>());
        if line.len() > heard.len() {
            *heard = line;
        }
    }
}

/// How long to wait for an answer, and how often to send the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How long to wait after each attempt.
    pub timeout: Duration,
    /// How often to send the request at most.
    pub attempts: u32,
}

impl Retry {
    /// For answers from the device's RAM.
    pub const SHORT: Retry = Retry { timeout: Duration::from_millis(500), attempts: 8 };
    /// For a few digests, or a boot record: an erase and a second or two of a slow core.
    pub const MEDIUM: Retry = Retry { timeout: Duration::from_secs(2), attempts: 6 };
    /// For a signature: a slow core takes seconds to check it, and checks it again for each repetition.
    pub const LONG: Retry = Retry { timeout: Duration::from_secs(3), attempts: 6 };
    /// For verifying a whole slot: the repetitions keep the session alive, and the device does nothing twice.
    pub const VERIFY: Retry = Retry { timeout: Duration::from_secs(1), attempts: 60 };
    /// For a bootloader that erases all that an image needs before it answers: at most 96 s, for the 240 sectors of a
    /// Pico's slot at their slowest. Repetitions as above.
    pub const ERASE: Retry = Retry { timeout: Duration::from_secs(1), attempts: 120 };
}

/// A link can be sent to another thread, so all that it calls must be `Send`.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Link<Box<dyn Pipe>>>();
    is_send::<Listener>();
};

/// A conversation with the device at the other end of a pipe.
pub struct Link<P> {
    pipe: P,
    frames: Frames,
    /// Bytes that were read but not parsed yet, in reverse order.
    unread: Vec<u8>,
    session: u16,
    number: u8,
    /// Whether the next frame must start with a zero byte, to end what the line may carry.
    resynchronise: bool,
    recovery: Duration,
    busy_wait: Duration,
    listener: Option<Listener>,
    stop: Option<Box<dyn Fn() -> bool + Send>>,
    /// How long to wait for an answer, if that is longer than a request's [`Retry`].
    answer_timeout: Duration,
    /// When the last byte was received.
    heard_at: Duration,
    /// The longest line of text that was received since the last frame.
    heard: String,
    /// The kind of a whole answer to the last request that cannot be read.
    unreadable: Option<u32>,
    /// Whether an answer to the last request was of a kind that does not fit it.
    is_unfit: bool,
    /// When the first request since the last answer was sent, and whether that wait was reported.
    unanswered: Option<(Duration, bool)>,
    /// Whether the last request had to be repeated, or to wait for another host.
    has_waited: bool,
    /// What a bootloader in recovery mode reported with its state, if that was the last state received.
    details: Option<RecoveryDetails>,
    /// Whether a person waits for the end: then nothing is waited for that is still arriving.
    hurries: bool,
}

impl<P: Pipe> Link<P> {
    /// Makes a link without sending anything. The seed identifies this host and gives the number of its first request.
    /// Two hosts on one line must not use the same seed, so it must be random.
    pub fn new(pipe: P, seed: u32) -> Self {
        Link {
            pipe,
            frames: Frames::new(),
            unread: Vec::new(),
            session: (seed as u16).max(1),
            // Answers do not name the host that they are for: a late answer to another host should not match.
            number: (seed >> 16) as u8,
            resynchronise: true,
            recovery: Duration::from_secs(10),
            // The device measures the silence by its own clock, which may run at half the speed of this one.
            busy_wait: Duration::from_millis(2 * u64::from(SESSION_TIMEOUT_MS)),
            answer_timeout: Duration::ZERO,
            heard_at: Duration::ZERO,
            heard: String::new(),
            unreadable: None,
            is_unfit: false,
            listener: None,
            stop: None,
            unanswered: None,
            has_waited: false,
            details: None,
            hurries: false,
        }
    }

    /// Reports to `listener` everything received beside answers, and changes of the connection. Without a listener,
    /// these are dropped.
    pub fn with_listener(self, listener: impl FnMut(Duration, LinkEvent<'_>) + Send + 'static) -> Self {
        Link { listener: Some(Box::new(listener)), ..self }
    }

    /// Passes what the firmware logs to `sink`; replaces a listener.
    pub fn with_log(self, mut sink: impl FnMut(&[u8]) + Send + 'static) -> Self {
        self.with_listener(move |_, event| {
            if let LinkEvent::Log(Source::Firmware, piece) = event {
                sink(piece);
            }
        })
    }

    /// Sets a condition that soon ends every wait with [`LinkError::Stopped`] once it is true.
    pub fn with_stop(self, stop: impl Fn() -> bool + Send + 'static) -> Self {
        Link { stop: Some(Box::new(stop)), ..self }
    }

    /// Sets for how long to retry a broken connection; the default is 10 s.
    pub fn with_recovery(self, recovery: Duration) -> Self {
        Link { recovery, ..self }
    }

    /// Sets how long to wait for another host to fall silent; the default is twice
    /// [`SESSION_TIMEOUT_MS`].
    pub fn with_busy_wait(self, busy_wait: Duration) -> Self {
        Link { busy_wait, ..self }
    }

    /// Sets how long to wait for each answer before the device counts as silent, if that is longer than the request
    /// needs on a usual line; for lines with a long delay.
    pub fn with_answer_timeout(self, answer_timeout: Duration) -> Self {
        Link { answer_timeout, ..self }
    }

    /// Returns the pipe.
    pub fn pipe(&mut self) -> &mut P {
        &mut self.pipe
    }

    /// Ends the link and returns the pipe.
    pub fn into_pipe(self) -> P {
        self.pipe
    }

    /// Returns the time on the pipe's clock.
    pub fn now(&self) -> Duration {
        self.pipe.now()
    }

    /// Sends one request and waits for its answer.
    ///
    /// # Errors
    /// [`LinkError::Silent`] if no answer came; otherwise the connection's error.
    pub fn ask(&mut self, command: &Command, retry: Retry) -> Result<Reply, LinkError> {
        let number = self.next_number();
        // The other host was active before the first answer that reports it.
        let mut busy_since: Option<Duration> = None;
        self.has_waited = false;
        let (mut attempts, mut started) = (0, self.now());
        self.heard.clear();
        (self.unreadable, self.is_unfit) = (None, false);
        // What is to be sent once, such as a restart, is not repeated on a line with a long delay either.
        let timeout = if retry.attempts == 1 { retry.timeout.max(self.answer_timeout) } else { retry.timeout };
        let patience = if retry.attempts == 1 { Duration::ZERO } else { self.answer_timeout };
        while attempts < retry.attempts || self.now().saturating_sub(started) < patience {
            attempts += 1;
            // What caused the loss may have left half a frame on the line.
            self.resynchronise |= attempts > 1;
            self.transmit(number, command)?;
            self.unanswered.get_or_insert((self.now(), false));
            let mut until = self.now().saturating_add(timeout);
            while let Some(reply) = self.answer(number, command, until, started.saturating_add(ARRIVING))? {
                let now = self.now();
                self.has_waited |= attempts > 1 || reply == Reply::Refused(Refusal::Busy);
                if busy_since.is_none() && reply == Reply::Refused(Refusal::Busy) && self.busy_wait > REPORT_AFTER {
                    self.report(LinkEvent::Waiting(Waiting::OtherHost(self.busy_wait)));
                }
                // The device may have received a part of the repetition.
                self.resynchronise |= attempts > 1;
                if reply != Reply::Refused(Refusal::Busy)
                    || now.saturating_sub(*busy_since.get_or_insert(now)) >= self.busy_wait
                {
                    return Ok(reply);
                }
                (attempts, started) = (0, now);
                until = until.min(now.saturating_add(Retry::SHORT.timeout));
            }
        }
        Err(self.silent())
    }

    /// Returns whether the last request had to be repeated, or to wait for another host.
    pub(crate) fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// Sends one request without waiting, and returns its number.
    ///
    /// # Errors
    /// The connection's error if it cannot be made again.
    pub fn send(&mut self, command: &Command) -> Result<u8, LinkError> {
        let number = self.next_number();
        self.transmit(number, command)?;
        Ok(number)
    }

    /// Returns the next answer and its number, which is 0 for an answer without a request; `None` if no answer came in
    /// time, or the connection had to be made again.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn receive(&mut self, wait: Duration) -> Result<Option<(u8, Reply)>, LinkError> {
        let until = self.now().saturating_add(wait);
        loop {
            while let Some(byte) = self.unread.pop() {
                if let Some(answer) = self.take(byte) {
                    self.unanswered = None;
                    return Ok(Some(answer));
                }
            }
            // Text that never pauses must not pile up.
            if self.frames.is_long() {
                self.pass_text_on();
            }
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                return Ok(None);
            }
            if self.is_stopped() {
                return Err(LinkError::Stopped);
            }
            let mut buffer = [0; 4096];
            match self.pipe.read(&mut buffer, left.min(IDLE_GAP)) {
                Ok(0) => {
                    self.pass_text_on();
                    self.report_unanswered();
                }
                Ok(length) => {
                    self.heard_at = self.pipe.now();
                    self.unread.extend(buffer[..length].iter().rev());
                }
                Err(lost) => return self.recover(lost).map(|()| None),
            }
        }
    }

    fn pass_text_on(&mut self) {
        let Some(text) = self.frames.text() else { return };
        hear(&mut self.heard, text);
        if let Some(listener) = &mut self.listener {
            listener(self.pipe.received_at(), LinkEvent::Other(text));
        }
    }

    /// Parses the next byte. Returns the answer that it completed; reports anything else.
    fn take(&mut self, byte: u8) -> Option<(u8, Reply)> {
        let end = self.frames.push(byte)?;
        let now = self.pipe.received_at();
        let mut report = |event| {
            if let Some(listener) = &mut self.listener {
                listener(now, event);
            }
        };
        let others = self.frames.others();
        match end {
            End::Empty => report(LinkEvent::Resynchronised),
            _ if others.is_empty() => {}
            End::Frame | End::Other => {
                hear(&mut self.heard, others);
                report(LinkEvent::Other(others));
            }
        }
        if end != End::Frame {
            return None;
        }
        self.heard.clear();
        let Some(Answer { number, body }) = self.frames.message() else {
            // Number and kind come first in every version's answers.
            let kind = self.frames.message::<(u8, u32)>().filter(|(number, _)| *number == self.number);
            self.unreadable = kind.map(|(_, kind)| kind).or(self.unreadable);
            return None;
        };
        match &body {
            Body::Log(piece) => report(LinkEvent::Log(Source::Firmware, piece)),
            Body::BootLog(log) => report(LinkEvent::Log(Source::Bootloader, log)),
            Body::Status(status) => {
                report(LinkEvent::Status(status));
                self.details = None;
            }
            Body::Recovery { info, record, headers, .. } => {
                self.details = RecoveryDetails::read(info, record, *headers)
            }
            _ => {}
        }
        let is_log = matches!(body, Body::Log(_) | Body::BootLog(_));
        let reply = Reply::of(body);
        if reply.is_none() && !is_log && number == self.number {
            let kind = self.frames.message::<(u8, u32)>();
            self.unreadable = kind.map(|(_, kind)| kind).or(self.unreadable);
        }
        Some((number, reply?))
    }

    /// Makes the next frame begin with a zero byte, which ends whatever the line carries.
    pub(crate) fn resynchronise(&mut self) {
        self.resynchronise = true;
    }

    /// Waits for this time.
    pub(crate) fn pause(&mut self, time: Duration) {
        self.pipe.pause(time);
    }

    fn answer(
        &mut self,
        number: u8,
        command: &Command,
        until: Duration,
        latest: Duration,
    ) -> Result<Option<Reply>, LinkError> {
        loop {
            let now = self.now();
            // An answer that is still arriving on a slow line is waited for: a repetition would only delay it.
            let is_arriving =
                !self.hurries && self.frames.is_receiving() && now.saturating_sub(self.heard_at) < ARRIVING_GAP;
            let limit = if is_arriving { now.saturating_add(ARRIVING_GAP).min(latest).max(until) } else { until };
            let left = limit.saturating_sub(now);
            if left.is_zero() {
                return Ok(None);
            }
            match self.receive(left.min(IDLE_GAP))? {
                Some((found, reply)) if found == number && fits(command, &reply) => return Ok(Some(reply)),
                Some((found, _)) if found == number => self.is_unfit = true,
                // A late or repeated answer, one to another host, or one without a request.
                Some(_) | None => {}
            }
        }
    }

    /// Returns whether the time to wait for an answer is not over yet, or an answer is arriving.
    pub(crate) fn is_patient(&self) -> bool {
        let silence = self.now().saturating_sub(self.heard_at);
        silence < self.answer_timeout || self.frames.is_receiving() && silence < ARRIVING_GAP
    }

    /// Returns why no answer came.
    pub(crate) fn silent(&self) -> LinkError {
        match (self.unreadable, self.heard.trim()) {
            (Some(kind), _) => LinkError::Unreadable { kind },
            (None, _) if self.is_unfit => LinkError::Unexpected,
            (None, "") => LinkError::Silent,
            (None, text) => LinkError::Stranger { text: text.to_owned() },
        }
    }

    fn next_number(&mut self) -> u8 {
        self.number = self.number.checked_add(1).unwrap_or(1);
        self.number
    }

    fn transmit(&mut self, number: u8, command: &Command) -> Result<(), LinkError> {
        let request = Request { session: self.session, number, command: command.clone() };
        let mut scratch = [0; REQUEST];
        let mut out = [0; REQUEST + frame::overhead(REQUEST) + 1];
        let length = frame::encode(&request, &mut scratch, &mut out[1..]).ok_or(LinkError::TooLong)?;
        let start = usize::from(!self.resynchronise);
        match self.pipe.write(&out[start..=length]) {
            Ok(()) => self.resynchronise = false,
            Err(lost) => self.recover(lost)?,
        }
        Ok(())
    }
}

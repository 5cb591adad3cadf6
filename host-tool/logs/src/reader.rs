//! Decodes messages with the program that they belong to.
//!
//! After a start of the device, messages wait until it has reported what it runs.

use crate::program::Program;
use crate::record::{Item, Log, Reason, Source};
use crate::stream::{Found, Stream};
use lifeboot_artifact::hex;
use lifeboot_client::describe::running;
use lifeboot_client::state::running_content;
use lifeboot_wire::{SlotContent, Status};
use std::time::Duration;

/// How long messages wait for the device to report what it runs: longer than a push waits for an answer.
const WAIT: Duration = Duration::from_secs(8);
/// How long undecodable messages are counted together; the second value applies once the reason was shown.
const TOGETHER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// What is known about the running program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    /// Nothing yet: its messages wait.
    Unknown,
    /// The device does not report it.
    Untold,
    /// It is the program with this index, or none of the programs.
    Known(Option<usize>),
}

/// Decodes a device's log.
pub(super) struct Reader {
    programs: Vec<Program>,
    stream: Stream,
    bootloader: Option<Program>,
    running: Running,
    /// What was running before the last start.
    before: Running,
    /// The digest of the running image, once the device has reported it, for programs that are added later.
    digest: Option<[u8; 16]>,
    /// Whether the line has just resynchronised.
    is_resynchronised: bool,
    waiting: Vec<(Duration, Vec<u8>)>,
    unread: Option<Unread>,
    /// The last reason that was shown for undecodable messages, if nothing else was shown since.
    said: Option<Reason>,
    ready: Vec<(Duration, Item)>,
}

struct Unread {
    source: Source,
    since: Duration,
    messages: usize,
    bytes: usize,
    reason: Option<Reason>,
}

impl Reader {
    pub(super) fn new(programs: Vec<Program>, bootloader: Option<Program>) -> Self {
        Reader {
            programs,
            stream: Stream::default(),
            bootloader,
            running: Running::Unknown,
            before: Running::Untold,
            digest: None,
            is_resynchronised: false,
            waiting: Vec::new(),
            unread: None,
            said: None,
            ready: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, program: Program) {
        self.programs.push(program);
        if let Running::Known(None) = self.running
            && let Some(digest) = self.digest
        {
            self.running = Running::Known(self.fitting(&digest));
        }
    }

    /// Adds a piece of a log. Returns whether the device has started in it.
    pub(super) fn receive(&mut self, now: Duration, source: Source, piece: &[u8]) -> bool {
        match source {
            Source::Bootloader => {
                self.start();
                self.receive_bootloader(now, piece);
                true
            }
            Source::Firmware => self.receive_firmware(now, piece),
        }
    }

    /// Decodes what the bootloader has logged, which arrives whole. The bootloader never changes.
    fn receive_bootloader(&mut self, now: Duration, log: &[u8]) {
        let (messages, unread) = match &self.bootloader {
            Some(program) => program.messages(log),
            None => (Vec::new(), log.len()),
        };
        messages.into_iter().for_each(|message| self.show(now, message.by(Source::Bootloader)));
        if unread > 0 {
            let reason = if self.bootloader.is_none() { Some(Reason::NoFile) } else { None };
            self.count(now, Source::Bootloader, reason, unread);
        }
    }

    fn receive_firmware(&mut self, now: Duration, piece: &[u8]) -> bool {
        let (running, programs) = (self.running, &self.programs);
        let makes_sense = |frame: &[u8]| read_by(programs, running, frame).is_some();
        let found = self.stream.push(piece, std::mem::take(&mut self.is_resynchronised), makes_sense);
        let mut starts = false;
        for found in found {
            match found {
                Found::Start => {
                    self.start();
                    starts = true;
                }
                Found::Frame(frame) if self.running == Running::Unknown => self.waiting.push((now, frame)),
                Found::Frame(frame) => self.read(now, self.running, frame),
            }
        }
        starts
    }

    /// Decodes the messages that still wait, since their firmware has ended before it could be identified: with the
    /// newest program that can decode all of them.
    fn start(&mut self) {
        let makes_sense = |program: &Program| self.waiting.iter().all(|(_, frame)| program.message(frame).is_some());
        let newest = self.programs.iter().rposition(makes_sense);
        self.release(newest.map_or(self.before, |newest| Running::Known(Some(newest))));
        if self.running != Running::Unknown {
            self.before = self.running;
        }
        self.running = Running::Unknown;
    }

    pub(super) fn resynchronise(&mut self) {
        self.is_resynchronised = true;
    }

    pub(super) fn tear(&mut self) {
        self.stream.tear();
    }

    /// Starts over for another connection, perhaps to another device.
    pub(super) fn reconnect(&mut self) {
        self.start();
        self.stream.restart();
    }

    /// Records what the device reports that it runs. Returns an item to show if that is none of the programs.
    pub(super) fn learn(&mut self, status: &Status) -> Option<Item> {
        let SlotContent::Image { digest, .. } = running_content(status) else {
            self.give_up();
            return None;
        };
        let changed = self.digest.replace(digest) != Some(digest);
        let fitting = self.fitting(&digest);
        self.running = Running::Known(fitting);
        self.release(self.running);
        if fitting.is_some() || self.programs.is_empty() || !changed {
            return None;
        }
        let describe = |program: &Program| format!("{}: {}", program.name(), program.digest().unwrap_or_default());
        Some(Item::OtherBuild {
            firmware: running(status),
            digest: hex(&digest),
            files: self.programs.iter().map(describe).collect(),
        })
    }

    /// Stops waiting for the device to report what it runs.
    pub(super) fn give_up(&mut self) {
        if self.running == Running::Unknown {
            self.running = if self.before == Running::Unknown { Running::Untold } else { self.before };
            self.release(self.running);
        }
    }

    pub(super) fn tick(&mut self, now: Duration) {
        if self.waiting.first().is_some_and(|(since, _)| now.saturating_sub(*since) >= WAIT) {
            self.give_up();
        }
        if let Some(Unread { since, reason, .. }) = self.unread {
            let together = TOGETHER[usize::from(reason.is_some() && reason == self.said)];
            if now.saturating_sub(since) >= together {
                self.finish();
            }
        }
    }

    /// Shows how many messages could not be decoded.
    pub(super) fn finish(&mut self) {
        if let Some(Unread { source, since, messages, bytes, reason }) = self.unread.take() {
            self.ready.push((since, Item::Unread { source, messages, bytes, reason }));
            self.said = reason;
        }
    }

    /// Returns the items to show.
    pub(super) fn take(&mut self) -> Vec<(Duration, Item)> {
        std::mem::take(&mut self.ready)
    }

    fn release(&mut self, running: Running) {
        for (at, frame) in std::mem::take(&mut self.waiting) {
            self.read(at, running, frame);
        }
    }

    fn read(&mut self, at: Duration, running: Running, frame: Vec<u8>) {
        if let Some(log) = read_by(&self.programs, running, &frame) {
            return self.show(at, log);
        }
        let reason = match running {
            _ if self.programs.is_empty() => Some(Reason::NoFile),
            Running::Known(None) => Some(Reason::OtherBuild),
            _ => None,
        };
        self.count(at, Source::Firmware, reason, frame.len());
    }

    fn show(&mut self, at: Duration, log: Log) {
        self.finish();
        self.said = None;
        self.ready.push((at, Item::Log(log)));
    }

    fn count(&mut self, at: Duration, source: Source, reason: Option<Reason>, length: usize) {
        if self.unread.as_ref().is_some_and(|unread| (unread.source, unread.reason) != (source, reason)) {
            self.finish();
        }
        let unread = self.unread.get_or_insert(Unread { source, since: at, messages: 0, bytes: 0, reason });
        unread.messages += 1;
        unread.bytes += length;
    }

    /// Returns the program with this digest; otherwise the newest program whose digests are unknown.
    fn fitting(&self, digest: &[u8; 16]) -> Option<usize> {
        // If several are the same, the newest.
        let sure = self.programs.iter().rposition(|program| program.is(digest) == Some(true));
        sure.or_else(|| self.programs.iter().rposition(|program| program.is(digest).is_none()))
    }
}

/// Decodes a message with the running program; if that is unknown, with the first program that can decode it.
fn read_by(programs: &[Program], running: Running, frame: &[u8]) -> Option<Log> {
    let message = match running {
        Running::Known(program) => programs.get(program?)?.message(frame)?,
        Running::Unknown | Running::Untold => programs.iter().find_map(|program| program.message(frame))?,
    };
    Some(message.by(Source::Firmware))
}

//! Makes records from what a link receives.

use crate::program::Program;
use crate::reader::Reader;
use crate::record::{Item, Record};
use crate::text::{Piece, Text};
use lifeboot_client::describe::{ending, running};
use lifeboot_client::link::{Link, LinkError, LinkEvent};
use lifeboot_client::pipe::Pipe;
use lifeboot_client::state::is_on_trial;
use lifeboot_wire::{Command, Outcome, Status};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long [`listen`] waits for input before it checks whether to continue.
const SLICE: Duration = Duration::from_millis(100);
/// Pause between two requests for what the device runs.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Unanswered requests after which the device counts as silent.
const QUESTIONS: u32 = 10;
/// Pause between two requests for the state of firmware on trial.
const TRIAL: Duration = Duration::from_secs(1);

/// Receives the records, in order.
pub type Sink = Box<dyn FnMut(Record) + Send>;

/// A monitor can be sent to another thread with its link, so its sink must be `Send` as well.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Monitor>();
    is_send::<Shared>();
    is_send::<Sink>();
};

/// Makes records from what a link receives.
pub struct Monitor {
    sink: Sink,
    reader: Reader,
    text: Text,
    /// The last state that the device reported.
    status: Option<Known>,
    question: Option<Question>,
    /// Whether the state was requested because the device seems to have started.
    started: bool,
    /// Whether nothing was received over this connection yet, which may begin inside a frame.
    fresh: bool,
}

/// What is known about a device.
struct Known {
    running: String,
    on_trial: bool,
    outcome: Option<Outcome>,
    at: Duration,
}

/// A request that has not been answered yet.
#[derive(Default)]
struct Question {
    asked: u32,
    last: Option<Duration>,
}

/// A monitor that can be shared, so that it listens to a link while other code sends requests over the link.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Monitor>>);

impl Shared {
    /// Makes a monitor that decodes with these programs, and what the bootloader logs with `bootloader`, and passes its
    /// records to `sink`.
    pub fn new(programs: Vec<Program>, bootloader: Option<Program>, sink: Sink) -> Shared {
        let monitor = Monitor {
            sink,
            reader: Reader::new(programs, bootloader),
            text: Text::default(),
            status: None,
            question: Some(Question::default()),
            started: false,
            fresh: true,
        };
        Shared(Arc::new(Mutex::new(monitor)))
    }

    /// Returns the link with this monitor as its listener.
    pub fn on<P: Pipe>(&self, link: Link<P>) -> Link<P> {
        let shared = self.clone();
        link.with_listener(move |now, event| shared.monitor().receive(now, event))
    }

    /// Adds a program to decode with, from now on.
    pub fn add(&self, program: Program) {
        self.monitor().reader.add(program);
    }

    /// Listens until `goes_on` returns false; it is called about ten times a second.
    ///
    /// # Errors
    /// The link's errors, except for [`LinkError::Stopped`], which ends listening normally.
    pub fn listen<P: Pipe>(
        &self,
        link: &mut Link<P>,
        mut goes_on: impl FnMut(&mut Link<P>) -> bool,
    ) -> Result<(), LinkError> {
        let turn = |link: &mut Link<P>| {
            let asks = self.monitor().wants_to_ask(link.now());
            if asks {
                link.send(&Command::Status)?;
            }
            link.receive(SLICE)?;
            self.monitor().tick(link.now());
            Ok(())
        };
        while goes_on(link) {
            match turn(link) {
                Ok(()) => {}
                Err(LinkError::Stopped) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Locks the monitor. The lock must not be held while the link is used, because the link calls the listener, which
    /// locks too.
    fn monitor(&self) -> MutexGuard<'_, Monitor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what is left: an incomplete line, and the count of messages that could not be decoded.
    pub fn finish(&self) {
        self.monitor().finish();
    }
}

impl Monitor {
    fn receive(&mut self, now: Duration, event: LinkEvent<'_>) {
        match event {
            LinkEvent::Log(source, piece) => {
                let starts = self.reader.receive(now, source.into(), piece);
                if starts {
                    self.ask(true);
                }
                self.show_read();
            }
            LinkEvent::Status(status) => self.learn(now, status),
            // The device has just started, or it has panicked and will start next.
            LinkEvent::Resynchronised => {
                self.reader.resynchronise();
                if !self.fresh {
                    self.ask(true);
                }
            }
            LinkEvent::Other(bytes) => self.other(now, bytes),
            LinkEvent::Lost(_) => self.finish(),
            LinkEvent::Connected => {
                self.reader.reconnect();
                self.fresh = true;
                self.ask(false);
            }
            LinkEvent::Waiting(_) => {}
        }
        if let Some(item) = Item::of(&event) {
            self.show(now, item);
        }
        self.fresh &= matches!(event, LinkEvent::Lost(_) | LinkEvent::Connected | LinkEvent::Waiting(_));
    }

    /// Records what the device reports that it runs.
    fn learn(&mut self, now: Duration, status: &Status) {
        let known = Known { running: running(status), on_trial: is_on_trial(status), outcome: status.outcome, at: now };
        let before = self.status.replace(known);
        let firmware = running(status);
        self.question = None;
        let started = std::mem::take(&mut self.started);
        let changed = before.as_ref().is_none_or(|before| before.running != firmware);
        let outcome =
            status.outcome.filter(|outcome| before.as_ref().is_some_and(|known| known.outcome != Some(*outcome)));
        if started && before.is_some() {
            self.show(now, Item::Restarted { firmware });
        } else if changed && outcome.is_none() {
            self.show(now, Item::Running { firmware });
        }
        if let Some(outcome) = outcome {
            self.show(now, Item::Outcome { outcome: ending(&outcome) });
        }
        if let Some(other) = self.reader.learn(status) {
            self.show(now, other);
        }
        self.show_read();
    }

    fn other(&mut self, now: Duration, bytes: &[u8]) {
        for piece in self.text.push(now, bytes) {
            match piece {
                // The end of a frame whose beginning was sent before this connection.
                Piece::Noise(_) if self.fresh => {}
                Piece::Noise(bytes) => {
                    self.reader.tear();
                    self.show(now, Item::Noise { bytes });
                }
                Piece::Line(at, text) => self.show(at, Item::Text { text }),
            }
        }
    }

    fn ask(&mut self, started: bool) {
        self.started |= started;
        self.question = Some(Question::default());
    }

    /// Returns whether it is time to request what the device runs.
    fn wants_to_ask(&mut self, now: Duration) -> bool {
        if let Some(Known { on_trial: true, at, .. }) = self.status
            && self.question.is_none()
            && now.saturating_sub(at) >= TRIAL
        {
            self.question = Some(Question::default());
        }
        let Some(Question { asked, last }) = &mut self.question else { return false };
        if *asked == QUESTIONS || last.is_some_and(|last| now.saturating_sub(last) < ASK_AGAIN) {
            return false;
        }
        *last = Some(now);
        *asked += 1;
        true
    }

    fn tick(&mut self, now: Duration) {
        if let Some(Piece::Line(at, text)) = self.text.tick(now) {
            self.show(at, Item::Text { text });
        }
        let unanswered = self.question.as_ref().is_some_and(|question| {
            question.asked == QUESTIONS && question.last.is_some_and(|last| now.saturating_sub(last) >= ASK_AGAIN)
        });
        if unanswered {
            self.question = None;
            self.started = false;
            self.show(now, Item::Silent);
            self.reader.give_up();
        }
        self.reader.tick(now);
        self.show_read();
    }

    fn finish(&mut self) {
        if let Some(Piece::Line(at, text)) = self.text.flush() {
            self.show(at, Item::Text { text });
        }
        self.reader.give_up();
        self.reader.finish();
        self.show_read();
    }

    fn show_read(&mut self) {
        for (at, item) in self.reader.take() {
            self.show(at, item);
        }
    }

    fn show(&mut self, now: Duration, item: Item) {
        (self.sink)(Record { at: now, item });
    }
}

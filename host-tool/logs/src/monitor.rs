//! Makes records of what a link receives.

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

/// How long [`listen`] waits for input, before it looks around.
const SLICE: Duration = Duration::from_millis(100);
/// Between two questions what runs.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Questions without an answer, after which the device counts as one that gives none.
const QUESTIONS: u32 = 10;
/// How often firmware on trial is asked for its state.
const TRIAL: Duration = Duration::from_secs(1);

/// Takes records as they come.
pub type Sink = Box<dyn FnMut(Record) + Send>;

/// A monitor goes to another thread with its link, and so does what takes its records.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Monitor>();
    is_send::<Shared>();
    is_send::<Sink>();
};

/// Makes records of what a link receives.
pub struct Monitor {
    sink: Sink,
    reader: Reader,
    text: Text,
    /// What the device said last of itself.
    status: Option<Known>,
    question: Option<Question>,
    /// Why its state was requested: it has started, as far as this can be seen.
    started: bool,
    /// Nothing has come over this connection yet, which may begin inside of a frame.
    fresh: bool,
}

/// What is known of a device.
struct Known {
    running: String,
    on_trial: bool,
    outcome: Option<Outcome>,
    at: Duration,
}

/// A question that is not answered yet.
#[derive(Default)]
struct Question {
    asked: u32,
    last: Option<Duration>,
}

/// A monitor, and the link that it listens to while somebody else talks over it.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Monitor>>);

impl Shared {
    /// A monitor that reads with these programs and hands its records to `sink`, with `bootloader` for what the
    /// bootloader logs.
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

    /// The link with this monitor for its listener.
    pub fn on<P: Pipe>(&self, link: Link<P>) -> Link<P> {
        let shared = self.clone();
        link.with_listener(move |now, event| shared.monitor().receive(now, event))
    }

    /// Reads with this program as well, from now on.
    pub fn add(&self, program: Program) {
        self.monitor().reader.add(program);
    }

    /// Listens for as long as `goes_on` says, which is called some ten times a second.
    ///
    /// # Errors
    /// The link's, but for [`LinkError::Stopped`], which is an end like any other.
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

    /// No lock is held while the link is used: it calls the listener, which takes one.
    fn monitor(&self) -> MutexGuard<'_, Monitor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what is left: half a line, messages that nobody can read.
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
            // A device that starts, or one that panics and starts next.
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

    /// What the device runs.
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
                // The end of a frame whose beginning was sent before anybody listened.
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

    /// Whether it is time to ask the device what it runs.
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

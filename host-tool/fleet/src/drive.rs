//! Drives a rollout: does at the devices what the core decides, and reports what happened to it.
//!
//! Every event is in the log before it has an effect, so this may end at any instant: another driver goes on with what the log
//! says, and asks the devices about the rest.

use crate::device::{Act, DeviceId, Ending, Site, Transferred};
use crate::orders::Given;
use crate::rollout::{DeviceState, Event, EventError, Intent, Stamped, State, decide};
use crate::time::Time;
use crate::window::Zone;
use lifeboot_artifact::image_file::ImageFile;
use miette::Diagnostic;
use std::collections::BTreeSet;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, Scope};
use std::time::Duration;
use thiserror::Error;

/// How often orders are looked for.
const ORDERS: Duration = Duration::from_millis(250);

/// Why a rollout is driven no further. Its log is as it was.
#[derive(Debug, Error, Diagnostic)]
pub enum DriveError {
    /// The log takes nothing more.
    #[error("the rollout's log cannot be written")]
    #[diagnostic(help("make room on the disk, and go on: lifeboot rollout resume"))]
    Log(#[source] Box<dyn Error + Send + Sync>),
    /// The core refuses what the driver reports.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Event(#[from] EventError),
}

/// Where events are kept, and where orders come from.
pub trait Record {
    /// Keeps an event, durably.
    ///
    /// # Errors
    /// The reason. Nothing is driven any further then.
    fn append(&mut self, event: &Stamped) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// Takes the next order of a person, if there is one.
    fn order(&mut self) -> Option<Given>;
}

/// Receives what happens in a rollout. It is called by several threads.
pub trait Watch: Sync {
    /// An event has happened, and this is the state since.
    fn event(&self, event: &Stamped, state: &State);

    /// So much has been transferred to a device.
    fn progress(&self, device: &DeviceId, transferred: Transferred);
}

/// What a rollout is driven with.
pub struct Drive<'a, S> {
    /// The devices.
    pub site: &'a S,
    /// The images of the definition.
    pub images: &'a [ImageFile],
    /// The clock.
    pub now: &'a (dyn Fn() -> Time + Sync),
    /// By how many minutes local time is ahead of UTC.
    pub local_offset: &'a (dyn Fn() -> i16 + Sync),
    /// Once true, nothing begins, what is in flight ends as soon as that harms nothing, and the driver does. The site must
    /// follow it as well.
    pub stop: &'a AtomicBool,
    /// What receives the events and the progress.
    pub watch: &'a dyn Watch,
}

/// What a thread reports.
enum Report {
    /// A device was asked, before anything was begun with it, whether it runs its image. This is how [`Act::Check`] ended.
    Asked(Intent, Ending),
    /// An act has ended.
    Ended(DeviceId, Act, Ending),
}

impl<S: Site> Drive<'_, S> {
    /// Drives a rollout until it has ended, or until nothing but a person can go on with it and `waits` is false. `state` is that
    /// of all events in the record. Returns the state then.
    ///
    /// # Errors
    /// [`DriveError`].
    pub fn run(&self, state: State, record: &mut dyn Record, waits: bool) -> Result<State, DriveError> {
        thread::scope(|scope| {
            let (sender, reports) = channel();
            let mut run = Run { drive: self, state, looking: BTreeSet::new(), flying: 0, sender, scope, record };
            let driven = run.until_it_ends(&reports, waits);
            if driven.is_err() {
                // What is in flight ends by itself; the devices are asked about it when another driver goes on.
                self.stop.store(true, Ordering::Relaxed);
            }
            driven.map(|()| run.state)
        })
    }
}

struct Run<'scope, 'a, S> {
    drive: &'scope Drive<'a, S>,
    state: State,
    /// Devices that are being asked before anything is begun with them.
    looking: BTreeSet<DeviceId>,
    /// How many acts and questions are in flight.
    flying: usize,
    sender: Sender<Report>,
    scope: &'scope Scope<'scope, 'a>,
    record: &'a mut dyn Record,
}

impl<'scope, S: Site> Run<'scope, '_, S> {
    fn until_it_ends(&mut self, reports: &Receiver<Report>, waits: bool) -> Result<(), DriveError> {
        let mut offset = None;
        loop {
            let is_stopped = self.drive.stop.load(Ordering::Relaxed);
            let mut look_again = None;
            if !is_stopped {
                self.follow_orders()?;
                self.report_offset(&mut offset)?;
                let decision = decide(&self.state, (self.drive.now)());
                look_again = decision.look_again;
                for intent in decision.begin {
                    self.intend(intent)?;
                }
            }
            // `look_again` is `None` where only a person can go on.
            let is_over = self.state.has_ended() || is_stopped || (!waits && look_again.is_none());
            if is_over && self.flying == 0 {
                return Ok(());
            }
            let until = look_again.map(|at| at.since((self.drive.now)()));
            match reports.recv_timeout(until.unwrap_or(ORDERS).clamp(Duration::from_millis(1), ORDERS)) {
                Ok(report) => self.take(report)?,
                // Timeout; the sender is this one's own, so it is never disconnected.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }

    fn happened(&mut self, event: Event) -> Result<(), DriveError> {
        let stamped = Stamped { at: (self.drive.now)(), event };
        self.state.apply(&stamped)?;
        self.record.append(&stamped).map_err(DriveError::Log)?;
        self.drive.watch.event(&stamped, &self.state);
        Ok(())
    }

    fn follow_orders(&mut self) -> Result<(), DriveError> {
        while let Some(given) = self.record.order() {
            match self.happened(given.event.clone()) {
                Err(DriveError::Event(error)) => given.answer(Err(&error)),
                // It is in the log.
                Ok(()) => given.answer(Ok(())),
                Err(error) => {
                    given.answer(Err(&error));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn report_offset(&mut self, last: &mut Option<i16>) -> Result<(), DriveError> {
        let is_local = self.state.definition().rules.window.as_ref().is_some_and(|window| window.zone == Zone::Local);
        let minutes = if is_local { Some((self.drive.local_offset)()) } else { None };
        match minutes.filter(|minutes| *last != Some(*minutes)) {
            Some(minutes) => {
                *last = Some(minutes);
                self.happened(Event::LocalOffset { minutes })
            }
            None => Ok(()),
        }
    }

    /// Does what was decided; a device with which nothing was begun is asked first, in case that it runs the image already.
    fn intend(&mut self, intent: Intent) -> Result<(), DriveError> {
        if self.looking.contains(&intent.device) {
            return Ok(());
        }
        let device = self.state.device(&intent.device);
        let is_untouched = device.is_some_and(|device| device.state() == DeviceState::Waiting) && intent.attempt == 1;
        if !is_untouched || !matches!(intent.act, Act::Update | Act::Stage) {
            return self.begin(intent);
        }
        self.looking.insert(intent.device.clone());
        let (drive, sender) = (self.drive, self.sender.clone());
        self.flying += 1;
        self.scope.spawn(move || {
            let check = || drive.site.act(&intent.device, Act::Check, drive.images, &mut |_| true);
            let asked = unless_it_panics(check).unwrap_or_else(|ending| ending);
            let _ = sender.send(Report::Asked(intent, asked));
        });
        Ok(())
    }

    fn begin(&mut self, intent: Intent) -> Result<(), DriveError> {
        self.log_begin(&intent)?;
        let (drive, sender) = (self.drive, self.sender.clone());
        self.flying += 1;
        self.scope.spawn(move || {
            let Intent { device, act, .. } = intent;
            let mut progress = |transferred| {
                drive.watch.progress(&device, transferred);
                !drive.stop.load(Ordering::Relaxed)
            };
            let acted = unless_it_panics(|| drive.site.act(&device, act, drive.images, &mut progress));
            let _ = sender.send(Report::Ended(device, act, acted.unwrap_or_else(|ending| ending)));
        });
        Ok(())
    }

    fn log_begin(&mut self, Intent { device, act, attempt }: &Intent) -> Result<(), DriveError> {
        self.happened(Event::Begun { device: device.clone(), act: *act, attempt: *attempt })
    }

    fn take(&mut self, report: Report) -> Result<(), DriveError> {
        self.flying -= 1;
        match report {
            Report::Asked(intent, asked) => {
                self.looking.remove(&intent.device);
                // What was decided before an order may not be due any more; it is decided again.
                let decision = decide(&self.state, (self.drive.now)());
                if self.drive.stop.load(Ordering::Relaxed) || !decision.begin.contains(&intent) {
                    return Ok(());
                }
                match asked {
                    Ending::Confirmed => self.happened(Event::Already { device: intent.device }),
                    ending @ (Ending::Absent { .. } | Ending::Interrupted { .. }) => {
                        self.log_begin(&intent)?;
                        self.happened(Event::Ended { device: intent.device, act: intent.act, ending })
                    }
                    _ => self.begin(intent),
                }
            }
            // It ended because this program does. What became of the device, the device says.
            Report::Ended(_, _, Ending::Interrupted { .. }) if self.drive.stop.load(Ordering::Relaxed) => Ok(()),
            Report::Ended(device, act, ending) => self.happened(Event::Ended { device, act, ending }),
        }
    }
}

/// A thread that fails must not leave a device in flight for ever.
fn unless_it_panics<T>(work: impl FnOnce() -> T) -> Result<T, Ending> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| Ending::Interrupted { reason: "this program failed: please report it".to_owned() })
}

//! A device as the gateway's threads share it.

use crate::controller::{Event, Facts, Phase, Report, State};
use crate::ddi::Poll;
use crate::metrics::{DeviceLabels, Metrics};
use crate::status::{DeviceStatus, LastStatus, RunStatus};
use lifeboot_artifact::hex;
use lifeboot_fleet::device::{DeviceId, Look, Transferred};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A device. What is locked is locked briefly: never over a request or an act.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    inner: Mutex<Inner>,
}

/// What is known of it.
#[derive(Default)]
pub(crate) struct Inner {
    /// The fold of its persisted events.
    pub(crate) state: State,
    pub(crate) facts: Facts,
    /// When the server was asked what it answered in `facts`; `None` if that does not count any more.
    pub(crate) asked_at: Option<Duration>,
    pub(crate) look: Option<Look>,
    /// What the server got of its attributes last.
    pub(crate) sent: Option<BTreeMap<&'static str, String>>,
    /// Requests to the server, acts, and downloads that failed one after the other.
    pub(crate) failures: Failures,
    /// Since when it does not answer after a restart.
    pub(crate) silent_since: Option<Duration>,
    pub(crate) begun_at: Option<Duration>,
    pub(crate) transferred: Option<Transferred>,
    pub(crate) problem: Option<String>,
    /// How the last run ended, and the name of its artifact.
    last: Option<(String, Report)>,
    labels: Option<DeviceLabels>,
}

/// What failed one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failures {
    pub(crate) requests: u32,
    pub(crate) acts: u32,
    pub(crate) artifact: u32,
}

impl Device {
    pub(crate) fn new(id: DeviceId, events: &[Event]) -> Device {
        let inner = Inner { state: State::of(events), ..Inner::default() };
        let device = Device { id, inner: Mutex::new(inner) };
        device.lock().note_last();
        device
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> DeviceStatus {
        let inner = self.lock();
        let run = inner.state.run.as_ref().and_then(|run| {
            let phase = match run.phase {
                Phase::Offered => "offered",
                Phase::Begun(_) => "begun",
                Phase::Cancelled => "cancelled",
                Phase::Ended(_) => "ended",
                Phase::Closed(_) => return None,
            };
            Some(RunStatus {
                action: run.offered.action.clone(),
                artifact: run.offered.name.clone(),
                version: run.offered.version.clone(),
                phase,
                transferred: inner.transferred.map(|bytes| (bytes.done, bytes.total)),
            })
        });
        let waits = inner.state.run.as_ref().is_some_and(|run| matches!(run.phase, Phase::Ended(_)));
        let last = inner.last.as_ref().map(|(artifact, report)| LastStatus {
            artifact: artifact.clone(),
            success: report.success,
            cause: report.cause.clone(),
            details: report.details.clone(),
            is_reported: !waits,
        });
        let look = inner.look.as_ref();
        DeviceStatus {
            id: self.id.0.clone(),
            port: look.map(|look| look.port.clone()).unwrap_or_default(),
            board: look.map(|look| look.board.clone()).unwrap_or_default(),
            version: look.and_then(|look| look.version.clone()),
            is_confirmed: look.is_some_and(|look| look.is_confirmed),
            is_up: inner.facts.is_present,
            text: look.map(|look| look.text.clone()).unwrap_or_default(),
            run,
            last,
            problem: inner.problem.clone(),
        }
    }
}

impl Inner {
    /// Takes an event into account that was persisted. Returns how the run ended, if this event ended it.
    pub(crate) fn apply(&mut self, event: &Event) -> Option<Report> {
        let before = self.state.run.as_ref().map(|run| run.phase.clone());
        self.state.apply(event);
        if matches!(event, Event::Offered(_) | Event::Gone | Event::Cancelled) {
            (self.transferred, self.silent_since, self.begun_at) = (None, None, None);
            self.failures.artifact = 0;
            self.facts.download_was_reported = false;
        }
        let phase = self.state.run.as_ref().map(|run| run.phase.clone());
        match phase {
            Some(Phase::Ended(report)) if before.as_ref() != Some(&Phase::Ended(report.clone())) => {
                self.note_last();
                Some(report)
            }
            _ => None,
        }
    }

    fn note_last(&mut self) {
        if let Some(run) = &self.state.run
            && let Phase::Ended(report) | Phase::Closed(report) = &run.phase
        {
            self.last = Some((run.offered.name.clone(), report.clone()));
        }
    }

    /// Takes what the device says of itself into account; `None` if it is not within reach.
    pub(crate) fn seen(&mut self, id: &DeviceId, look: Option<Look>, metrics: &Metrics) {
        self.facts.is_present = look.is_some();
        self.look = look.or(self.look.take());
        let attributes = self.attributes();
        self.facts.attributes_are_due = self.sent.as_ref().is_some_and(|sent| *sent != attributes);
        let look = self.look.as_ref();
        let labels = DeviceLabels {
            device: id.0.clone(),
            board: look.map(|look| look.board.clone()).unwrap_or_default(),
            version: look.and_then(|look| look.version.clone()).unwrap_or_default(),
            port: look.map(|look| look.port.clone()).unwrap_or_default(),
        };
        metrics.device(self.labels.as_ref(), &labels, self.facts.is_present);
        self.labels = Some(labels);
    }

    /// What a server can select devices by. The names that begin with `hw_` and `sw_` are those of SWUpdate's client.
    pub(crate) fn attributes(&self) -> BTreeMap<&'static str, String> {
        let Some(look) = &self.look else { return BTreeMap::new() };
        let mut attributes = BTreeMap::from([
            ("hw_boardname", look.board.clone()),
            ("hw_revision", "1".to_owned()),
            ("lifeboot_map", format!("{:08x}", look.map)),
            ("lifeboot_confirmed", look.is_confirmed.to_string()),
        ]);
        attributes.extend(look.version.clone().map(|version| ("sw_version", version)));
        attributes.extend(look.digest.as_deref().map(|digest| ("lifeboot_digest", hex(digest))));
        attributes
    }

    /// Begins a turn with a poll, if one is due.
    pub(crate) fn begin_turn(&mut self, now: Duration) {
        let facts = &mut self.facts;
        if now >= facts.poll_at {
            facts.poll = None::<Poll>;
            (facts.offer, facts.cancel, facts.confirmation) = (None, None, None);
            facts.attributes_were_sent = false;
        }
    }

    /// Takes the answer to a poll into account. Those to questions after an older poll say nothing about this one.
    pub(crate) fn polled(&mut self, poll: Poll, asked_at: Duration, next_at: Duration) {
        (self.asked_at, self.facts.poll_at) = (Some(asked_at), next_at);
        (self.facts.offer, self.facts.cancel, self.facts.confirmation) = (None, None, None);
        self.facts.poll = Some(poll);
    }

    /// Lets the next poll be at this time, whatever the server has answered so far.
    pub(crate) fn poll_again(&mut self, at: Duration) {
        self.facts.poll = None;
        self.facts.poll_at = at;
    }
}

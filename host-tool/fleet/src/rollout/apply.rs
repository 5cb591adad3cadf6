//! The fold: how an event changes the state.

use super::device_state::{DeviceState, LONGEST_RETRY, Unknown, Work};
use super::event::{Event, EventError, Stamped};
use super::state::State;
use super::wave_state::Step;
use crate::definition::Definition;
use crate::device::{Act, DeviceId};
use crate::time::Time;
use miette::Diagnostic;
use thiserror::Error;

/// Why a log is none of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("event {number} cannot follow on those before it: {source}")]
#[diagnostic(help(
    "the log was written by another version of this program, or changed by hand: restore it from a copy"
))]
pub struct ReplayError {
    /// Its number, counted from 1.
    pub number: usize,
    /// Why not.
    pub source: EventError,
}

impl State {
    /// Returns the state after all events of a log.
    ///
    /// # Errors
    /// [`ReplayError`] at the first event that cannot be.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a Stamped>) -> Result<State, ReplayError> {
        let mut events = (1..).zip(events);
        let fail = |number| move |source| ReplayError { number, source };
        let (number, first) = events.next().ok_or(EventError::NotStarted).map_err(fail(1))?;
        let mut state = State::first(first).map_err(fail(number))?;
        for (number, event) in events {
            state.apply(event).map_err(fail(number))?;
        }
        Ok(state)
    }

    /// Returns the state after the first event.
    ///
    /// # Errors
    /// [`EventError`] if it is not [`Event::Started`], or if what it is to do cannot be done.
    pub fn first(event: &Stamped) -> Result<State, EventError> {
        match &event.event {
            Event::Started { definition } => State::start(Definition::clone(definition), event.at),
            _ => Err(EventError::NotStarted),
        }
    }

    /// Applies an event. The time may lie before that of earlier events, if the clock was set back: waits that began "later"
    /// then begin anew.
    ///
    /// # Errors
    /// [`EventError`] if it cannot follow on those before it; then the state is as it was.
    pub fn apply(&mut self, event: &Stamped) -> Result<(), EventError> {
        if event.at >= self.last {
            return self.apply_in_order(event);
        }
        let mut state = self.as_of(event.at);
        state.apply_in_order(event)?;
        *self = state;
        Ok(())
    }

    fn apply_in_order(&mut self, Stamped { at, event }: &Stamped) -> Result<(), EventError> {
        match event {
            Event::Started { .. } => return Err(EventError::StartedBefore),
            Event::TakenOver => self.taken_over(*at),
            Event::LocalOffset { minutes } => self.local_offset = Some(*minutes),
            Event::Already { device } => self.already(device, *at)?,
            Event::Begun { device, act, attempt } => self.begun(device, *act, *attempt, *at)?,
            Event::Ended { device, act, ending } => self.ended(device, *act, ending, *at)?,
            Event::Paused { reason } => self.paused(reason, *at)?,
            Event::Resumed { accept_failures } => self.resumed(*accept_failures)?,
            Event::Approved { wave } => self.approved(*wave)?,
            Event::Aborted { rollback } => self.aborted(*rollback, *at)?,
            Event::Retried => self.retried(*at)?,
        }
        self.last = *at;
        Ok(())
    }

    fn begun(&mut self, id: &DeviceId, act: Act, attempt: u32, at: Time) -> Result<(), EventError> {
        let number = self.number(id).ok_or_else(|| EventError::UnknownDevice(id.clone()))?;
        let expected = self.devices[number as usize].attempts.saturating_add(1);
        let checked = match attempt == expected {
            true => self.may_begin(number, act, at),
            false => Err(format!("it is attempt {expected}, not {attempt}")),
        };
        checked.map_err(|why| EventError::NotDue { device: id.clone(), act, why })?;
        self.change(number, |device, _| {
            (device.work, device.attempts, device.away_until) = (Some(Work { act, retry_at: None }), attempt, None);
            device.is_ours |= matches!(act, Act::Update | Act::Activate);
            if act != Act::Check {
                device.since = at;
            }
        });
        Ok(())
    }

    fn already(&mut self, id: &DeviceId, at: Time) -> Result<(), EventError> {
        let number = self.number(id).ok_or_else(|| EventError::UnknownDevice(id.clone()))?;
        let device = &self.devices[number as usize];
        if device.settled != DeviceState::Waiting || device.attempts > 0 {
            return Err(EventError::NotUntouched(id.clone()));
        }
        let wave = device.wave;
        match device.is_ours {
            // It was tried before: the image that it runs is this rollout's work after all.
            true => self.settle(number, DeviceState::Confirmed, at),
            false => self.change(number, |device, _| {
                (device.settled, device.since, device.away_until) = (DeviceState::Confirmed, at, None);
                device.before_retry = None;
            }),
        }
        self.advance(wave, at);
        Ok(())
    }

    fn taken_over(&mut self, at: Time) {
        for wave in 0..self.waves.len() {
            let engaged: Vec<u32> = self.waves[wave].engaged.iter().copied().collect();
            for number in &engaged {
                self.change(*number, |device, _| {
                    if let Some(work @ Work { retry_at: None, .. }) = &mut device.work {
                        work.retry_at = Some(at);
                        device.unknown = device.unknown.or(Some(Unknown { since: at, attempts: 0 }));
                    }
                });
                if self.abort.is_some() {
                    self.cancel(*number, at);
                }
            }
            if !engaged.is_empty() {
                self.advance(wave, at);
            }
        }
    }

    /// Returns the state after the clock was set back to `at`: no wait ends later than if it began then.
    pub(super) fn as_of(&self, at: Time) -> State {
        let mut state = self.clone();
        state.set_back(at);
        state
    }

    fn set_back(&mut self, at: Time) {
        for wave in &mut self.waves {
            if let Step::Soaking { since } = &mut wave.step {
                *since = at.min(*since);
            }
        }
        let latest = at.plus(LONGEST_RETRY);
        for number in 0..u32::try_from(self.devices.len()).unwrap_or(u32::MAX) {
            self.change(number, |device, _| {
                device.away_until = device.away_until.map(|until| until.min(latest));
                if let Some(retry_at) = device.work.as_mut().and_then(|work| work.retry_at.as_mut()) {
                    *retry_at = latest.min(*retry_at);
                }
                if let Some(unknown) = &mut device.unknown {
                    unknown.since = at.min(unknown.since);
                }
            });
        }
    }
}

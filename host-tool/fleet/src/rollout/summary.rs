//! A state in numbers, for reports.

use super::decide::{WaitsFor, decide};
use super::device_state::{Device, DeviceState};
use super::state::State;
use super::stops::{Abort, Failures, Pause};
use super::wave_state::Step;
use crate::blast_radius::{BlastRadius, blast_radius};
use crate::definition::{Flow, ImageName, RolloutId};
use crate::device::{Act, DeviceId};
use crate::time::Time;
use serde::Serialize;

/// Where a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Acts begin, or are waited for.
    Running,
    /// A person has paused it.
    Paused,
    /// It has stopped by itself: too many devices failed.
    Stopped,
    /// It has stopped by itself: another wave would begin, and no device has confirmed the image.
    Untried,
    /// It was aborted, and devices end or are rolled back.
    Aborting,
    /// It was aborted, and nothing is left to do.
    Aborted,
    /// It has ended, and each device runs the image.
    Done,
    /// It has ended, and some devices do not run the image.
    DoneWithFailures,
}

/// How many devices are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the states")]
pub struct Counts {
    pub waiting: u32,
    pub updating: u32,
    pub staged: u32,
    pub confirmed: u32,
    pub rolled_back: u32,
    pub refused: u32,
    pub silent: u32,
    pub absent: u32,
    pub cancelled: u32,
    pub restored: u32,
}

impl Counts {
    fn add(&mut self, state: &DeviceState) {
        let count = match state {
            DeviceState::Waiting => &mut self.waiting,
            DeviceState::Updating { .. } => &mut self.updating,
            DeviceState::Staged => &mut self.staged,
            DeviceState::Confirmed => &mut self.confirmed,
            DeviceState::RolledBack { .. } => &mut self.rolled_back,
            DeviceState::Refused { .. } => &mut self.refused,
            DeviceState::Silent { .. } => &mut self.silent,
            DeviceState::Absent { .. } => &mut self.absent,
            DeviceState::Cancelled => &mut self.cancelled,
            DeviceState::Restored => &mut self.restored,
        };
        *count += 1;
    }

    /// Returns how many devices do not run the image although they should.
    pub fn failed(&self) -> u32 {
        self.rolled_back + self.refused + self.silent + self.absent
    }
}

/// A wave in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct WaveSummary {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub step: Step,
    /// Whether it needs an approval that it does not have.
    pub needs_approval: bool,
    /// How many devices it has.
    pub devices: u32,
    /// How many are in each state.
    pub counts: Counts,
    /// Of the count that is judged now: how many devices have finished.
    pub finished: u32,
    /// Of the count that is judged now: how many devices have failed.
    pub failed: u32,
    /// How many of those that have finished may have failed.
    pub allowed: u32,
    /// How many devices a bad image can hurt here.
    pub blast_radius: BlastRadius,
}

/// A device of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct DeviceSummary {
    /// The device.
    pub device: DeviceId,
    /// The number of its wave, counted from 0.
    pub wave: usize,
    /// What has become of it, and why.
    #[serde(flatten)]
    pub state: DeviceState,
    /// Since when.
    pub since: Time,
    /// The act that is in flight.
    pub in_flight: Option<Act>,
    /// Acts begun since the last end that is known.
    pub attempts: u32,
    /// Why it still runs the image after a rollback was tried.
    pub failed_rollback: Option<String>,
}

/// A rollout in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Summary {
    /// The rollout.
    pub rollout: RolloutId,
    /// The images.
    pub images: Vec<ImageName>,
    /// How it comes to run.
    pub flow: Flow,
    /// Where it is.
    pub phase: Phase,
    /// When it was started.
    pub started: Time,
    /// When its last event was.
    pub last: Time,
    /// What it waits for.
    pub waits_for: Vec<WaitsFor>,
    /// The pause by a person.
    pub pause: Option<Pause>,
    /// The failures that have stopped it.
    pub failures: Option<Failures>,
    /// The abort.
    pub abort: Option<Abort>,
    /// How many devices are in each state.
    pub counts: Counts,
    /// Its waves.
    pub waves: Vec<WaveSummary>,
    /// Its devices, wave by wave.
    pub devices: Vec<DeviceSummary>,
}

impl State {
    /// Returns where the rollout is.
    pub fn phase(&self) -> Phase {
        match (self.has_ended(), self.abort.is_some()) {
            (true, true) => Phase::Aborted,
            (true, false) if self.devices.iter().all(|device| device.settled == DeviceState::Confirmed) => Phase::Done,
            (true, false) => Phase::DoneWithFailures,
            (false, _) if self.pause.is_some() => Phase::Paused,
            (false, true) => Phase::Aborting,
            (false, false) if self.failures.is_some() => Phase::Stopped,
            (false, false) if self.untried.is_some() => Phase::Untried,
            (false, false) => Phase::Running,
        }
    }

    /// Returns the state in numbers, as of `now`.
    pub fn summary(&self, now: Time) -> Summary {
        let definition = &self.definition;
        let radius = blast_radius(definition);
        let mut waves: Vec<_> = (0..self.waves.len()).map(|wave| self.wave_summary(wave, radius[wave])).collect();
        let mut counts = Counts::default();
        for device in &self.devices {
            counts.add(&device.state());
            waves[device.wave].counts.add(&device.state());
        }
        Summary {
            rollout: definition.rollout.clone(),
            images: definition.images.clone(),
            flow: definition.flow,
            phase: self.phase(),
            started: self.started,
            last: self.last,
            waits_for: decide(self, now).waits_for,
            pause: self.pause.clone(),
            failures: self.failures.clone(),
            abort: self.abort,
            counts,
            waves,
            devices: self.devices.iter().map(Device::summary).collect(),
        }
    }

    fn wave_summary(&self, number: usize, blast_radius: BlastRadius) -> WaveSummary {
        let (rules, wave) = (&self.definition.waves[number], &self.waves[number]);
        WaveSummary {
            name: rules.name.clone(),
            step: wave.step,
            needs_approval: rules.approve && !wave.is_approved,
            devices: u32::try_from(rules.devices.len()).unwrap_or(u32::MAX),
            counts: Counts::default(),
            finished: wave.finished,
            failed: wave.failed,
            allowed: rules.max_failures.allowed(wave.finished),
            blast_radius,
        }
    }
}

impl Device {
    fn summary(&self) -> DeviceSummary {
        DeviceSummary {
            device: self.id.clone(),
            wave: self.wave,
            state: self.state(),
            since: self.since,
            in_flight: self.in_flight(),
            attempts: self.attempts,
            failed_rollback: self.failed_rollback().map(str::to_owned),
        }
    }
}

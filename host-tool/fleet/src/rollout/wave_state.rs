//! What a rollout knows of a wave: how far it is, which of its devices are due, and how many failed.

use super::device_state::Device;
use crate::definition::Wave;
use crate::time::Time;
use serde::Serialize;
use std::collections::BTreeSet;

/// How far a wave is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The image is brought to its devices.
    Staging,
    /// The image is started on its devices, unless its turn has not come yet.
    Running,
    /// It must stay healthy; then its devices are asked again.
    Soaking {
        /// Since when.
        since: Time,
    },
    /// It is over.
    Passed,
}

/// A wave of a rollout. Devices are named by their number in the rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveState {
    pub(super) step: Step,
    pub(super) is_approved: bool,
    /// Those that wait for an act.
    pub(super) ready: BTreeSet<u32>,
    /// Those that were absent, by when they are asked for again.
    pub(super) away: BTreeSet<(Time, u32)>,
    /// Those with an act whose end is not known. All of them count against `parallel`.
    pub(super) engaged: BTreeSet<u32>,
    /// The count of failures that is judged now: it begins anew with a step, or when a person accepts failures.
    pub(super) count: u32,
    pub(super) finished: u32,
    pub(super) failed: u32,
}

impl WaveState {
    pub(super) fn new(step: Step) -> WaveState {
        let (ready, away, engaged) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        WaveState { step, is_approved: false, ready, away, engaged, count: 0, finished: 0, failed: 0 }
    }

    /// Returns how far it is.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns how many devices have finished in the count that is judged now, and how many of them have failed.
    pub fn judged(&self) -> (u32, u32) {
        (self.finished, self.failed)
    }

    /// Returns how many of its devices have an act whose end is not known; never more than the wave's `parallel`.
    pub fn engaged(&self) -> usize {
        self.engaged.len()
    }

    /// Returns whether none of its devices waits for an act or for the end of one.
    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.away.is_empty() && self.engaged.is_empty()
    }

    /// Begins a new count of failures.
    pub(super) fn count_anew(&mut self) {
        (self.count, self.finished, self.failed) = (self.count.saturating_add(1), 0, 0);
    }

    /// Counts a device that has finished.
    pub(super) fn count_finished(&mut self, device: &mut Device) {
        if device.finished_in != Some(self.count) {
            device.finished_in = Some(self.count);
            self.finished += 1;
        }
    }

    /// Counts a device that has failed.
    pub(super) fn count_failed(&mut self, device: &mut Device) {
        self.count_finished(device);
        if device.failed_in != Some(self.count) {
            device.failed_in = Some(self.count);
            self.failed += 1;
        }
    }

    /// Takes a device out of the count, as if it had not been begun.
    pub(super) fn uncount(&mut self, device: &mut Device) {
        if device.finished_in.take() == Some(self.count) {
            self.finished -= 1;
        }
        if device.failed_in.take() == Some(self.count) {
            self.failed -= 1;
        }
    }

    /// Returns whether too many devices have failed; `is_over` if no more of them will finish.
    pub(super) fn has_too_many_failures(&self, wave: &Wave, is_over: bool) -> bool {
        (is_over || self.finished >= wave.min_finished) && self.failed > wave.max_failures.allowed(self.finished)
    }
}

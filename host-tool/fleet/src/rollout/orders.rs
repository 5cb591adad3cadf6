//! What persons order: pause, resume, approve, abort, retry.

use super::device_state::DeviceState;
use super::event::EventError;
use super::state::State;
use super::stops::{Abort, Pause};
use super::wave_state::Step;
use crate::time::Time;
use std::collections::BTreeSet;

impl State {
    pub(super) fn paused(&mut self, reason: &str, at: Time) -> Result<(), EventError> {
        if self.has_ended() {
            return Err(EventError::HasEnded);
        }
        if self.pause.is_some() {
            return Err(EventError::PausedBefore);
        }
        self.pause = Some(Pause { at, reason: reason.to_owned() });
        Ok(())
    }

    pub(super) fn resumed(&mut self, accept_failures: bool) -> Result<(), EventError> {
        let failures = self.failures.as_ref().filter(|_| self.abort.is_none());
        let untried = self.untried.filter(|_| self.abort.is_none());
        if self.pause.is_none() && failures.is_none() && untried.is_none() {
            return Err(EventError::NotPaused);
        }
        if let Some(failures) = failures {
            if !accept_failures {
                let (failed, finished) = (failures.failed, failures.finished);
                let wave = self.definition.waves[failures.wave].name.clone();
                return Err(EventError::FailuresNotAccepted { wave, failed, finished });
            }
            // Others may have failed in other waves meanwhile. The person has seen them, too.
            self.waves.iter_mut().for_each(|wave| wave.count_anew());
            self.failures = None;
        }
        if let Some(untried) = untried {
            if !accept_failures {
                return Err(EventError::NobodyConfirmed { wave: self.definition.waves[untried.wave].name.clone() });
            }
            (self.untried, self.accepts_untried) = (None, true);
        }
        self.pause = None;
        Ok(())
    }

    pub(super) fn approved(&mut self, number: usize) -> Result<(), EventError> {
        if self.abort.is_some() {
            return Err(EventError::Aborted);
        }
        let rules = self.definition.waves.get(number).ok_or(EventError::UnknownWave(number))?;
        let wave = &mut self.waves[number];
        // Not before its turn: who approves a wave has seen what became of those before it.
        if !rules.approve || wave.is_approved || self.is_staging || self.current != number {
            return Err(EventError::NoApprovalNeeded(rules.name.clone()));
        }
        wave.is_approved = true;
        Ok(())
    }

    pub(super) fn aborted(&mut self, rollback: bool, at: Time) -> Result<(), EventError> {
        match self.abort {
            Some(abort) if abort.rollback || !rollback => return Err(EventError::Aborted),
            None if self.has_ended() && !rollback => return Err(EventError::HasEnded),
            _ => {}
        }
        self.abort = Some(Abort { at, rollback });
        self.pause = None;
        for number in 0..u32::try_from(self.devices.len()).unwrap_or(u32::MAX) {
            self.cancel(number, at);
        }
        self.current = 0;
        self.advance(0, at);
        Ok(())
    }

    pub(super) fn retried(&mut self, at: Time) -> Result<(), EventError> {
        if self.abort.is_some() {
            return Err(EventError::Aborted);
        }
        let numbers = 0..u32::try_from(self.devices.len()).unwrap_or(u32::MAX);
        let has_failed = |number: &u32| {
            let device = &self.devices[*number as usize];
            device.work.is_none() && device.settled.is_failure()
        };
        let failed: Vec<u32> = numbers.filter(has_failed).collect();
        if failed.is_empty() {
            return Err(EventError::NothingFailed);
        }
        self.visited += self.devices.len() as u64;
        let waves: BTreeSet<usize> = failed.iter().map(|number| self.devices[*number as usize].wave).collect();
        for number in failed {
            self.change(number, |device, wave| {
                wave.uncount(device);
                let failed = std::mem::replace(&mut device.settled, DeviceState::Waiting);
                (device.before_retry, device.since, device.is_checked) = (Some(failed), at, false);
            });
        }
        // What it stopped for is taken back.
        (self.failures, self.untried) = (None, None);
        for wave in waves {
            self.waves[wave].step = if self.is_staging { Step::Staging } else { Step::Running };
            self.refile_wave(wave);
            self.advance(wave, at);
        }
        Ok(())
    }
}

//! How a rollout goes on from step to step and from wave to wave. All of it follows from the events: there is no instant at
//! which a crash could lose it.

use super::state::State;
use super::stops::{Failures, Untried};
use super::wave_state::Step;
use crate::time::Time;

impl State {
    /// Judges a wave in which something has changed, and goes on where nothing is left to do.
    pub(super) fn advance(&mut self, wave: usize, at: Time) {
        if self.abort.is_none() {
            self.judge(wave, at);
            while self.waves[wave].is_idle() && self.waves[wave].step != Step::Passed {
                self.next_step(wave, at);
            }
        }
        self.find_current(wave);
        self.find_untried(at);
    }

    /// Stops a rollout before the second wave and each later one as long as nobody runs the image: what no device has tried does
    /// not go to more of them.
    fn find_untried(&mut self, at: Time) {
        let begins_another = !self.is_staging && self.current > 0 && self.current < self.waves.len();
        let is_settled = self.abort.is_some() || self.untried.is_some() || self.accepts_untried;
        if begins_another && !is_settled && !self.is_tried() {
            self.untried = Some(Untried { at, wave: self.current });
        }
    }

    fn judge(&mut self, wave: usize, at: Time) {
        let state = &self.waves[wave];
        if self.failures.is_none() && state.has_too_many_failures(&self.definition.waves[wave], state.is_idle()) {
            self.failures = Some(Failures { at, wave, failed: state.failed, finished: state.finished });
        }
    }

    fn next_step(&mut self, wave: usize, at: Time) {
        let soaks = !self.definition.waves[wave].soak.is_zero();
        let step = self.waves[wave].step;
        self.waves[wave].step = match step {
            Step::Staging => {
                self.waves[wave].count_anew();
                Step::Running
            }
            Step::Running if soaks && self.has_confirmed(wave) => {
                let members = self.members(wave);
                members.for_each(|number| self.devices[number as usize].is_checked = false);
                Step::Soaking { since: at }
            }
            _ => Step::Passed,
        };
        self.refile_wave(wave);
    }

    /// Finds the wave whose turn it is, after `changed` has changed.
    fn find_current(&mut self, changed: usize) {
        if !self.is_over(changed) {
            self.current = self.current.min(changed);
        }
        loop {
            while self.current < self.waves.len() && self.is_over(self.current) {
                self.current += 1;
            }
            if !self.is_staging || self.abort.is_some() || self.current < self.waves.len() {
                return;
            }
            // All are staged: from the first wave on, the image is started.
            (self.is_staging, self.current) = (false, 0);
        }
    }

    fn is_over(&self, wave: usize) -> bool {
        let wave = &self.waves[wave];
        match (self.abort, self.is_staging) {
            (Some(_), _) => wave.is_idle(),
            (None, true) => wave.step != Step::Staging,
            (None, false) => wave.step == Step::Passed,
        }
    }
}

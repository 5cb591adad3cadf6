//! Whether an act may begin: the one place that says so, for the decision and for the log alike.

use super::device_state::Work;
use super::due;
use super::state::State;
use super::stops::Untried;
use super::wave_state::Step;
use crate::device::Act;
use crate::time::Time;
use crate::window::Opening;

/// What keeps the whole rollout from beginning anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A person has paused it.
    Paused,
    /// Too many devices have failed.
    TooManyFailures,
    /// This wave would begin though no device has confirmed the image.
    Untried {
        /// Its number.
        wave: usize,
    },
    /// The window is closed, until then.
    WindowClosed(Time),
    /// The window is in local time, and the driver did not report the host's offset from UTC.
    OffsetUnknown,
}

/// What a wave lets begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// So many more acts.
    Open(usize),
    /// None before a person approves it.
    NeedsApproval,
    /// None before this instant.
    Soaks(Time),
}

impl State {
    /// Returns what holds the whole rollout.
    pub(super) fn hold(&self, now: Time) -> Option<Hold> {
        if self.pause.is_some() {
            return Some(Hold::Paused);
        }
        // After an abort nothing is risked any more: what begins asks, or goes back.
        if self.failures.is_some() && self.abort.is_none() {
            return Some(Hold::TooManyFailures);
        }
        if let (Some(Untried { wave, .. }), None) = (self.untried, self.abort) {
            return Some(Hold::Untried { wave });
        }
        match self.definition.rules.window.as_ref()?.at(now, self.local_offset) {
            Opening::Open(_) => None,
            Opening::Closed(opens) => Some(Hold::WindowClosed(opens)),
            Opening::Unknown => Some(Hold::OffsetUnknown),
        }
    }

    /// Returns what the wave whose turn it is lets begin.
    pub(super) fn gate(&self, wave: usize, now: Time) -> Gate {
        let (rules, state) = (&self.definition.waves[wave], &self.waves[wave]);
        match state.step {
            Step::Running if self.abort.is_none() && rules.approve && !state.is_approved => Gate::NeedsApproval,
            Step::Soaking { since } if self.abort.is_none() && now < since.plus(rules.soak) => {
                Gate::Soaks(since.plus(rules.soak))
            }
            _ => Gate::Open((rules.parallel as usize).saturating_sub(state.engaged.len())),
        }
    }

    /// Returns whether an act may begin with a device, or why not.
    pub(super) fn may_begin(&self, number: u32, act: Act, now: Time) -> Result<(), String> {
        if let Some(hold) = self.hold(now) {
            return Err(format!("the rollout is held: {hold:?}"));
        }
        let device = &self.devices[number as usize];
        let wave = &self.waves[device.wave];
        let is_due = match device.work {
            Some(Work { retry_at: None, .. }) => return Err("another act is in flight with it".to_owned()),
            // It is engaged already, so neither turn nor `parallel` matter.
            Some(Work { act: due, retry_at: Some(retry_at) }) if due == act && retry_at <= now => return Ok(()),
            Some(_) => false,
            None => due::act(device, wave.step, self.abort, self.definition.flow) == Some(act),
        };
        if !is_due || device.away_until.is_some_and(|until| until > now) {
            return Err("it does not wait for that".to_owned());
        }
        if device.wave != self.current {
            return Err("it is not its wave's turn".to_owned());
        }
        match self.gate(device.wave, now) {
            Gate::Open(0) => Err("as many as may be are in flight in its wave".to_owned()),
            Gate::Open(_) => Ok(()),
            Gate::NeedsApproval => Err("its wave is not approved".to_owned()),
            Gate::Soaks(_) => Err("its wave must stay healthy first".to_owned()),
        }
    }
}

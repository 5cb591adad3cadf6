//! What is to be done now.

use super::due;
use super::gates::{Gate, Hold};
use super::state::State;
use crate::device::{Act, DeviceId};
use crate::time::Time;
use serde::Serialize;

/// An act to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Intent {
    /// With which device.
    pub device: DeviceId,
    /// Which act.
    pub act: Act,
    /// The attempt, as [`Event::Begun`](super::Event::Begun) must say it.
    pub attempt: u32,
}

/// What a rollout waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum WaitsFor {
    /// The end of acts that are in flight.
    Acts {
        /// How many.
        count: usize,
    },
    /// The next attempt with devices that did not answer, or whose driver has ended.
    Retry {
        /// How many.
        count: usize,
        /// When the first is due.
        at: Time,
    },
    /// Devices that are absent.
    Devices {
        /// The number of their wave.
        wave: usize,
        /// How many.
        count: usize,
        /// When the first is asked for again.
        at: Time,
    },
    /// The end of a wave's soak.
    Soak {
        /// The number of the wave.
        wave: usize,
        /// When that is.
        until: Time,
    },
    /// A person who approves a wave.
    Approval {
        /// The number of the wave.
        wave: usize,
    },
    /// A person who resumes after a pause.
    Resume,
    /// A person who looks at the failures, and retries, resumes or aborts.
    Failures,
    /// A person who decides about this wave: no device has confirmed the image.
    Untried {
        /// The number of the wave.
        wave: usize,
    },
    /// The window.
    Window {
        /// When it opens.
        opens: Time,
    },
    /// The driver, which must report the host's offset from UTC.
    LocalOffset,
}

/// What is to be done now. Until the next event or [`look_again`](Self::look_again), nothing else becomes due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The acts to begin, in this order. Each must be logged as begun before it is.
    pub begin: Vec<Intent>,
    /// What the rollout waits for besides. Empty if it has ended, or if there is something to begin.
    pub waits_for: Vec<WaitsFor>,
    /// When to decide again at the latest; `None` if only an event can make anything due.
    pub look_again: Option<Time>,
    /// How many devices were looked at: what the decision costs, whatever the machine.
    pub visited: u64,
}

impl Decision {
    fn wait(&mut self, until: Time) {
        self.look_again = Some(self.look_again.map_or(until, |earlier| earlier.min(until)));
    }
}

/// Returns what is to be done at `now`. The same state and time give the same answer; once all that it names has been logged
/// as begun, it names nothing new.
pub fn decide(state: &State, now: Time) -> Decision {
    let mut decision = Decision::default();
    let back;
    // Waits must not last longer because the clock was set back.
    let state = match now < state.last {
        true => {
            back = state.as_of(now);
            &back
        }
        false => state,
    };
    match state.hold(now) {
        Some(hold) if !state.has_ended() => {
            let waits_for = match hold {
                Hold::Paused => WaitsFor::Resume,
                Hold::TooManyFailures => WaitsFor::Failures,
                Hold::Untried { wave } => WaitsFor::Untried { wave },
                Hold::WindowClosed(opens) => WaitsFor::Window { opens },
                Hold::OffsetUnknown => WaitsFor::LocalOffset,
            };
            decision.waits_for.push(waits_for);
            if let Hold::WindowClosed(opens) = hold {
                decision.wait(opens);
            }
        }
        Some(_) => {}
        None => {
            retry(state, now, &mut decision);
            if let Some(wave) = state.current_wave() {
                begin(state, wave, now, &mut decision);
            }
        }
    }
    match decision.begin.is_empty() {
        true => wait_for_acts(state, &mut decision),
        false => decision.waits_for.clear(),
    }
    decision
}

/// What was cut off is tried again first: until then it holds up others.
fn retry(state: &State, now: Time, decision: &mut Decision) {
    for (at, number) in &state.retries {
        if *at > now {
            decision.wait(*at);
            decision.waits_for.push(WaitsFor::Retry { count: state.retries.len(), at: *at });
            return;
        }
        intend(state, *number, decision);
    }
}

fn begin(state: &State, number: usize, now: Time, decision: &mut Decision) {
    let wave = &state.waves[number];
    let free = match state.gate(number, now) {
        Gate::Open(free) => free,
        Gate::NeedsApproval => return decision.waits_for.push(WaitsFor::Approval { wave: number }),
        Gate::Soaks(until) => {
            decision.wait(until);
            return decision.waits_for.push(WaitsFor::Soak { wave: number, until });
        }
    };
    let back = wave.away.iter().take_while(|(until, _)| *until <= now).map(|(_, device)| device);
    let chosen: Vec<u32> = wave.ready.iter().chain(back).take(free).copied().collect();
    let is_full = chosen.len() == free;
    chosen.into_iter().for_each(|device| intend(state, device, decision));
    let next = wave.away.iter().find(|(until, _)| *until > now);
    if let (Some((at, _)), false) = (next, is_full) {
        decision.wait(*at);
        decision.waits_for.push(WaitsFor::Devices { wave: number, count: wave.away.len(), at: *at });
    }
}

fn intend(state: &State, number: u32, decision: &mut Decision) {
    decision.visited += 1;
    let device = &state.devices[number as usize];
    let due = || due::act(device, state.waves[device.wave].step, state.abort, state.definition.flow);
    if let Some(act) = device.work.map(|work| work.act).or_else(due) {
        decision.begin.push(Intent { device: device.id.clone(), act, attempt: device.attempts.saturating_add(1) });
    }
}

fn wait_for_acts(state: &State, decision: &mut Decision) {
    let engaged: usize = state.waves.iter().map(|wave| wave.engaged.len()).sum();
    let count = engaged - state.retries.len();
    if count > 0 {
        decision.waits_for.push(WaitsFor::Acts { count });
    }
}

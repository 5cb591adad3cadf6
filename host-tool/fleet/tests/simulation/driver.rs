//! What the driver does, and the mistakes that it can be told to make.

use lifeboot_fleet::definition::{Definition, Limit};
use lifeboot_fleet::device::Ending;
use lifeboot_fleet::rollout::{Decision, Event, Intent, Stamped, State, decide};
use lifeboot_fleet::time::Time;
use std::time::Duration;

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    None,
    /// Twice as many at once.
    Parallel,
    /// At any hour.
    Window,
    /// Without soak.
    Soak,
    /// Without approval.
    Approval,
    /// A pause is not passed on.
    Pause,
    /// Nor is an abort.
    Abort,
    /// A failure more.
    Limit,
    /// An end is lost.
    End,
    /// A failed line counts as success.
    Trust,
    /// Some event is not written.
    Log,
    /// The decision names all that is ready.
    Eager,
    /// The decision depends on how often it was asked.
    Unsteady,
    /// The decision looks at all devices.
    Slow,
}

pub struct Driver {
    pub state: State,
    mistake: Mistake,
    asked: u32,
    pub visited: u64,
}

impl Driver {
    pub fn first(definition: &Definition, at: u64, mistake: Mistake) -> (Driver, Stamped) {
        let mut definition = definition.clone();
        match mistake {
            Mistake::Parallel => definition.waves.iter_mut().for_each(|wave| wave.parallel *= 2),
            Mistake::Window => definition.rules.window = None,
            Mistake::Soak => definition.waves.iter_mut().for_each(|wave| wave.soak = Duration::ZERO),
            Mistake::Approval => definition.waves.iter_mut().for_each(|wave| wave.approve = false),
            Mistake::Limit => {
                for wave in &mut definition.waves {
                    wave.max_failures = match wave.max_failures {
                        Limit::Count(count) => Limit::Count(count + 1),
                        Limit::Percent(percent) => Limit::Percent(percent + 10),
                    }
                }
            }
            _ => {}
        }
        let event = Stamped { at: Time(at), event: Event::Started { definition: Box::new(definition) } };
        let state = State::first(&event).expect("the definition is right");
        (Driver { state, mistake, asked: 0, visited: 0 }, event)
    }

    pub fn replay(log: &[Stamped], mistake: Mistake) -> Driver {
        Driver { state: State::replay(log).expect("the log is right"), mistake, asked: 0, visited: 0 }
    }

    pub fn decide(&mut self, now: u64) -> Decision {
        self.asked += 1;
        let mut decision = decide(&self.state, Time(now));
        self.visited += decision.visited;
        match self.mistake {
            Mistake::Eager if !decision.begin.is_empty() => {
                let waiting = self.state.devices().iter().filter(|device| device.in_flight().is_none());
                let act = decision.begin[0].act;
                decision.begin = waiting
                    .map(|device| Intent { device: device.id().clone(), act, attempt: device.attempts() + 1 })
                    .collect();
            }
            Mistake::Slow => self.visited += self.state.devices().len() as u64,
            Mistake::Unsteady if self.asked.is_multiple_of(2) => drop(decision.begin.pop()),
            _ => {}
        }
        decision
    }

    /// What it makes of an end; `None` if it is lost.
    pub fn hear(&self, ending: Ending) -> Option<Ending> {
        match (self.mistake, ending) {
            (Mistake::Trust, Ending::Interrupted { .. }) => Some(Ending::Confirmed),
            (Mistake::End, Ending::Confirmed) => None,
            (_, ending) => Some(ending),
        }
    }

    /// Whether it passes an order on.
    pub fn obeys(&self, event: &Event) -> bool {
        match self.mistake {
            Mistake::Pause => !matches!(event, Event::Paused { .. }),
            Mistake::Abort => !matches!(event, Event::Aborted { .. }),
            _ => true,
        }
    }

    /// Whether it writes an event.
    pub fn writes(&self, event: &Event) -> bool {
        self.mistake != Mistake::Log || !matches!(event, Event::Ended { ending: Ending::Confirmed, .. })
    }
}

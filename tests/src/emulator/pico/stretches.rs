//! Instructions by the clock that they were executed with.

use serde::Deserialize;
use std::time::Duration;

/// The clocks that a core has run at, in hertz and in order, each with how many instructions it executed.
#[derive(Clone, Debug, Deserialize)]
pub struct Stretches(Vec<(u64, u64)>);

impl Stretches {
    /// The instructions.
    pub fn instructions(&self) -> u64 {
        self.0.iter().map(|(_, instructions)| instructions).sum()
    }

    /// The time that they took, with a period of the clock for each.
    pub fn time(&self) -> Duration {
        self.time_at(|hertz| hertz)
    }

    /// The time of those with such a clock.
    pub fn time_of(&self, is_meant: impl Fn(&u64) -> bool) -> Duration {
        Stretches(self.0.iter().filter(|(hertz, _)| is_meant(hertz)).copied().collect()).time()
    }

    /// The time that they would have taken, if each clock had been another one.
    pub fn time_at(&self, other: impl Fn(u64) -> u64) -> Duration {
        self.0.iter().map(|(hertz, count)| Duration::from_nanos(count * 1_000_000_000 / other(*hertz))).sum()
    }
}

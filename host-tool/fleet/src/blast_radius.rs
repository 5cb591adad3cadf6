//! How many devices a bad image can hurt before a rollout stops by itself.
//!
//! A device is *hurt* if the image was started on it and it did not end confirmed, or is no longer: it was rolled back, or is
//! silent. Two kinds of bad images must be told apart.
//!
//! **An image that fails when it is started.** In each wave it hurts at most `failures + parallel` devices, where `failures` is
//! the most that the wave's limit lets pass. Proof: every hurt device of the wave was *engaged* first, from the begin of its act
//! until an end that is known. Acts begin in a wave only while (1) at most `parallel` devices are engaged, the new one included,
//! and (2) the failures that are known are not judged yet, or within the limit. Look at the last act that begins before the
//! rollout stops. Each device of the wave that is hurt by then has failed in the log, and by (2) these are at most `failures`;
//! or its end is not known, so it is engaged, and by (1) these are at most `parallel`. Later no device becomes engaged, so no
//! other one can be hurt. Devices whose end got lost, by a failed line or a crash of the host, stay engaged until the device
//! says what became of it, which is why (1) counts them.
//!
//! With `n` devices and `k = min(parallel, n)`, those that are finished at that begin are `f <= n - k` if `k` are engaged, and
//! the most that can have failed unjudged or within the limit is `failures = max(min(f, min-finished - 1), min(f, allowed(f)))`.
//! It grows by at most one with each `f`, so full lines are the worst case: `failures(n - k) + k`.
//!
//! **An image that is confirmed and fails later.** It can hurt each device that it has come to: the whole wave, and those before
//! it. That is what `soak` and small first waves are for: no later wave begins before the devices of this one have been asked.
//!
//! A person who resumes after too many failures, or retries those that failed, begins a new count: the bound then holds from
//! there on.

use crate::definition::{Definition, Wave};
use serde::Serialize;

/// How many devices of a wave a bad image can hurt before the rollout stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BlastRadius {
    /// An image that fails when it is started.
    pub at_start: u32,
    /// An image that is confirmed and fails later: the devices of the wave.
    pub after_confirm: u32,
}

/// Returns it for each wave of a rollout.
pub fn blast_radius(definition: &Definition) -> Vec<BlastRadius> {
    definition.waves.iter().map(of_wave).collect()
}

fn of_wave(wave: &Wave) -> BlastRadius {
    let devices = u32::try_from(wave.devices.len()).unwrap_or(u32::MAX);
    let engaged = wave.parallel.min(devices);
    let finished = devices - engaged;
    let unjudged = finished.min(wave.min_finished.saturating_sub(1));
    let within_limit = match finished >= wave.min_finished {
        true => finished.min(wave.max_failures.allowed(finished)),
        false => 0,
    };
    BlastRadius { at_start: unjudged.max(within_limit) + engaged, after_confirm: devices }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Limit;
    use crate::device::DeviceId;
    use std::time::Duration;

    fn at_start(devices: u32, parallel: u32, max_failures: Limit, min_finished: u32) -> u32 {
        let devices = (0..devices).map(|number| DeviceId(number.to_string())).collect();
        let (name, soak) = (String::new(), Duration::ZERO);
        of_wave(&Wave { name, devices, parallel, max_failures, min_finished, soak, approve: false }).at_start
    }

    #[test]
    fn a_canary_risks_one_device() {
        assert_eq!(at_start(5, 1, Limit::Count(0), 1), 1);
    }

    #[test]
    fn it_is_failures_and_parallel_but_never_more_than_the_wave() {
        assert_eq!(at_start(100, 4, Limit::Count(3), 1), 7);
        assert_eq!(at_start(5, 4, Limit::Count(3), 1), 5);
        assert_eq!(at_start(3, 8, Limit::Count(0), 1), 3);
    }

    #[test]
    fn percent_are_of_those_that_finished_and_failures_before_they_are_judged_count() {
        assert_eq!(at_start(110, 10, Limit::Percent(5), 10), 19, "nine unjudged");
        assert_eq!(at_start(1010, 10, Limit::Percent(5), 10), 60, "five percent of a thousand");
    }
}

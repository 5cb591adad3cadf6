//! Which act a device waits for.

use super::device_state::{Device, DeviceState};
use super::stops::Abort;
use super::wave_state::Step;
use crate::definition::Flow;
use crate::device::Act;

/// Returns the act that a device without one waits for, in its wave's step; `None` if it waits for none.
pub fn act(device: &Device, step: Step, abort: Option<Abort>, flow: Flow) -> Option<Act> {
    if let Some(abort) = abort {
        let is_updated = device.settled == DeviceState::Confirmed && device.is_ours;
        return (abort.rollback && is_updated && device.rollback.is_none()).then_some(Act::Rollback);
    }
    match (step, &device.settled) {
        (Step::Staging, DeviceState::Waiting) => Some(Act::Stage),
        (Step::Running, DeviceState::Waiting) => Some(match flow {
            Flow::Update => Act::Update,
            // It failed while the others were staged, and is tried again.
            Flow::StageFirst => Act::Stage,
        }),
        (Step::Running, DeviceState::Staged) => Some(Act::Activate),
        (Step::Soaking { .. }, DeviceState::Confirmed) if !device.is_checked => Some(Act::Check),
        _ => None,
    }
}

//! What becomes of a device when an act has ended.

use super::device_state::{Device, DeviceState, LONGEST_RETRY, Work, ending_name};
use super::event::EventError;
use super::state::State;
use super::wave_state::Step;
use crate::definition::AbsentRule;
use crate::device::{Act, DeviceId, Ending};
use crate::time::Time;

/// Attempts that a device gets at least before it counts as silent, however much time has passed between them. What a log
/// means depends on it, and on the waits in `device_state`: another number is another format of the log.
const LEAST_ATTEMPTS: u32 = 5;

/// What an ending means.
enum Meaning {
    /// The device has come to an end that is known.
    Settled(DeviceState),
    /// The soak's question was answered: all is well.
    Checked,
    /// The image still runs after a rollback was tried.
    StillRuns(String),
    /// What became of the device is not known.
    Unknown(String),
    /// It is not there, and nothing was done with it.
    Absent(String),
}

impl State {
    pub(super) fn ended(&mut self, id: &DeviceId, act: Act, ending: &Ending, at: Time) -> Result<(), EventError> {
        let number = self.number(id).ok_or_else(|| EventError::UnknownDevice(id.clone()))?;
        let device = &self.devices[number as usize];
        if device.work != Some(Work { act, retry_at: None }) {
            return Err(EventError::NotInFlight { device: id.clone(), act });
        }
        let meaning = meaning(device, act, ending).ok_or_else(|| EventError::NoSuchEnding {
            device: id.clone(),
            act,
            ending: ending_name(ending),
        })?;
        let wave = device.wave;
        match meaning {
            Meaning::Settled(state) => self.settle(number, state, at),
            Meaning::Checked => self.change(number, |device, wave| {
                device.settle(DeviceState::Confirmed, at);
                device.is_checked = true;
                wave.count_finished(device);
            }),
            Meaning::StillRuns(reason) => self.change(number, |device, _| {
                device.settle(DeviceState::Confirmed, at);
                device.rollback = Some(reason);
            }),
            Meaning::Unknown(reason) => self.unknown(number, act, reason, at),
            Meaning::Absent(reason) => self.absent(number, reason, at),
        }
        self.advance(wave, at);
        Ok(())
    }

    pub(super) fn settle(&mut self, number: u32, state: DeviceState, at: Time) {
        self.change(number, |device, wave| {
            let is_end = state != DeviceState::Staged || wave.step == Step::Staging;
            match state.is_failure() {
                true => wave.count_failed(device),
                false if is_end && state != DeviceState::Cancelled => wave.count_finished(device),
                false => {}
            }
            device.settle(state, at);
        });
        if self.abort.is_some() {
            self.cancel(number, at);
        }
    }

    fn unknown(&mut self, number: u32, act: Act, reason: String, at: Time) {
        let silent_after = self.definition.rules.silent_after;
        let gives_up = self.change(number, |device, _| {
            let (unknown, retry_at) = device.note_unknown(at);
            device.work = Some(Work { act, retry_at: Some(retry_at) });
            unknown.attempts >= LEAST_ATTEMPTS && at.since(unknown.since) >= silent_after
        });
        match (gives_up, act) {
            // A device that is being staged runs what it ran.
            (true, Act::Stage) if !self.devices[number as usize].was_silent() => self.absent(number, reason, at),
            (true, _) => self.settle(number, DeviceState::Silent { last: reason }, at),
            (false, _) if self.abort.is_some() => self.cancel(number, at),
            (false, _) => {}
        }
    }

    fn absent(&mut self, number: u32, reason: String, at: Time) {
        let device = &mut self.devices[number as usize];
        // If the image came to it at all, it was before it was retried.
        device.is_ours &= device.before_retry.is_some();
        match self.definition.rules.absent {
            AbsentRule::Wait if self.abort.is_none() => self.change(number, |device, _| {
                device.settle(device.settled.clone(), at);
                device.away_until = Some(at.plus(LONGEST_RETRY));
            }),
            AbsentRule::Fail => self.settle(number, DeviceState::Absent { reason }, at),
            _ => self.change(number, |device, _| device.settle(DeviceState::Absent { reason }, at)),
        }
    }

    /// Takes back what an aborted rollout would still have done with a device. Where an act may have started the image, the
    /// device is asked what became of it, which changes nothing; what is in flight is left to end.
    pub(super) fn cancel(&mut self, number: u32, at: Time) {
        let device = &self.devices[number as usize];
        let is_idle = matches!(device.settled, DeviceState::Waiting | DeviceState::Staged);
        match device.work {
            Some(Work { retry_at: None, .. }) => {}
            Some(Work { act: Act::Update | Act::Activate, retry_at }) => {
                self.change(number, |device, _| device.work = Some(Work { act: Act::Check, retry_at }));
            }
            Some(Work { act: Act::Check, .. }) if !is_idle => {
                self.change(number, |device, _| device.settle(device.settled.clone(), at));
            }
            Some(Work { act: Act::Check | Act::Rollback, .. }) => {}
            _ if is_idle => self.change(number, |device, _| {
                let state = device.before_retry.take().unwrap_or(DeviceState::Cancelled);
                device.settle(state, at);
            }),
            _ => self.change(number, |_, _| ()),
        }
    }
}

impl Device {
    fn settle(&mut self, state: DeviceState, at: Time) {
        if state != DeviceState::Waiting {
            self.before_retry = None;
        }
        (self.settled, self.since) = (state, at);
        (self.work, self.unknown, self.away_until, self.attempts) = (None, None, None, 0);
    }
}

/// Returns what an ending of an act means; `None` if the act cannot end so.
fn meaning(device: &Device, act: Act, ending: &Ending) -> Option<Meaning> {
    let is_cancelled = act == Act::Check && device.settled != DeviceState::Confirmed;
    Some(match (act, ending) {
        (_, Ending::Interrupted { reason }) => Meaning::Unknown(reason.clone()),
        (_, Ending::Silent { last }) => Meaning::Settled(DeviceState::Silent { last: last.clone() }),
        (_, Ending::RolledBack { reason, cause, pc }) => {
            let (reason, cause) = (reason.clone(), cause.clone());
            Meaning::Settled(DeviceState::RolledBack { reason, cause, pc: *pc })
        }
        (Act::Stage, Ending::Absent { reason }) if !device.was_silent() => Meaning::Absent(reason.clone()),
        (Act::Update | Act::Activate, Ending::Absent { reason }) if !device.may_be_silent() => {
            Meaning::Absent(reason.clone())
        }
        // It was there when the image was started.
        (_, Ending::Absent { reason }) => Meaning::Unknown(reason.clone()),

        (Act::Rollback, Ending::Confirmed) => Meaning::StillRuns("the image still runs".to_owned()),
        (Act::Rollback, Ending::Refused { reason }) => Meaning::StillRuns(reason.clone()),
        (Act::Rollback, Ending::Restored) => Meaning::Settled(DeviceState::Restored),
        (Act::Check, Ending::Confirmed) if !is_cancelled => Meaning::Checked,
        (Act::Check, Ending::Staged | Ending::Restored | Ending::Refused { .. }) if is_cancelled => {
            Meaning::Settled(DeviceState::Cancelled)
        }
        (Act::Check, Ending::Staged | Ending::Restored) => Meaning::Settled(DeviceState::RolledBack {
            reason: "the image does not run any more".to_owned(),
            cause: None,
            pc: None,
        }),
        (Act::Stage, Ending::Staged) => Meaning::Settled(DeviceState::Staged),
        (_, Ending::Confirmed) => Meaning::Settled(DeviceState::Confirmed),
        (_, Ending::Refused { reason }) => Meaning::Settled(DeviceState::Refused { reason: reason.clone() }),
        (_, Ending::Staged | Ending::Restored) => return None,
    })
}

//! The state of a rollout: nothing but what its events say.

use super::device_state::{Device, DeviceState};
use super::due;
use super::event::EventError;
use super::stops::{Abort, Failures, Pause, Untried};
use super::wave_state::{Step, WaveState};
use crate::definition::{Definition, Flow};
use crate::device::DeviceId;
use crate::time::Time;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The state of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub(super) definition: Arc<Definition>,
    numbers: Arc<HashMap<DeviceId, u32>>,
    pub(super) devices: Vec<Device>,
    pub(super) waves: Vec<WaveState>,
    /// Devices with an act that is to be tried again, by when.
    pub(super) retries: BTreeSet<(Time, u32)>,
    /// The first wave that is not over.
    pub(super) current: usize,
    /// Whether all waves are still being staged.
    pub(super) is_staging: bool,
    pub(super) pause: Option<Pause>,
    pub(super) failures: Option<Failures>,
    /// What has stopped it if no device runs the image.
    pub(super) untried: Option<Untried>,
    /// Whether a person has accepted that.
    pub(super) accepts_untried: bool,
    pub(super) abort: Option<Abort>,
    pub(super) local_offset: Option<i16>,
    pub(super) started: Time,
    pub(super) last: Time,
    pub(super) visited: u64,
}

impl State {
    /// Returns the state right after the start.
    ///
    /// # Errors
    /// [`EventError::Definition`].
    pub(super) fn start(definition: Definition, at: Time) -> Result<State, EventError> {
        definition.check()?;
        let is_staging = definition.flow == Flow::StageFirst;
        let step = if is_staging { Step::Staging } else { Step::Running };
        let waves = definition.waves.iter().map(|_| WaveState::new(step)).collect();
        let ids = definition.waves.iter().enumerate();
        let ids = ids.flat_map(|(wave, all)| all.devices.iter().map(move |id| (id.clone(), wave)));
        let devices: Vec<Device> = ids.map(|(id, wave)| Device::new(id, wave, at)).collect();
        let numbers = (0..).zip(&devices).map(|(number, device)| (device.id.clone(), number)).collect();
        let mut state = State {
            definition: Arc::new(definition),
            numbers: Arc::new(numbers),
            devices,
            waves,
            retries: BTreeSet::new(),
            current: 0,
            is_staging,
            pause: None,
            failures: None,
            untried: None,
            accepts_untried: false,
            abort: None,
            local_offset: None,
            started: at,
            last: at,
            visited: 0,
        };
        (0..state.waves.len()).for_each(|wave| state.refile_wave(wave));
        Ok(state)
    }

    /// Returns what the rollout is to do.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Returns its devices, wave by wave, in the order of the definition.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Returns a device; `None` if it is none of the rollout's.
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.number(id).map(|number| &self.devices[number as usize])
    }

    /// Returns its waves, in the order of the definition.
    pub fn waves(&self) -> &[WaveState] {
        &self.waves
    }

    /// Returns the number of the wave whose turn it is; `None` if all are over.
    pub fn current_wave(&self) -> Option<usize> {
        Some(self.current).filter(|wave| *wave < self.waves.len())
    }

    /// Returns the pause, if a person has paused it.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// Returns the failures that have stopped it, if they were too many.
    pub fn failures(&self) -> Option<&Failures> {
        self.failures.as_ref()
    }

    /// Returns the wave that it has stopped before, as no device has confirmed the image.
    pub fn untried(&self) -> Option<Untried> {
        self.untried
    }

    /// Returns the abort, if a person has ended it.
    pub fn abort(&self) -> Option<Abort> {
        self.abort
    }

    /// Returns when it was started, and when its last event was.
    pub fn times(&self) -> (Time, Time) {
        (self.started, self.last)
    }

    /// Returns whether nothing is left to do, and nothing in flight.
    pub fn has_ended(&self) -> bool {
        self.current == self.waves.len() && self.waves.iter().all(|wave| wave.engaged.is_empty())
    }

    /// Returns how many devices were visited while events were applied: what it costs, whatever the machine.
    pub fn visited(&self) -> u64 {
        self.visited
    }

    pub(super) fn number(&self, id: &DeviceId) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// Returns the numbers of a wave's devices.
    pub(super) fn members(&self, wave: usize) -> std::ops::Range<u32> {
        // Devices are numbered wave by wave.
        let start = self.devices.partition_point(|device| device.wave < wave);
        let end = self.devices.partition_point(|device| device.wave <= wave);
        u32::try_from(start).unwrap_or(u32::MAX)..u32::try_from(end).unwrap_or(u32::MAX)
    }

    /// Changes a device, and files it anew under what it waits for.
    pub(super) fn change<T>(&mut self, number: u32, change: impl FnOnce(&mut Device, &mut WaveState) -> T) -> T {
        self.visited += 1;
        let device = &mut self.devices[number as usize];
        let wave = &mut self.waves[device.wave];
        wave.ready.remove(&number);
        wave.engaged.remove(&number);
        if let Some(until) = device.away_until {
            wave.away.remove(&(until, number));
        }
        if let Some(retry_at) = device.work.and_then(|work| work.retry_at) {
            self.retries.remove(&(retry_at, number));
        }
        let result = change(device, wave);
        match (device.work, device.away_until) {
            (Some(work), _) => {
                wave.engaged.insert(number);
                self.retries.extend(work.retry_at.map(|retry_at| (retry_at, number)));
            }
            (None, _) if due::act(device, wave.step, self.abort, self.definition.flow).is_none() => {
                device.away_until = None;
            }
            (None, Some(until)) => drop(wave.away.insert((until, number))),
            (None, None) => drop(wave.ready.insert(number)),
        }
        result
    }

    /// Files all devices of a wave anew, after its step has changed.
    pub(super) fn refile_wave(&mut self, wave: usize) {
        self.members(wave).for_each(|number| self.change(number, |_, _| ()));
    }

    /// Returns whether a device of a wave runs the image.
    pub(super) fn has_confirmed(&mut self, wave: usize) -> bool {
        let members = self.members(wave);
        self.visited += members.len() as u64;
        members.into_iter().any(|number| self.devices[number as usize].settled == DeviceState::Confirmed)
    }

    /// Returns whether a device runs the image and has confirmed it.
    pub(super) fn is_tried(&mut self) -> bool {
        let tried = self.devices.iter().position(|device| device.settled == DeviceState::Confirmed);
        self.visited += tried.map_or(self.devices.len(), |first| first + 1) as u64;
        tried.is_some()
    }
}

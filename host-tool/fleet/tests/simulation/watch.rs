//! The rules that must hold, checked with books of their own.

use crate::device::{Device, Runs};
use crate::setup::MINUTE;
use lifeboot_fleet::blast_radius::blast_radius;
use lifeboot_fleet::definition::Definition;
use lifeboot_fleet::device::Act;
use lifeboot_fleet::rollout::{Device as Record, DeviceState, Event};
use lifeboot_fleet::window::Zone;
use std::collections::BTreeSet;

/// What was broken, in words that begin with the rule's name.
pub type Broken = String;

pub struct Watch {
    definition: Definition,
    waves: Vec<usize>,
    /// Devices with an act that is really under way, by wave.
    running: Vec<BTreeSet<usize>>,
    /// Devices that the image has hurt at its start since a person last took the risk, by wave.
    hurt: Vec<BTreeSet<usize>>,
    radius: Vec<u32>,
    is_paused: bool,
    is_aborted: bool,
    pub most_running: usize,
    pub most_hurt: usize,
    /// Waves in which exactly as many were hurt as the bound allows.
    pub bound_reached: bool,
}

impl Watch {
    pub fn new(definition: &Definition) -> Watch {
        let sizes = definition.waves.iter().enumerate();
        let waves = sizes.flat_map(|(number, wave)| vec![number; wave.devices.len()]).collect();
        let none = vec![BTreeSet::new(); definition.waves.len()];
        let radius = blast_radius(definition).iter().map(|radius| radius.at_start).collect();
        Watch {
            definition: definition.clone(),
            waves,
            running: none.clone(),
            hurt: none,
            radius,
            is_paused: false,
            is_aborted: false,
            most_running: 0,
            most_hurt: 0,
            bound_reached: false,
        }
    }

    /// A person has ordered something.
    pub fn ordered(&mut self, event: &Event) {
        match event {
            Event::Paused { .. } => self.is_paused = true,
            Event::Resumed { accept_failures } => {
                self.is_paused = false;
                if *accept_failures {
                    self.hurt.iter_mut().for_each(BTreeSet::clear);
                }
            }
            Event::Retried => self.hurt.iter_mut().for_each(BTreeSet::clear),
            Event::Aborted { .. } => (self.is_aborted, self.is_paused) = (true, false),
            _ => {}
        }
    }

    /// An act really begins at a device.
    pub fn begins(&mut self, device: usize, act: Act, now: u64) -> Result<(), Broken> {
        let wave = self.waves[device];
        self.running[wave].insert(device);
        let running = self.running[wave].len();
        self.most_running = self.most_running.max(running);
        if running > self.definition.waves[wave].parallel as usize {
            return Err(format!("parallel: {running} acts at once in wave {wave}"));
        }
        if self.is_paused {
            return Err(format!("stop: {act:?} begins at {device} after a pause"));
        }
        if self.is_aborted && !matches!(act, Act::Check | Act::Rollback) {
            return Err(format!("stop: {act:?} begins at {device} after an abort"));
        }
        match self.is_open(now) {
            true => Ok(()),
            false => Err(format!("window: {act:?} begins at {device} outside")),
        }
    }

    /// Nothing of an act is under way any more.
    pub fn is_over(&mut self, device: usize) {
        self.running[self.waves[device]].remove(&device);
    }

    /// A device has changed.
    pub fn changed(&mut self, number: usize, device: &Device) -> Result<(), Broken> {
        let wave = self.waves[number];
        if !device.is_hurt_at_start() || !self.hurt[wave].insert(number) {
            return Ok(());
        }
        let (hurt, bound) = (self.hurt[wave].len(), self.radius[wave] as usize);
        self.most_hurt = self.most_hurt.max(hurt);
        self.bound_reached |= hurt == bound;
        match hurt <= bound {
            true => Ok(()),
            false => Err(format!("blast radius: {hurt} devices are hurt in wave {wave}, the bound is {bound}")),
        }
    }

    fn is_open(&self, now: u64) -> bool {
        let Some(window) = &self.definition.rules.window else { return true };
        let Zone::Utc(offset) = window.zone else { return false };
        let minute = now as i64 / MINUTE as i64 + i64::from(offset);
        // Opened today, or yesterday.
        [0, 1].into_iter().any(|back| {
            let day = minute.div_euclid(1440) - back;
            let open_for = minute - day * 1440 - i64::from(window.opens);
            window.days[(day + 3).rem_euclid(7) as usize] && (0..i64::from(window.minutes)).contains(&open_for)
        })
    }

    /// What the log says of a device against what the device is, once it has ended. A line that never works hides a device.
    pub fn compare(&self, record: &Record, device: &Device) -> Result<(), Broken> {
        use DeviceState::{Absent, Cancelled, Confirmed, Refused, Restored, RolledBack, Silent, Staged, Waiting};
        let fits = match record.state() {
            // It may have fallen back after it was last asked.
            Confirmed => device.was_confirmed,
            RolledBack { .. } => device.runs == Runs::Rejected || device.runs == Runs::Old && device.was_confirmed,
            Refused { .. } => matches!(device.runs, Runs::Old),
            Silent { .. } => device.runs == Runs::Nothing || device.noise > 0 || device.there_from > 0,
            Absent { .. } => device.there_from > 0 || device.noise > 0,
            Cancelled => self.is_aborted && device.runs == Runs::Old,
            Restored => self.is_aborted && device.runs == Runs::Old,
            Waiting | Staged | DeviceState::Updating { .. } => false,
        };
        match fits {
            true => Ok(()),
            false => Err(format!("device lost: {} is {:?}, and really {device:?}", record.id(), record.state())),
        }
    }
}

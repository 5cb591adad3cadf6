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
    rolls_back: bool,
    /// Whether a wave that was over may have begun again.
    was_retried: bool,
    approved: BTreeSet<usize>,
    /// When the driver last learned that a device runs the image, by wave.
    confirmed_at: Vec<Option<u64>>,
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
            rolls_back: false,
            was_retried: false,
            approved: BTreeSet::new(),
            confirmed_at: vec![None; definition.waves.len()],
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
            Event::Retried => {
                self.hurt.iter_mut().for_each(BTreeSet::clear);
                self.was_retried = true;
            }
            Event::Approved { wave } => drop(self.approved.insert(*wave)),
            Event::Aborted { rollback } => {
                (self.is_aborted, self.rolls_back, self.is_paused) = (true, *rollback, false);
            }
            _ => {}
        }
    }

    /// An act really begins at a device; the driver's clock may be behind.
    pub fn begins(&mut self, device: usize, act: Act, now: u64, clock: u64) -> Result<(), Broken> {
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
        if !self.is_open(clock) {
            return Err(format!("window: {act:?} begins at {device} outside"));
        }
        if matches!(act, Act::Update | Act::Activate) { self.is_its_turn(wave, now) } else { Ok(()) }
    }

    /// Whether the image may be started in a wave.
    fn is_its_turn(&self, wave: usize, now: u64) -> Result<(), Broken> {
        if self.definition.waves[wave].approve && !self.approved.contains(&wave) {
            return Err(format!("approval: wave {wave} begins without"));
        }
        for before in 0..wave {
            if !self.running[before].is_empty() && !self.was_retried {
                return Err(format!("turn: wave {wave} begins before wave {before} is over"));
            }
            let soak = self.definition.waves[before].soak.as_millis() as u64;
            if self.confirmed_at[before].is_some_and(|at| now < at + soak) && !self.was_retried {
                return Err(format!("soak: wave {wave} begins before wave {before} was healthy long enough"));
            }
        }
        Ok(())
    }

    /// The driver takes a device for confirmed.
    pub fn confirmed(&mut self, number: usize, act: Act, device: &Device, now: u64) -> Result<(), Broken> {
        if matches!(act, Act::Update | Act::Activate) {
            self.confirmed_at[self.waves[number]] = Some(now);
        }
        match device.runs {
            Runs::New(_) => Ok(()),
            runs => Err(format!("confirm: device {number} is logged as confirmed, and runs {runs:?}")),
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
            Confirmed => device.was_confirmed && !self.rolls_back,
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

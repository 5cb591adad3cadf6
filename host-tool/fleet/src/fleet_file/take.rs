//! Which wave takes which device.

use super::device::FleetDevice;
use super::error::FleetError;
use super::wave::{Take, WaveRule};
use crate::definition::{RolloutId, Wave};
use crate::device::DeviceId;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Returns the waves with their devices.
pub fn take(rules: &[WaveRule], devices: &[FleetDevice], rollout: &RolloutId) -> Result<Vec<Wave>, FleetError> {
    let named = |rule: &WaveRule| if let Take::Devices(devices) = &rule.take { devices.clone() } else { Vec::new() };
    let named: BTreeSet<DeviceId> = rules.iter().flat_map(named).collect();
    let mut left: Vec<&FleetDevice> = devices.iter().filter(|device| !named.contains(&device.id)).collect();
    let mut waves = Vec::new();
    for rule in rules {
        let devices = of_wave(rule, &left, rollout);
        if devices.is_empty() {
            let help = "remove it, move it before those that take its devices, or let it take others";
            return Err(rule.error(format!("the wave {:?} has no devices left to take", rule.name), help));
        }
        if let Some(least) = rule.min_finished.filter(|least| *least as usize > devices.len()) {
            let what = format!("min-finished: the wave {:?} has {} devices, not {least}", rule.name, devices.len());
            return Err(rule.error(what, &format!("write min-finished = {}, or less", devices.len())));
        }
        let taken: BTreeSet<&DeviceId> = devices.iter().collect();
        left.retain(|device| !taken.contains(&device.id));
        waves.push(Wave {
            name: rule.name.clone(),
            parallel: rule.parallel,
            max_failures: rule.max_failures,
            min_finished: rule.min_finished(devices.len()),
            soak: rule.soak,
            approve: rule.approve,
            devices,
        });
    }
    match left.first() {
        None => Ok(waves),
        Some(device) => Err(FleetError::File {
            path: rules.first().map_or_else(PathBuf::new, |rule| rule.path.clone()),
            line: device.line,
            what: match left.len() {
                1 => format!("no wave takes the device {}", device.id),
                count => format!("no wave takes the device {}, and {} others", device.id, count - 1),
            },
            help: "add a last wave for them: [[wave]], rest = true".to_owned(),
        }),
    }
}

/// Returns the devices that a wave takes of those that are left.
fn of_wave(rule: &WaveRule, left: &[&FleetDevice], rollout: &RolloutId) -> Vec<DeviceId> {
    let ids = |devices: &mut dyn Iterator<Item = &&FleetDevice>| devices.map(|device| device.id.clone()).collect();
    match &rule.take {
        Take::Devices(devices) => devices.clone(),
        Take::Labels(labels) => {
            let fits = |device: &&&FleetDevice| labels.iter().all(|(key, text)| device.labels.get(key) == Some(text));
            ids(&mut left.iter().filter(fits))
        }
        Take::Percent(percent) => {
            let count = (left.len() * usize::from(*percent)).div_ceil(100);
            drawn(left, rollout).into_iter().take(count).collect()
        }
        Take::One => drawn(left, rollout).into_iter().take(1).collect(),
        Take::Rest => ids(&mut left.iter()),
    }
}

/// Returns the devices in an order that only their ids and the rollout's name decide.
fn drawn(left: &[&FleetDevice], rollout: &RolloutId) -> Vec<DeviceId> {
    let hash = |id: &DeviceId| {
        // No name of a rollout has a zero byte.
        Sha256::new().chain_update(rollout.as_str()).chain_update([0]).chain_update(&id.0).finalize()
    };
    let mut all: Vec<&DeviceId> = left.iter().map(|device| &device.id).collect();
    all.sort_by_cached_key(|id| (hash(id), *id));
    all.into_iter().cloned().collect()
}

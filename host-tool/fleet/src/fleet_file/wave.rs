//! The waves of a `fleet.toml`: their rules, and how each takes its devices.

use super::device::{FleetDevice, labels, named};
use super::error::{FleetError, Source, Wrong, wrong};
use super::nearest::suggestion;
use super::spans::{duration, limit, percent, within_100};
use super::values::{Table, Value};
use crate::definition::Limit;
use crate::device::DeviceId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

const TAKE: [&str; 4] = ["devices", "labels", "percent", "rest"];
const KEYS: [&str; 10] =
    ["name", "devices", "labels", "percent", "rest", "parallel", "max-failures", "min-finished", "soak", "approve"];
const PARALLEL: u32 = 4;
const MAX_FAILURES: Limit = Limit::Percent(5);
const MIN_FINISHED: u32 = 10;

/// How a wave takes its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    Devices(Vec<DeviceId>),
    Labels(BTreeMap<String, String>),
    Percent(u8),
    Rest,
    /// A single one, the canary of a fleet without waves.
    One,
}

/// A wave as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveRule {
    pub name: String,
    pub take: Take,
    pub parallel: u32,
    pub max_failures: Limit,
    /// `None` for the default.
    pub min_finished: Option<u32>,
    pub soak: Duration,
    pub approve: bool,
    /// Where it stands, for errors.
    pub path: PathBuf,
    pub line: usize,
}

impl WaveRule {
    fn new(number: usize, take: Take, source: Source, at: usize) -> WaveRule {
        let is_canary = number == 0;
        WaveRule {
            name: if is_canary { "canary".to_owned() } else { format!("wave {}", number + 1) },
            take,
            parallel: if is_canary { 1 } else { PARALLEL },
            max_failures: if is_canary { Limit::Count(0) } else { MAX_FAILURES },
            min_finished: None,
            soak: Duration::ZERO,
            approve: false,
            path: source.path.to_owned(),
            line: source.line(at),
        }
    }

    /// Returns from how many finished devices on failures are judged, in a wave of so many devices.
    pub fn min_finished(&self, devices: usize) -> u32 {
        let least = match self.max_failures {
            Limit::Count(_) => 1,
            Limit::Percent(_) => MIN_FINISHED,
        };
        self.min_finished.unwrap_or(least).min(u32::try_from(devices).unwrap_or(u32::MAX))
    }

    /// Returns an error at the wave.
    pub fn error(&self, what: String, help: &str) -> FleetError {
        FleetError::File { path: self.path.clone(), line: self.line, what, help: help.to_owned() }
    }
}

/// Returns the waves of a fleet that names none.
pub fn default_waves(source: Source, devices: usize) -> Vec<WaveRule> {
    let takes = [Take::One, Take::Rest].into_iter().take(devices);
    takes.enumerate().map(|(number, take)| WaveRule::new(number, take, source, 0)).collect()
}

/// Reads all waves.
pub fn waves(table: &Table, source: Source, devices: &[FleetDevice]) -> Result<Vec<WaveRule>, FleetError> {
    let tables = table.tables("wave", "[[wave]]")?;
    let known = Known::new(devices);
    let (mut names, mut taken) = (BTreeMap::new(), BTreeMap::new());
    let mut all = Vec::new();
    let count = tables.len();
    for (number, table) in tables.iter().enumerate() {
        let take = take(table, source, &known, &mut taken)?;
        if take == Take::Rest && number + 1 < count {
            let help = "let the last wave take the rest, and only that".to_owned();
            let what = "rest: waves after this one would be empty".to_owned();
            return Err(source.error(table.at, Wrong { what, help }));
        }
        let wave = wave(table, WaveRule::new(number, take, source, table.at))?;
        if let Some(line) = names.insert(wave.name.clone(), wave.line) {
            return Err(wave.error(format!("the wave in line {line} is called {:?} already", wave.name), "rename one"));
        }
        all.push(wave);
    }
    Ok(all)
}

/// Reads a wave's rules over their defaults.
fn wave(table: &Table, mut wave: WaveRule) -> Result<WaveRule, FleetError> {
    if let Some(name) = table.value("name") {
        wave.name = name.text("\"line 3\"")?.trim().to_owned();
    }
    if let Some(value) = table.value("parallel") {
        wave.parallel = at_least_1(value, "nothing would ever begin")?;
    }
    if let Some(value) = table.value("max-failures") {
        wave.max_failures = match value.number() {
            Some(number) => Limit::Count(number?),
            None => value.read("\"5%\"", limit)?,
        };
    }
    if let Some(value) = table.value("min-finished") {
        wave.min_finished = Some(at_least_1(value, "nothing has finished then")?);
    }
    if let Some(value) = table.value("soak") {
        wave.soak = match value.number() {
            Some(number) => {
                let help = format!("write soak = \"{}m\"", number?);
                return Err(value.error(Wrong { what: "a duration has a unit".to_owned(), help }));
            }
            None => value.read("\"10m\"", duration)?,
        };
    }
    if let Some(value) = table.value("approve") {
        wave.approve = value.flag()?;
    }
    Ok(wave)
}

fn at_least_1(value: Value, why: &str) -> Result<u32, FleetError> {
    match value.number() {
        Some(Ok(0)) => {
            Err(value.error(Wrong { what: format!("0 is too few: {why}"), help: format!("write {} = 1", value.key) }))
        }
        Some(number) => number,
        None => value.refuse("a number", "4"),
    }
}

/// What the file's devices are called.
struct Known<'a> {
    ids: BTreeSet<&'a DeviceId>,
    labels: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Known<'a> {
    fn new(devices: &'a [FleetDevice]) -> Self {
        let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (key, value) in devices.iter().flat_map(|device| &device.labels) {
            labels.entry(key).or_default().insert(value);
        }
        Known { ids: devices.iter().map(|device| &device.id).collect(), labels }
    }

    fn check(&self, key: &str, value: &str) -> Result<(), Wrong> {
        match self.labels.get(key) {
            None if self.labels.is_empty() => wrong(format!("no device has a label {key:?}"), "give devices labels"),
            None => {
                let help = suggestion(key, "the labels", self.labels.keys().copied());
                wrong(format!("no device has a label {key:?}"), help)
            }
            Some(values) if values.contains(value) => Ok(()),
            Some(values) => {
                let help = suggestion(value, &format!("the values of {key}"), values.iter().copied());
                wrong(format!("no device has the label {key} = {value:?}"), help)
            }
        }
    }
}

/// Reads how a wave takes its devices.
fn take(
    table: &Table,
    source: Source,
    known: &Known,
    taken: &mut BTreeMap<DeviceId, usize>,
) -> Result<Take, FleetError> {
    table.only("a wave", &KEYS)?;
    let ways: Vec<_> = TAKE.iter().filter_map(|key| table.value(key)).collect();
    let [value] = ways[..] else {
        let what = match ways.len() {
            0 => "the wave takes no devices".to_owned(),
            _ => format!("{} and {} in one wave", ways[0].key, ways[1].key),
        };
        let help = "write one of devices = [\"…\"], labels = { line = \"3\" }, percent = 10 and rest = true".to_owned();
        return Err(source.error(table.at, Wrong { what, help }));
    };
    match value.key {
        "devices" => devices(value, source, known, taken).map(Take::Devices),
        "labels" => {
            let labels = labels(value)?;
            if labels.is_empty() {
                return value.refuse("a label or more", "{ line = \"3\" }");
            }
            for (key, text) in &labels {
                known.check(key, text).map_err(|wrong| value.error(wrong))?;
            }
            Ok(Take::Labels(labels))
        }
        "percent" => match value.number() {
            Some(number) => within_100(number?).map_err(|wrong| value.error(wrong)),
            None => value.read("10", percent),
        }
        .and_then(|percent| match percent {
            0 => value.refuse("a number from 1 to 100", "10"),
            percent => Ok(Take::Percent(percent)),
        }),
        _ if value.flag()? => Ok(Take::Rest),
        _ => value.refuse("true, or nothing at all,", "true"),
    }
}

fn devices(
    value: Value,
    source: Source,
    known: &Known,
    taken: &mut BTreeMap<DeviceId, usize>,
) -> Result<Vec<DeviceId>, FleetError> {
    let example = "[\"00112233445566aa\"]";
    let mut all = Vec::new();
    for item in value.items(example)? {
        let id = item.read("\"00112233445566aa\"", named)?;
        if !known.ids.contains(&id) {
            let help = suggestion(&id.0, "the devices", known.ids.iter().map(|id| id.0.as_str()));
            return Err(item.error(Wrong { what: format!("the fleet has no device {id}"), help }));
        }
        let line = source.line(item.at);
        if let Some(line) = taken.insert(id.clone(), line) {
            let (what, help) = (format!("{id} is in line {line} already"), "let one wave take it".to_owned());
            return Err(item.error(Wrong { what, help }));
        }
        all.push(id);
    }
    if all.is_empty() { value.refuse("a device or more", "[\"00112233445566aa\"]") } else { Ok(all) }
}

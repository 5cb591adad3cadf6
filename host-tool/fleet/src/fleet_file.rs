//! `fleet.toml`: the devices of a fleet, and in which waves an image comes to them.
//!
//! ```
//! # use lifeboot_fleet::{definition::RolloutId, fleet_file::Fleet};
//! # let text = r#"
//! window = "Mon-Fri 22:00-05:00 +02:00"   # when devices may be touched; it belongs to the day on which it opens
//! silent-after = "10m"                    # how long a device that has got the image may stay out of reach
//! absent = "wait"                         # "skip": go on without it; "wait": ask again; "fail": a failure
//!
//! [[device]]
//! id = "00112233445566aa"                 # the device id, at whichever port
//! labels = { line = "3", hall = "B" }
//!
//! [[device]]
//! id = "00112233445566bb"
//! labels = { line = "3" }
//!
//! [[device]]
//! id = "00112233445566cc"
//! port = "tcp:press-7:4000"               # where to look for it first
//!
//! [[device]]
//! port = "/dev/ttyACM3"                   # it reports no id: it is what is at the port
//!
//! [[wave]]
//! name = "canary"
//! devices = ["00112233445566aa"]
//! soak = "1h"                             # must stay healthy so long; then each device is asked again
//!
//! [[wave]]
//! name = "line 3"
//! labels = { line = "3" }                 # with all of these labels
//! parallel = 4
//! max-failures = "5%"                     # or a number: as many may fail, one more stops the rollout
//! min-finished = 1                        # judged from so many finished devices on
//! approve = true                          # a person approves it before it begins
//!
//! [[wave]]
//! percent = 10                            # of those that no earlier wave took, rounded up
//!
//! [[wave]]
//! rest = true
//! # "#;
//! # let fleet = Fleet::parse("fleet.toml".as_ref(), text).unwrap();
//! # let waves = fleet.waves(&RolloutId::new("1.2.3").unwrap()).unwrap();
//! # assert_eq!(waves.iter().map(|wave| wave.devices.len()).collect::<Vec<_>>(), [1, 1, 1, 1]);
//! # assert_eq!((waves[0].parallel, waves[3].parallel), (1, 4));
//! ```
//!
//! A wave takes devices in one of four ways: `devices`, `labels`, `percent` or, the last one, `rest`. A device that a wave names
//! in `devices` is in that wave; any other is in the first wave that takes it, and must be in one. What is not written has these
//! values:
//!
//! | key | the first wave, the canary | each other wave |
//! | --- | --- | --- |
//! | `name` | `"canary"` | `"wave 2"`, and so on |
//! | `parallel` | 1 | 4 |
//! | `max-failures` | 0 | `"5%"` |
//! | `min-finished` | 1 | 10 if `max-failures` are percent, else 1; never more than the wave has devices |
//! | `soak` | `"0s"`: none, and nobody is asked again | the same |
//! | `approve` | `false` | the same |
//!
//! | key | value |
//! | --- | --- |
//! | `silent-after` | `"5m"` |
//! | `absent` | `"skip"` |
//! | `window` | always open |
//! | `[[wave]]` | a canary of one device, and the rest |

mod device;
mod error;
mod hours;
mod nearest;
mod spans;
mod take;
mod values;
mod wave;

pub use device::FleetDevice;
pub use error::FleetError;

use crate::definition::{AbsentRule, Definition, DefinitionError, Flow, ImageName, RolloutId, Rules, Wave};
use device::devices;
use error::{Source, Wrong, starts, wrong};
pub use nearest::suggestion;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use toml::de::DeTable;
use values::Table;
use wave::{WaveRule, default_waves, waves};

/// `gateway` is another reader's table.
const KEYS: [&str; 6] = ["device", "wave", "silent-after", "absent", "window", "gateway"];
const SILENT_AFTER: Duration = Duration::from_secs(300);
const ABSENT: [(&str, AbsentRule); 3] =
    [("skip", AbsentRule::Skip), ("wait", AbsentRule::Wait), ("fail", AbsentRule::Fail)];

/// A fleet: its devices, and the rules of its rollouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    devices: Vec<FleetDevice>,
    rules: Rules,
    waves: Vec<WaveRule>,
}

impl Fleet {
    /// Reads a `fleet.toml`; `path` is for errors.
    ///
    /// # Errors
    /// [`FleetError::File`], at the first value that is wrong.
    pub fn parse(path: &Path, text: &str) -> Result<Fleet, FleetError> {
        let starts = starts(text);
        let source = Source { path, starts: &starts };
        let file = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let help = "write a value as KEY = VALUE, a text in quotes, and a device as [[device]]".to_owned();
            source.error(at, Wrong { what: error.message().replace('\n', ", "), help })
        })?;
        let table = Table::new(file.get_ref(), 0, source);
        table.only("a fleet", &KEYS)?;
        let rules = rules(&table)?;
        let devices = devices(&table, source)?;
        let mut waves = waves(&table, source, &devices)?;
        if waves.is_empty() {
            waves = default_waves(source, devices.len());
        }
        Ok(Fleet { devices, rules, waves })
    }

    /// Returns the fleet of some devices, with the default of each rule: a canary of one device, and the rest.
    pub fn of_devices(devices: Vec<FleetDevice>) -> Fleet {
        let waves = default_waves(Source { path: Path::new(""), starts: &[0] }, devices.len());
        Fleet { devices, rules: Rules { silent_after: SILENT_AFTER, absent: AbsentRule::Skip, window: None }, waves }
    }

    /// Returns the devices, in the order of the file.
    pub fn devices(&self) -> &[FleetDevice] {
        &self.devices
    }

    /// Returns what holds for all waves.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the waves of a rollout, each with its devices.
    ///
    /// A wave of so many percent takes those with the lowest SHA-256 of the rollout's name and the device's. So a plan, a
    /// start and a repeated start take the same devices, whatever the order of the file; and another rollout takes others, so
    /// that it is not always the same devices that are risked first.
    ///
    /// # Errors
    /// [`FleetError::File`] if a wave takes no device, or if no wave takes some device.
    pub fn waves(&self, rollout: &RolloutId) -> Result<Vec<Wave>, FleetError> {
        take::take(&self.waves, &self.devices, rollout)
    }

    /// Returns what a rollout of these images is to do.
    ///
    /// # Errors
    /// [`FleetError`]: as [`waves`](Self::waves), or if the fleet is empty or has a device twice.
    pub fn definition(&self, rollout: RolloutId, images: Vec<ImageName>, flow: Flow) -> Result<Definition, FleetError> {
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.devices.iter().find(|device| !seen.insert(&device.id)) {
            return Err(DefinitionError::TwoTimes(twice.id.clone()).into());
        }
        let waves = self.waves(&rollout)?;
        let definition = Definition { rollout, images, flow, waves, rules: self.rules.clone() };
        definition.check()?;
        Ok(definition)
    }
}

fn rules(table: &Table) -> Result<Rules, FleetError> {
    let silent_after = match table.value("silent-after") {
        Some(value) => value.read("\"10m\"", spans::duration)?,
        None => SILENT_AFTER,
    };
    let absent = match table.value("absent") {
        Some(value) => value.read("\"skip\"", |text| match ABSENT.iter().find(|(name, _)| *name == text) {
            Some((_, rule)) => Ok(*rule),
            None => {
                let help = suggestion(text, "the values", ABSENT.map(|(name, _)| name));
                wrong(format!("{text:?} is no way to treat a device that is not there"), help)
            }
        })?,
        None => AbsentRule::Skip,
    };
    let window = table.value("window");
    let window = window.map(|value| value.read("\"22:00-05:00 +02:00\"", hours::window)).transpose()?;
    Ok(Rules { silent_after, absent, window })
}

//! What a rollout is to do: which image, which devices in which waves, by which rules.

use crate::device::DeviceId;
use crate::time::millis;
use crate::window::{MINUTES_A_DAY, Window};
use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::time::Duration;
use thiserror::Error;

/// Names a rollout: 1 to 64 letters, digits, `.`, `-` and `_`, and no dot at the start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RolloutId(String);

/// The longest name of a rollout.
const LONGEST_ID: usize = 64;

impl RolloutId {
    /// Returns the rollout of a name.
    ///
    /// # Errors
    /// [`DefinitionError::Id`] if no rollout can have it: it is the name of a folder, too.
    pub fn new(name: impl Into<String>) -> Result<RolloutId, DefinitionError> {
        let name = name.into();
        let is_legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        match (1..=LONGEST_ID).contains(&name.len()) && name.chars().all(is_legal) && !name.starts_with('.') {
            true => Ok(RolloutId(name)),
            false => Err(DefinitionError::Id(name)),
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for RolloutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RolloutId {
    type Error = DefinitionError;

    fn try_from(name: String) -> Result<Self, DefinitionError> {
        RolloutId::new(name)
    }
}

impl From<RolloutId> for String {
    fn from(id: RolloutId) -> String {
        id.0
    }
}

/// Which image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageName {
    /// Its firmware's version.
    pub version: String,
    /// Its digest, in hexadecimal digits.
    pub digest: String,
    /// The name of its board.
    pub board: String,
    /// The digest of the flash map that it is for.
    pub map: u32,
}

/// How the image comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Each device gets it and starts it, wave by wave.
    Update,
    /// All devices get it, verified and not pending; then it is started, wave by wave.
    StageFirst,
}

/// How many failures a wave may have. One more stops the rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// So many.
    Count(u32),
    /// So many in a hundred of the devices that have finished, rounded down.
    Percent(u8),
}

impl Limit {
    /// Returns how many of `finished` devices may have failed.
    pub fn allowed(self, finished: u32) -> u32 {
        match self {
            Limit::Count(count) => count,
            Limit::Percent(percent) => {
                u32::try_from(u64::from(finished) * u64::from(percent) / 100).unwrap_or(u32::MAX)
            }
        }
    }
}

/// Some of the devices, and how many of them may be risked at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Wave {
    /// Its name, for people.
    pub name: String,
    /// Its devices, in the order in which they are begun.
    pub devices: Vec<DeviceId>,
    /// At most so many are in flight at once.
    pub parallel: u32,
    /// How many may fail.
    pub max_failures: Limit,
    /// The failures are judged once so many devices have finished, and at the end of the wave.
    pub min_finished: u32,
    /// How long it must stay healthy before the next wave; then its devices are asked again. Zero: they are not.
    #[serde(with = "millis")]
    pub soak: Duration,
    /// Whether a person must approve it before the image is started on the first of its devices.
    pub approve: bool,
}

/// What to do about a device that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsentRule {
    /// Go on without it. It does not count as a failure.
    Skip,
    /// Ask for it again and again; its wave does not end without it.
    Wait,
    /// It counts as a failure.
    Fail,
}

/// What holds for all waves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Rules {
    /// How long a device that may have started the image can stay out of reach before it counts as silent.
    #[serde(with = "millis")]
    pub silent_after: Duration,
    /// What to do about a device that is not there.
    pub absent: AbsentRule,
    /// When devices may be touched; `None` for always.
    pub window: Option<Window>,
}

/// What a rollout is to do. It never changes once the rollout has started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Definition {
    /// The rollout.
    pub rollout: RolloutId,
    /// The images, of which each device gets the one for its board and flash map.
    pub images: Vec<ImageName>,
    /// How it comes to run.
    pub flow: Flow,
    /// The waves, in their order.
    pub waves: Vec<Wave>,
    /// What holds for all of them.
    pub rules: Rules,
}

/// Why a rollout cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum DefinitionError {
    /// It cannot have this name.
    #[error("{0:?} cannot be the name of a rollout")]
    #[diagnostic(help("use 1 to 64 letters, digits, '.', '-' and '_', and no dot at the start"))]
    Id(String),
    /// There are no devices.
    #[error("the rollout has no devices")]
    #[diagnostic(help("name devices in fleet.toml, or ports with --port"))]
    NoDevices,
    /// A wave has no devices.
    #[error("the wave {0:?} has no devices")]
    #[diagnostic(help("remove it, or let it take some"))]
    EmptyWave(String),
    /// There are no images.
    #[error("the rollout has no image")]
    #[diagnostic(help("name one: lifeboot rollout start IMAGE"))]
    NoImage,
    /// Two images are for the same devices.
    #[error("two images are for {board} with the same flash map: {first} and {second}")]
    #[diagnostic(help("name one image for each kind of device"))]
    TwoImages {
        /// The board.
        board: String,
        /// The version of one of them.
        first: String,
        /// The version of the other one.
        second: String,
    },
    /// A device is there twice.
    #[error("the device {0} is in two waves, or twice in one")]
    #[diagnostic(help("name each device once"))]
    TwoTimes(DeviceId),
    /// A rule contradicts itself.
    #[error("{place}: {what}")]
    #[diagnostic(help("{help}"))]
    Rule {
        /// The wave, or what else has the rule.
        place: String,
        /// What is wrong.
        what: &'static str,
        /// What to do.
        help: &'static str,
    },
}

impl Definition {
    /// Returns the number of devices.
    pub fn devices(&self) -> usize {
        self.waves.iter().map(|wave| wave.devices.len()).sum()
    }

    /// Checks what must hold for a rollout to end.
    ///
    /// # Errors
    /// [`DefinitionError`], the first one.
    pub fn check(&self) -> Result<(), DefinitionError> {
        if self.waves.is_empty() {
            return Err(DefinitionError::NoDevices);
        }
        if self.images.is_empty() {
            return Err(DefinitionError::NoImage);
        }
        for (number, image) in self.images.iter().enumerate() {
            let is_same = |other: &&ImageName| (&other.board, other.map) == (&image.board, image.map);
            if let Some(other) = self.images[..number].iter().find(is_same) {
                let (first, second) = (other.version.clone(), image.version.clone());
                return Err(DefinitionError::TwoImages { board: image.board.clone(), first, second });
            }
        }
        if u32::try_from(self.devices()).is_err() {
            return Err(rule("the rollout", "it has too many devices", "split the fleet"));
        }
        let mut seen = BTreeSet::new();
        for wave in &self.waves {
            if wave.devices.is_empty() {
                return Err(DefinitionError::EmptyWave(wave.name.clone()));
            }
            if let Some(twice) = wave.devices.iter().find(|device| !seen.insert(*device)) {
                return Err(DefinitionError::TwoTimes(twice.clone()));
            }
            let place = format!("the wave {:?}", wave.name);
            if wave.parallel == 0 {
                return Err(rule(&place, "parallel is 0, and nothing would ever begin", "let it be 1 or more"));
            }
            if matches!(wave.max_failures, Limit::Percent(101..)) {
                return Err(rule(&place, "max-failures is above 100 percent", "let it be 100 percent or less"));
            }
        }
        match &self.rules.window {
            Some(window) if !window.days.contains(&true) => {
                Err(rule("the window", "it opens on no day", "name a day, or leave the window out"))
            }
            Some(window) if window.opens >= MINUTES_A_DAY || !(1..=MINUTES_A_DAY).contains(&window.minutes) => {
                Err(rule("the window", "its hours are none of a day", "write it as \"22:00-05:00 +00:00\""))
            }
            _ => Ok(()),
        }
    }
}

fn rule(place: &str, what: &'static str, help: &'static str) -> DefinitionError {
    DefinitionError::Rule { place: place.to_owned(), what, help }
}

//! `lifeboot rollout`: how a rollout stands, what happens in it, and what it would do.

mod event;
mod plan;
mod rollouts;

pub use event::RolloutEvent;
pub use plan::{PlannedDevice, PlannedWave, RolloutPlan, Verdict as PlanVerdict};
pub use rollouts::{ListedRollout, Rollouts, UnreadableRollout};

use crate::table::table;
use lifeboot_fleet::definition::ImageName;
use lifeboot_fleet::device::Act;
use lifeboot_fleet::rollout::{self, Counts, DeviceState, DeviceSummary, Step, Summary, WaitsFor};
use lifeboot_fleet::time::Time;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};
use std::time::Duration;

/// How a rollout stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Rollout {
    /// Its name.
    pub rollout: String,
    /// The image's version; of several images, that of the first.
    pub version: String,
    /// The images.
    pub images: Vec<RolloutImage>,
    /// Where it is.
    pub phase: RolloutPhase,
    /// Whether a process drives it now.
    pub driven: bool,
    /// When it was started, in milliseconds since 1970 (UTC).
    pub started: u64,
    /// When anything happened last, likewise.
    pub last: u64,
    /// What it waits for, in words.
    pub waits_for: Vec<String>,
    /// Devices in each state.
    pub counts: RolloutCounts,
    /// Its waves, in their order.
    pub waves: Vec<RolloutWave>,
    /// Its devices, wave by wave.
    pub devices: Vec<RolloutDevice>,
}

/// An image of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RolloutImage {
    /// Its version.
    pub version: String,
    /// Its digest, 64 hexadecimal digits.
    pub digest: String,
    /// The board that it is for.
    pub board: String,
}

/// Where a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RolloutPhase {
    /// Something is done, or waited for.
    Running,
    /// A person has paused it.
    Paused,
    /// Too many devices failed: it has stopped by itself.
    Stopped,
    /// It has stopped by itself: another wave would begin, and no device has confirmed the image.
    Untried,
    /// It was aborted, and devices end or are rolled back.
    Aborting,
    /// It was aborted, and nothing is left to do.
    Aborted,
    /// It has ended: each device runs the image.
    Done,
    /// It has ended, and some devices do not run the image.
    DoneWithFailures,
}

/// How many devices are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[expect(missing_docs, reason = "the names are those of the states")]
pub struct RolloutCounts {
    pub waiting: u32,
    pub updating: u32,
    pub staged: u32,
    pub confirmed: u32,
    pub rolled_back: u32,
    pub refused: u32,
    pub silent: u32,
    pub absent: u32,
    pub cancelled: u32,
    pub restored: u32,
}

/// A wave of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RolloutWave {
    /// Its name.
    pub name: String,
    /// How far it is: `staging`, `running`, `soaking` or `passed`.
    pub step: String,
    /// Whether a person must approve it first.
    pub needs_approval: bool,
    /// Devices in each state.
    pub counts: RolloutCounts,
    /// How many devices have failed.
    pub failed: u32,
    /// How many may have failed at most, of those that have finished.
    pub allowed: u32,
    /// How many devices an image that fails when it is started can hurt at most before the rollout stops.
    pub blast_radius: u32,
}

/// A device of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RolloutDevice {
    /// Its device id.
    pub device: String,
    /// The name of its wave.
    pub wave: String,
    /// Its state: `waiting`, `updating`, `staged`, `confirmed`, `rolled_back`, `refused`, `silent`, `absent`, `cancelled` or
    /// `restored`.
    pub state: String,
    /// What is being done to it.
    pub act: Option<String>,
    /// Why it is in this state, where there is a reason.
    pub reason: Option<String>,
    /// The cause of the reset that ended the image's trial, where the device reported one.
    pub cause: Option<String>,
    /// The address at which the image crashed.
    pub pc: Option<u32>,
    /// Since when, in milliseconds since 1970 (UTC).
    pub since: u64,
}

impl Rollout {
    /// Makes the report.
    pub fn new(summary: &Summary, now: Time, driven: bool) -> Rollout {
        let names: Vec<_> = summary.waves.iter().map(|wave| wave.name.as_str()).collect();
        Rollout {
            rollout: summary.rollout.to_string(),
            version: summary.images.first().map(|image| image.version.clone()).unwrap_or_default(),
            images: summary.images.iter().map(RolloutImage::from).collect(),
            phase: summary.phase.into(),
            driven,
            started: summary.started.0,
            last: summary.last.0,
            waits_for: summary.waits_for.iter().map(|waits| describe(waits, &names, now)).collect(),
            counts: summary.counts.into(),
            waves: summary.waves.iter().map(RolloutWave::from).collect(),
            devices: summary.devices.iter().map(|device| RolloutDevice::new(device, &names)).collect(),
        }
    }

    /// Returns whether the rollout did what it was to do, as far as it got.
    pub fn is_good(&self) -> bool {
        self.phase == RolloutPhase::Done
    }

    /// Returns whether the rollout was aborted, and nothing is left to do.
    pub fn is_aborted(&self) -> bool {
        self.phase == RolloutPhase::Aborted
    }
}

impl From<&ImageName> for RolloutImage {
    fn from(ImageName { version, digest, board, .. }: &ImageName) -> Self {
        RolloutImage { version: version.clone(), digest: digest.clone(), board: board.clone() }
    }
}

impl From<rollout::Phase> for RolloutPhase {
    fn from(phase: rollout::Phase) -> Self {
        match phase {
            rollout::Phase::Running => RolloutPhase::Running,
            rollout::Phase::Paused => RolloutPhase::Paused,
            rollout::Phase::Stopped => RolloutPhase::Stopped,
            rollout::Phase::Untried => RolloutPhase::Untried,
            rollout::Phase::Aborting => RolloutPhase::Aborting,
            rollout::Phase::Aborted => RolloutPhase::Aborted,
            rollout::Phase::Done => RolloutPhase::Done,
            rollout::Phase::DoneWithFailures => RolloutPhase::DoneWithFailures,
        }
    }
}

impl From<Counts> for RolloutCounts {
    fn from(counts: Counts) -> Self {
        let Counts { waiting, updating, staged, confirmed, rolled_back, refused, silent, absent, cancelled, restored } =
            counts;
        RolloutCounts {
            waiting,
            updating,
            staged,
            confirmed,
            rolled_back,
            refused,
            silent,
            absent,
            cancelled,
            restored,
        }
    }
}

impl From<&rollout::WaveSummary> for RolloutWave {
    fn from(wave: &rollout::WaveSummary) -> Self {
        RolloutWave {
            name: wave.name.clone(),
            step: step_name(wave.step).to_owned(),
            needs_approval: wave.needs_approval,
            counts: wave.counts.into(),
            failed: wave.failed,
            allowed: wave.allowed,
            blast_radius: wave.blast_radius.at_start,
        }
    }
}

impl RolloutDevice {
    fn new(summary: &DeviceSummary, waves: &[&str]) -> RolloutDevice {
        let (reason, cause, pc) = match &summary.state {
            DeviceState::RolledBack { reason, cause, pc } => (Some(reason), cause.clone(), *pc),
            DeviceState::Refused { reason } | DeviceState::Absent { reason } => (Some(reason), None, None),
            DeviceState::Silent { last } => (Some(last), None, None),
            DeviceState::Waiting
            | DeviceState::Updating { .. }
            | DeviceState::Staged
            | DeviceState::Confirmed
            | DeviceState::Cancelled
            | DeviceState::Restored => (summary.failed_rollback.as_ref(), None, None),
        };
        RolloutDevice {
            device: summary.device.to_string(),
            wave: waves.get(summary.wave).copied().unwrap_or_default().to_owned(),
            state: summary.state.name().replace('-', "_"),
            act: summary.in_flight.map(|act| act_name(act).to_owned()),
            reason: reason.cloned(),
            cause,
            pc,
            since: summary.since.0,
        }
    }
}

/// Returns an act's name.
fn act_name(act: Act) -> &'static str {
    match act {
        Act::Update => "update",
        Act::Stage => "stage",
        Act::Activate => "activate",
        Act::Check => "check",
        Act::Rollback => "rollback",
    }
}

/// Returns the name of how far a wave is.
fn step_name(step: Step) -> &'static str {
    match step {
        Step::Staging => "staging",
        Step::Running => "running",
        Step::Soaking { .. } => "soaking",
        Step::Passed => "passed",
    }
}

/// Describes what a rollout waits for.
fn describe(waits: &WaitsFor, waves: &[&str], now: Time) -> String {
    let name = |wave: &usize| waves.get(*wave).copied().unwrap_or_default();
    let left = |at: &Time| duration(at.since(now));
    match waits {
        WaitsFor::Acts { count } => format!("{count} devices at work"),
        WaitsFor::Retry { count, at } => format!("{count} devices that are tried again, the first in {}", left(at)),
        WaitsFor::Devices { wave, count, at } => {
            format!("{count} absent devices of wave {}, asked again in {}", name(wave), left(at))
        }
        WaitsFor::Soak { wave, until } => format!("the soak of wave {}, for another {}", name(wave), left(until)),
        WaitsFor::Approval { wave } => format!("approval of wave {}: lifeboot rollout approve", name(wave)),
        WaitsFor::Resume => "a person: lifeboot rollout resume".to_owned(),
        WaitsFor::Failures => {
            "a person, since too many devices failed: lifeboot rollout retry --failed, or abort".to_owned()
        }
        WaitsFor::Untried { wave } => format!(
            "a person, since no device has confirmed the image before wave {}: lifeboot rollout retry --failed once they are there, \
             resume --accept-failures to go on without, or abort",
            name(wave)
        ),
        WaitsFor::Window { opens } => format!("its time window, which opens in {}", left(opens)),
        WaitsFor::LocalOffset => "the local time".to_owned(),
    }
}

/// Describes a duration, to the second below an hour and to the minute above.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_millis().div_ceil(1000);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

impl Display for RolloutPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RolloutPhase::Running => "running",
            RolloutPhase::Paused => "paused",
            RolloutPhase::Stopped => "stopped: too many devices failed",
            RolloutPhase::Untried => "stopped: no device has confirmed the image",
            RolloutPhase::Aborting => "being aborted",
            RolloutPhase::Aborted => "aborted",
            RolloutPhase::Done => "done: each device runs the image",
            RolloutPhase::DoneWithFailures => "over, and not each device runs the image",
        })
    }
}

impl RolloutCounts {
    /// Returns each state's name, and how many devices are in it.
    pub fn by_name(&self) -> [(&'static str, u32); 10] {
        [
            ("confirmed", self.confirmed),
            ("updating", self.updating),
            ("staged", self.staged),
            ("waiting", self.waiting),
            ("rolled_back", self.rolled_back),
            ("refused", self.refused),
            ("silent", self.silent),
            ("absent", self.absent),
            ("cancelled", self.cancelled),
            ("restored", self.restored),
        ]
    }
}

impl Display for RolloutCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let present = self.by_name().into_iter().filter(|(_, count)| *count > 0);
        let words: Vec<_> = present.map(|(state, count)| format!("{count} {}", state.replace('_', " "))).collect();
        f.write_str(&words.join(", "))
    }
}

impl Display for Rollout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rollout { rollout, images, phase, .. } = self;
        let images: Vec<_> = images.iter().map(|image| format!("{} for {}", image.version, image.board)).collect();
        writeln!(f, "rollout {rollout}: {}, {phase}", images.join(", "))?;
        for waits in &self.waits_for {
            writeln!(f, "waits for {waits}")?;
        }
        if *phase == RolloutPhase::Running && self.waits_for.is_empty() && !self.driven {
            writeln!(f, "nothing drives it now; to go on: lifeboot rollout resume {rollout}")?;
        }
        let waves = self.waves.iter().map(|wave| {
            let step = if wave.needs_approval { format!("{}, needs approval", wave.step) } else { wave.step.clone() };
            let failed = format!("{} of at most {}", wave.failed, wave.allowed);
            [wave.name.clone(), step, wave.counts.to_string(), failed, wave.blast_radius.to_string()]
        });
        writeln!(f, "{}", table(["wave", "step", "devices", "failed", "can hurt"], waves))?;
        let devices = self.devices.iter().map(|device| {
            let state = match &device.act {
                Some(act) if device.state == "updating" => format!("updating ({act})"),
                _ => device.state.replace('_', " "),
            };
            [device.device.clone(), device.wave.clone(), state, device.reason.clone().unwrap_or_default()]
        });
        f.write_str(&table(["device", "wave", "state", "reason"], devices))
    }
}

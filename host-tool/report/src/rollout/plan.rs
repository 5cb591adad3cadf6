//! `lifeboot rollout plan`: what a rollout would do, before anything is touched.

use super::duration;
use crate::table::table;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};
use std::time::Duration;

/// What a rollout would do.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RolloutPlan {
    /// The image's version.
    pub version: String,
    /// The images' digests, 64 hexadecimal digits each.
    pub digests: Vec<String>,
    /// The waves, in their order.
    pub waves: Vec<PlannedWave>,
    /// The devices, wave by wave.
    pub devices: Vec<PlannedDevice>,
    /// How long sending takes in all if nothing fails, in seconds; without trials, soaks and approvals.
    pub seconds: u64,
}

/// A wave.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PlannedWave {
    /// Its name.
    pub name: String,
    /// How many devices it has.
    pub devices: usize,
    /// How many are updated at once.
    pub parallel: u32,
    /// How long it is watched before the next one, in seconds.
    pub soak: u64,
    /// Whether a person must approve it.
    pub approve: bool,
    /// How many devices an image that fails when it is started can hurt at most before the rollout stops.
    pub blast_radius: u32,
    /// How long sending takes, in seconds.
    pub seconds: u64,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PlannedDevice {
    /// Its device id.
    pub device: String,
    /// The name of its wave.
    pub wave: String,
    /// Its port; `null` if it was not found.
    pub port: Option<String>,
    /// What it runs.
    pub runs: Option<String>,
    /// What would be done.
    pub verdict: Verdict,
    /// Why it would be refused, or where it was looked for.
    pub reason: Option<String>,
    /// Bytes to send, at most: what its slot holds already need not be sent.
    pub bytes: u64,
}

/// What would be done with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The image is sent.
    Send,
    /// A patch is sent.
    Patch,
    /// It is staged there, and only started.
    Start,
    /// It runs the image already: nothing.
    Skip,
    /// It would refuse the image.
    Refuse,
    /// It was not found.
    Absent,
}

impl RolloutPlan {
    /// Returns whether each device was found, and would take the image.
    pub fn is_good(&self) -> bool {
        !self.devices.iter().any(|device| matches!(device.verdict, Verdict::Refuse | Verdict::Absent))
    }
}

impl Display for RolloutPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |seconds: u64| duration(Duration::from_secs(seconds));
        let waves = self.waves.iter().map(|wave| {
            let soak = if wave.soak == 0 { String::new() } else { time(wave.soak) };
            let approve = if wave.approve { "yes" } else { "" };
            [
                wave.name.clone(),
                wave.devices.to_string(),
                wave.parallel.to_string(),
                soak,
                approve.to_owned(),
                wave.blast_radius.to_string(),
                time(wave.seconds),
            ]
        });
        let head = ["wave", "devices", "parallel", "soak", "approve", "can hurt", "sending"];
        writeln!(f, "{} would go to {} devices; nothing was touched", self.version, self.devices.len())?;
        writeln!(f, "{}", table(head, waves))?;
        let devices = self.devices.iter().map(|device| {
            let what = match device.verdict {
                Verdict::Send => format!("send {} bytes", device.bytes),
                Verdict::Patch => format!("send a patch of {} bytes", device.bytes),
                Verdict::Start => "start what is staged".to_owned(),
                Verdict::Skip => "nothing: runs it already".to_owned(),
                Verdict::Refuse => "would be refused".to_owned(),
                Verdict::Absent => "not found".to_owned(),
            };
            let reason = device.reason.clone().unwrap_or_default();
            let (port, runs) = (device.port.clone().unwrap_or_default(), device.runs.clone().unwrap_or_default());
            [device.device.clone(), device.wave.clone(), port, runs, what, reason]
        });
        f.write_str(&table(["device", "wave", "port", "runs", "what", "reason"], devices))
    }
}

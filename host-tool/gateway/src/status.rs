//! What the gateway shows of itself, as the status page reads it.

use serde::Serialize;

/// Everything at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The version of this program.
    pub version: &'static str,
    /// The fleet server: scheme, host and port.
    pub server: String,
    /// What went wrong with the server last, unless it was reached since.
    pub server_error: Option<String>,
    /// The devices, in the order of their ids.
    pub devices: Vec<DeviceStatus>,
    /// The rollouts that the caller has shown.
    pub rollouts: Vec<RolloutStatus>,
}

/// A device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeviceStatus {
    /// Its id.
    pub id: String,
    /// The port that it was seen at last.
    pub port: String,
    /// Its board.
    pub board: String,
    /// The version that runs; `None` in recovery mode, or if it was not seen yet.
    pub version: Option<String>,
    /// Whether that is confirmed.
    pub is_confirmed: bool,
    /// Whether it is within reach.
    pub is_up: bool,
    /// Its state in a few words, as reported by itself.
    pub text: String,
    /// What is being done with it.
    pub run: Option<RunStatus>,
    /// How its last update ended.
    pub last: Option<LastStatus>,
    /// What went wrong last, unless that is over.
    pub problem: Option<String>,
}

/// A run of a device through an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunStatus {
    /// The action's id at the server.
    pub action: String,
    /// The artifact's name.
    pub artifact: String,
    /// The version, as reported by the server.
    pub version: Option<String>,
    /// How far it is: `offered`, `begun`, `cancelled` or `ended`.
    pub phase: &'static str,
    /// Bytes of the image that are at the device, and bytes in all.
    pub transferred: Option<(u64, u64)>,
}

/// How an update ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LastStatus {
    /// The artifact's name.
    pub artifact: String,
    /// Whether the device has confirmed the image.
    pub success: bool,
    /// The reason in a word; `none` for a success.
    pub cause: String,
    /// What happened, for people.
    pub details: Vec<String>,
    /// Whether the server knows.
    pub is_reported: bool,
}

/// A rollout, as the caller shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RolloutStatus {
    /// Its name.
    pub name: String,
    /// Its state in a few words.
    pub text: String,
    /// Its waves, in order.
    pub waves: Vec<WaveStatus>,
}

/// A wave of a rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WaveStatus {
    /// Its name.
    pub name: String,
    /// How many devices are in which state.
    pub states: Vec<(String, u64)>,
}

//! `lifeboot devices`

use crate::table::table;
use lifeboot_artifact::hex;
use lifeboot_fleet::device::Look;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// The devices that answer.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FoundDevices {
    /// The devices, by the names of their ports.
    pub devices: Vec<FoundDevice>,
}

/// A device that answers.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FoundDevice {
    /// Its device id; `null` if it reports none.
    pub device: Option<String>,
    /// The port that it is at.
    pub port: String,
    /// The name of its board.
    pub board: String,
    /// The version that runs; `null` in recovery mode.
    pub version: Option<String>,
    /// The first half of the digest of the image that runs.
    pub digest: Option<String>,
    /// Whether that is confirmed.
    pub confirmed: bool,
    /// What runs, in words.
    pub runs: String,
}

impl From<Look> for FoundDevice {
    fn from(look: Look) -> FoundDevice {
        let Look { device, port, board, version, digest, is_confirmed, text, .. } = look;
        FoundDevice {
            device: device.port().is_none().then(|| device.to_string()),
            port,
            board,
            version,
            digest: digest.map(|digest| hex(&digest)),
            confirmed: is_confirmed,
            runs: text,
        }
    }
}

impl Display for FoundDevices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.devices.is_empty() {
            return f.write_str("no device answers; lifeboot ports lists the serial ports of this machine");
        }
        let rows = self.devices.iter().map(|device| {
            let id = device.device.clone().unwrap_or_else(|| "none".to_owned());
            [id, device.port.clone(), device.board.clone(), device.runs.clone()]
        });
        f.write_str(&table(["device id", "port", "board", "runs"], rows))
    }
}

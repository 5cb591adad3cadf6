//! The devices of a fleet: what they are called, what can be asked of them, and how that ends.

use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display};

/// Names a device within its fleet: the hexadecimal digits of its device id, whichever port it is at; or, of a device that
/// reports none, `port:` and the name of its port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(pub String);

impl DeviceId {
    /// Returns the name of a device that is known by its port.
    pub fn at_port(port: &str) -> DeviceId {
        DeviceId(format!("{PORT}{port}"))
    }

    /// Returns the port, if the device is known by that.
    pub fn port(&self) -> Option<&str> {
        self.0.strip_prefix(PORT)
    }
}

/// What the name of a device that reports no id begins with.
const PORT: &str = "port:";

impl Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is done to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Bring the image to the device, restart it, and wait for its confirm.
    Update,
    /// Bring the image to the device, verified but not pending.
    Stage,
    /// Start the staged image, and wait for its confirm.
    Activate,
    /// Ask whether the image still runs and is confirmed. Changes nothing.
    Check,
    /// Roll back to the firmware that ran before the image, and wait for its confirm.
    Rollback,
}

/// How an act ended at a device, as the device itself says; in doubt it is asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// The image runs and is confirmed.
    Confirmed,
    /// The image is on the device, verified and not pending.
    Staged,
    /// The firmware from before the image runs and is confirmed: what [`Act::Rollback`] was to bring about.
    Restored,
    /// The image is rejected, or was: the device runs what it ran before.
    RolledBack {
        /// The reason, for people.
        reason: String,
        /// The cause of the reset that ended it, in the words of a device's state, such as `watchdog`.
        cause: Option<String>,
        /// The address at which the firmware crashed, if it reported one.
        pc: Option<u32>,
    },
    /// The device does not accept the image. Nothing was changed.
    Refused {
        /// The reason and what to do next, for people.
        reason: String,
    },
    /// The device does not answer since it was restarted.
    Silent {
        /// What was seen last, for people.
        last: String,
    },
    /// The device is at none of the ports, or did not answer there before anything was begun.
    Absent {
        /// What was tried, for people.
        reason: String,
    },
    /// The line failed, or another host has the device: the same can be tried again, and goes on where it was.
    Interrupted {
        /// The reason, for people.
        reason: String,
    },
}

/// How far a transfer has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// Bytes that are in place.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The device.
    pub device: DeviceId,
    /// The port that it is at.
    pub port: String,
    /// The name of its board.
    pub board: String,
    /// Digest of its flash map.
    pub map: u32,
    /// The version that runs; `None` in recovery mode.
    pub version: Option<String>,
    /// The start of the digest of the image that runs.
    pub digest: Option<Vec<u8>>,
    /// Whether that is confirmed.
    pub is_confirmed: bool,
    /// Its state in a few words, for people.
    pub text: String,
}

impl Look {
    /// Returns whether the device runs the image of this version and digest, in hexadecimal digits; confirmed or not. Both must be
    /// compared: a digest does not cover the version, so the same firmware may be two images.
    pub fn runs(&self, version: &str, digest: &str) -> bool {
        let is_same = self.digest.as_ref().is_some_and(|runs| !runs.is_empty() && digest.starts_with(&hex(runs)));
        is_same && self.version.as_deref() == Some(version)
    }
}

/// The devices within reach: real ones at ports, or simulated ones. It is used by several threads, each at a device of its own.
pub trait Site: Sync {
    /// Looks for devices at all ports, and returns those that answer. What is in use by an act is not asked.
    fn discover(&self) -> Vec<Look>;

    /// Asks a device for its state.
    ///
    /// # Errors
    /// [`Ending::Absent`] or [`Ending::Interrupted`].
    fn look(&self, device: &DeviceId) -> Result<Look, Ending>;

    /// Returns why a device would refuse an image, or `None` if nothing is known that it would.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    fn admission(&self, device: &DeviceId, image: &ImageFile) -> Result<Option<String>, Ending>;

    /// Does something to a device with the one of the images that is for its board and flash map, and waits for its end. May be
    /// repeated after any interruption, also of this program: what was done already is not done again. `progress` is called while
    /// bytes are sent; once it returns `false`, the act is given up as soon as that harms nothing, with [`Ending::Interrupted`].
    fn act(
        &self,
        device: &DeviceId,
        act: Act,
        images: &[ImageFile],
        progress: &mut dyn FnMut(Transferred) -> bool,
    ) -> Ending;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_told_apart_by_version_and_digest() {
        let (device, port, board) = (DeviceId("ab".to_owned()), String::new(), String::new());
        let (version, digest) = (Some("1.0.0".to_owned()), Some(vec![0xde, 0xad]));
        let look = Look { device, port, board, map: 7, version, digest, is_confirmed: true, text: String::new() };
        assert!(look.runs("1.0.0", "deadbeef"));
        assert!(!look.runs("1.0.1", "deadbeef") && !look.runs("1.0.0", "beefdead"));
        assert!(!Look { digest: Some(Vec::new()), ..look.clone() }.runs("1.0.0", "deadbeef"));
        assert!(!Look { version: None, ..look }.runs("1.0.0", "deadbeef"));
    }
}

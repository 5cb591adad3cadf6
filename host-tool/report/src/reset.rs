//! Why a device was reset.

use lifeboot_wire::ResetCause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display};

/// Why a device was reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// The chip does not report it.
    Unknown,
    /// The power came on.
    PowerOn,
    /// The supply voltage fell below the chip's minimum: a brown-out.
    BrownOut,
    /// The reset pin or a debugger reset the device.
    Pin,
    /// The watchdog reset the device: the firmware hung.
    Watchdog,
    /// A fault or a panic reset the device.
    Fault,
    /// The firmware requested the reset.
    Request,
}

impl From<ResetCause> for Reset {
    fn from(cause: ResetCause) -> Self {
        match cause {
            ResetCause::Unknown => Reset::Unknown,
            ResetCause::PowerOn => Reset::PowerOn,
            ResetCause::BrownOut => Reset::BrownOut,
            ResetCause::Pin => Reset::Pin,
            ResetCause::Watchdog => Reset::Watchdog,
            ResetCause::Fault => Reset::Fault,
            ResetCause::Request => Reset::Request,
        }
    }
}

impl From<Reset> for ResetCause {
    fn from(reset: Reset) -> Self {
        match reset {
            Reset::Unknown => ResetCause::Unknown,
            Reset::PowerOn => ResetCause::PowerOn,
            Reset::BrownOut => ResetCause::BrownOut,
            Reset::Pin => ResetCause::Pin,
            Reset::Watchdog => ResetCause::Watchdog,
            Reset::Fault => ResetCause::Fault,
            Reset::Request => ResetCause::Request,
        }
    }
}

impl Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reset::Unknown => "a reset of unknown cause",
            Reset::PowerOn => "power-on",
            Reset::BrownOut => "a brown-out",
            Reset::Pin => "a reset by pin or debugger",
            Reset::Watchdog => "a reset by the watchdog",
            Reset::Fault => "a fault or a panic",
            Reset::Request => "a requested reset",
        })
    }
}

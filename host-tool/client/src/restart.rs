//! The timing of requests to a device that restarts.

use std::time::Duration;

/// Pause between two requests to a device that restarts.
pub(crate) const POLL: Duration = Duration::from_millis(250);
/// If the device still answers after this time, the request to restart was lost.
pub(crate) const RESET_AGAIN: Duration = Duration::from_secs(3);

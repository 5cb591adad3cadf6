//! How a device that restarts is asked.

use std::time::Duration;

/// Pause between two questions to a device that restarts.
pub(crate) const POLL: Duration = Duration::from_millis(250);
/// A request to restart that a device answers after this time was not heard.
pub(crate) const RESET_AGAIN: Duration = Duration::from_secs(3);

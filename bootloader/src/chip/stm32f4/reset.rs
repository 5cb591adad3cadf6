//! How the chip is reset.

use crate::chip::handoff::note_cause;
use crate::chip::system_reset::request_reset;
use lifeboot_core::record::Cause;

/// Resets the chip except RAM and flash (7.1.1), and leaves the cause for the next boot.
pub fn reset(cause: Cause) -> ! {
    note_cause(cause);
    request_reset()
}

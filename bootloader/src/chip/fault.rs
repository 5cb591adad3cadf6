//! What ends every fault of the bootloader's.

use super::reset;
use lifeboot_core::handover::cause_word;
use lifeboot_core::record::Cause;

/// Handles exceptions that must not happen while the bootloader runs.
pub extern "C" fn fault() -> ! {
    reset(cause_word(Cause::Fault))
}

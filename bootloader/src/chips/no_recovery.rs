//! In the place of a chip's `recovery.rs`, in a bootloader without recovery mode.

use crate::chip::Clock;

pub use crate::chip::NoSerial as Serial;

/// Nothing requests what there is not.
pub fn recovery_is_requested(_: &impl Clock) -> bool {
    false
}

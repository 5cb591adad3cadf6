//! How much of a slot an image occupies.

use lifeboot_core::{Board, Slot};
use std::fmt::{self, Display};

/// How much of a slot an image occupies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotUse {
    /// Bytes occupied.
    pub used: u32,
    /// Size of a slot in bytes.
    pub room: u32,
}

impl SlotUse {
    /// Makes the value for `used` bytes in a slot of `board`.
    pub fn new(board: &Board, used: u32) -> SlotUse {
        SlotUse { used, room: board.slot(Slot::A).length }
    }
}

impl Display for SlotUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = u64::from(self.used) * 100 / u64::from(self.room.max(1));
        write!(f, "{} of {} bytes ({percent} %)", self.used, self.room)
    }
}

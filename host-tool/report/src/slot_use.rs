//! How much of a slot an image occupies.

use lifeboot_artifact::image_file;
use lifeboot_core::Board;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// How much of a slot an image occupies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SlotUse {
    /// Bytes occupied.
    pub used: u32,
    /// Size of a slot in bytes.
    pub room: u32,
}

impl SlotUse {
    /// Makes the value for `used` bytes in a slot of `board`.
    pub fn new(board: &Board, used: u32) -> SlotUse {
        image_file::SlotUse::new(board, used).into()
    }
}

impl From<image_file::SlotUse> for SlotUse {
    fn from(image_file::SlotUse { used, room }: image_file::SlotUse) -> Self {
        SlotUse { used, room }
    }
}

impl Display for SlotUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        image_file::SlotUse { used: self.used, room: self.room }.fmt(f)
    }
}

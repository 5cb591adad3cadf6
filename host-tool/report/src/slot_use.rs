//! How much of a slot something takes.

use lifeboot_artifact::image_file;
use lifeboot_core::Board;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// How much of a slot something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SlotUse {
    /// Bytes that it takes.
    pub used: u32,
    /// Bytes of a slot.
    pub room: u32,
}

impl SlotUse {
    /// So many bytes in a slot of this board.
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

//! Slots, by name.

use lifeboot_wire as wire;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display};

/// A slot's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum SlotName {
    /// Slot A.
    A,
    /// Slot B.
    B,
}

impl From<lifeboot_core::Slot> for SlotName {
    fn from(slot: lifeboot_core::Slot) -> Self {
        match slot {
            lifeboot_core::Slot::A => SlotName::A,
            lifeboot_core::Slot::B => SlotName::B,
        }
    }
}

impl From<wire::Slot> for SlotName {
    fn from(slot: wire::Slot) -> Self {
        lifeboot_core::Slot::from(slot).into()
    }
}

impl Display for SlotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SlotName::A => "A",
            SlotName::B => "B",
        })
    }
}

impl From<SlotName> for wire::Slot {
    fn from(slot: SlotName) -> Self {
        match slot {
            SlotName::A => wire::Slot::A,
            SlotName::B => wire::Slot::B,
        }
    }
}

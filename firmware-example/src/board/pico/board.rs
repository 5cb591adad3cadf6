//! The flash map, at the name by which the bootloader's flash driver finds it.

pub use crate::board::BOARD;

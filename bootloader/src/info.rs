//! What a bootloader says of itself: its board and its keys.

use crate::chip::Chip;
use lifeboot_core::info::{BootloaderInfo, InfoSection};

/// Returns the info of this chip's bootloader. The updater reads it too: the keys are stored only here.
pub const fn info<C: Chip>() -> InfoSection {
    BootloaderInfo::new(C::KEYS, C::DEMO_KEY).for_board(C::BOARD).with_uf2_family(C::UF2_FAMILY).into_section()
}

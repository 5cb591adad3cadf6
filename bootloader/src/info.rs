//! What this bootloader says of itself: its board and its keys.

use crate::chip;
use lifeboot_core::info::{BootloaderInfo, InfoSection};

include!(concat!(env!("OUT_DIR"), "/keys.rs"));

/// The updater reads it too: the keys are stored only here.
#[used]
#[unsafe(link_section = ".info")]
pub static INFO: InfoSection =
    BootloaderInfo::new(&KEYS, DEMO_KEY).for_board(&chip::BOARD).with_uf2_family(chip::UF2_FAMILY).into_section();

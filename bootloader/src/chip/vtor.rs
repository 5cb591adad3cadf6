//! For cores whose vector table can be moved (VTOR; Armv6-M Architecture Reference Manual, B3.2.5): the bootloader needs
//! no more of a table than the system's exceptions, and the firmware's is entered directly.

use super::cortex_m::{Vector, barrier, fault, start, store};
use lifeboot_core::verify::Verified;

const VTOR: usize = 0xE000_ED08;

/// No interrupt is enabled before the firmware has its own table.
#[used]
#[unsafe(link_section = ".vectors")]
static VECTORS: [Vector; 16] = {
    let mut table = [const { Vector { entry: fault } }; 16];
    table[0] = Vector::STACK;
    table[1] = Vector::RESET;
    table
};

/// Starts the firmware that was verified, with its own vectors.
pub fn enter(firmware: &Verified, recheck: u32) -> ! {
    store(VTOR, firmware.vectors());
    barrier();
    start(firmware, recheck)
}

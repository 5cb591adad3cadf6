//! For cores whose vector table can be moved (VTOR; Armv6-M Architecture Reference Manual, B3.2.5): the bootloader's
//! own table has the system exceptions only, and the firmware's handlers are entered directly.

use super::cortex_m::{Vector, start};
use super::fault::fault;
use super::registers::{barrier, store};
use lifeboot_core::verify::Verified;

const VTOR: usize = 0xE000_ED08;

/// System exceptions only: no interrupt is enabled before the firmware has its own table.
#[used]
#[unsafe(link_section = ".vectors")]
static VECTORS: [Vector; 16] = {
    let mut table = [const { Vector { entry: fault } }; 16];
    table[0] = Vector::STACK;
    table[1] = Vector::RESET;
    table
};

/// Starts the verified firmware with its own vectors.
pub fn enter(firmware: &Verified, recheck: u32) -> ! {
    store(VTOR, firmware.vectors());
    barrier();
    start(firmware, recheck)
}

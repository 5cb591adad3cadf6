//! What ends in a reset with the cause left for the bootloader: panics and faults.

use crate::{board, log};
use core::panic::PanicInfo;
use core::ptr::{read_volatile, with_exposed_provenance};
use cortex_m_rt::ExceptionFrame;
use lifeboot_updater::layout::Architecture;
use lifeboot_updater::{Cause, Fault};

/// The Configurable Fault Status Register (Armv7-M ARM, B3.2.15).
const CFSR: usize = 0xE000_ED28;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    if let Some(place) = info.location() {
        defmt::error!("panicked at {}:{}", place.file(), place.line());
    }
    log::flush();
    board::reset(Cause::Fault)
}

// SAFETY: the handler touches nothing that the faulting code may have left half done; it only resets.
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    board::crash(Fault { pc: frame.pc(), status: status() })
}

/// What kind of fault it was; 0 on Armv6-M, which does not say.
fn status() -> u32 {
    match board::BOARD.architecture {
        Architecture::Armv6M => 0,
        // SAFETY: a register of the core, which reading does not change.
        Architecture::Armv7M => unsafe { read_volatile(with_exposed_provenance(CFSR)) },
    }
}

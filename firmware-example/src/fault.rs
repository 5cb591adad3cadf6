//! Panics and faults: each resets the chip and leaves the cause for the bootloader.

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

// SAFETY: the handler uses no state that the faulting code may have left half changed; it only resets.
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    board::crash(Fault { pc: frame.pc(), status: status() })
}

/// Returns the fault status; 0 on Armv6-M, which has no such register.
fn status() -> u32 {
    match board::BOARD.architecture {
        // SAFETY: a register of the core; reading it has no effect.
        Architecture::Armv7M => unsafe { read_volatile(with_exposed_provenance(CFSR)) },
        _ => 0,
    }
}

//! What ends in a reset with the cause left for the bootloader: panics and faults.

use crate::{board, log};
use core::panic::PanicInfo;
use lifeboot_updater::Cause;

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
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    board::reset(Cause::Fault)
}

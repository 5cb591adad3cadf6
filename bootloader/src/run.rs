//! From the first line of Rust to the jump: lets [`lifeboot_core::boot()`] decide what to do, and has the chip do it.

use crate::chip::{Chip, Clock};
use crate::cortex_m::start_firmware;
use crate::flash::Flash;
use crate::handoff;
#[cfg(feature = "recovery")]
use crate::recovery;
#[cfg(feature = "defmt")]
use crate::{log, log_buffer};
use lifeboot_core::boot;
use lifeboot_core::boot::Decision;
#[cfg(feature = "recovery")]
use lifeboot_core::boot::Recovery;
use lifeboot_core::handover::{self, Boot, Start};
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::record::Reset;
use lifeboot_core::verify::recheck;

/// Boots. Must be entered from the reset vector with an empty stack, as by [`bootloader!`](crate::bootloader), which
/// calls it.
pub fn run<C: Chip>(info: &BootloaderInfo) -> ! {
    let noted = handoff::read_reset_note::<C>();
    let cause = C::start_up(handover::cause_in(noted));
    let reset = handoff::Reset::new(cause, noted);
    let clock = C::clock();
    #[cfg(feature = "defmt")]
    {
        log_buffer::begin();
        log::reset_by(reset.cause);
    }
    let mut flash = Flash::<C>::new();
    #[cfg(feature = "recovery")]
    if !reset.listened && (reset.recovery || C::recovery_is_requested(&clock)) {
        recovery::answer(&mut flash, info, clock, Recovery::Requested);
    }
    let interrupted = handoff::was_writing::<C>();
    let known = Reset {
        cause: reset.cause,
        fault: handoff::read_fault_note::<C>(reset.cause),
        crashes: handoff::read_crashes::<C>(reset.cause, interrupted),
        interrupted,
        // Without recovery mode nothing would listen.
        listened: reset.listened || cfg!(not(feature = "recovery")),
    };
    let (start, firmware) = match boot(&mut flash, C::BOARD, info, known) {
        Decision::Confirmed(firmware) => (Start::Confirmed, firmware),
        Decision::Trial(firmware) => (Start::Trial, firmware),
        Decision::FellBack(firmware) => (Start::FellBack, firmware),
        #[cfg(feature = "recovery")]
        Decision::Recovery(why) => {
            // The boot that starts what is left must not write either.
            handoff::note_writing::<C>(interrupted);
            recovery::answer(&mut flash, info, clock, why)
        }
        #[cfg(not(feature = "recovery"))]
        Decision::Recovery(_) => crate::cortex_m::wait_for_debugger(),
    };
    #[cfg(feature = "defmt")]
    log::starts(&firmware, start);
    handoff::note_boot::<C>(Boot { cause: reset.cause, start, verification: clock.now() });
    // A trial has attempts of its own.
    let crashes = if start == Start::Trial || known.listened { 0 } else { known.crashes };
    handoff::note_starts::<C>(crashes.saturating_add(1));
    clock.stop();
    if start.is_watched(C::BOARD) {
        C::arm_watchdog();
    }
    let recheck = recheck(&firmware, &mut flash, C::BOARD, info);
    C::leave();
    C::set_vectors(firmware.vectors());
    start_firmware::<C>(&firmware, recheck)
}

//! The bootloader. From the reset vector to the jump: [`chip`] enters [`lifeboot_reset`], which lets [`lifeboot_core::boot()`]
//! decide what to do and has the chip do it.
//!
//! It has no static variables, no allocator and no formatting. After the jump none of its code runs, except the
//! forwarding of interrupts on a core that cannot move its vector table.

#![no_std]
#![no_main]

mod chip;
mod flash;
mod info;
#[cfg(feature = "defmt")]
mod log;
#[cfg(feature = "recovery")]
mod recovery;

use flash::Flash;
use info::INFO;
use lifeboot_core::boot;
use lifeboot_core::boot::Decision;
#[cfg(feature = "recovery")]
use lifeboot_core::boot::Recovery;
use lifeboot_core::handover::{Boot, Start, cause_word};
use lifeboot_core::record::{Cause, Reset};
use lifeboot_core::verify::recheck;

/// Entered from the chip's reset vector, with an empty stack.
#[unsafe(no_mangle)]
extern "C" fn lifeboot_reset() -> ! {
    let reset = chip::start_up();
    let clock = chip::Clock::start();
    #[cfg(feature = "defmt")]
    {
        chip::log::begin();
        log::reset_by(reset.cause);
    }
    let mut flash = Flash::new();
    #[cfg(feature = "recovery")]
    if !reset.listened && (reset.recovery || chip::recovery_is_requested(&clock)) {
        recovery::answer(&mut flash, clock, Recovery::Requested);
    }
    let interrupted = chip::was_writing();
    let known = Reset {
        cause: reset.cause,
        fault: chip::read_fault_note(reset.cause),
        crashes: chip::read_crashes(reset.cause, interrupted),
        interrupted,
        // Without recovery mode nothing would listen.
        listened: reset.listened || cfg!(not(feature = "recovery")),
    };
    let (start, firmware) = match boot(&mut flash, &chip::BOARD, &INFO.info, known) {
        Decision::Confirmed(firmware) => (Start::Confirmed, firmware),
        Decision::Trial(firmware) => (Start::Trial, firmware),
        Decision::FellBack(firmware) => (Start::FellBack, firmware),
        #[cfg(feature = "recovery")]
        Decision::Recovery(why) => {
            // The boot that starts what is left must not write either.
            chip::note_writing(interrupted);
            recovery::answer(&mut flash, clock, why)
        }
        #[cfg(not(feature = "recovery"))]
        Decision::Recovery(_) => chip::wait_for_debugger(),
    };
    #[cfg(feature = "defmt")]
    log::starts(&firmware, start);
    chip::note_boot(Boot { cause: reset.cause, start, verification: clock.now() });
    // A trial has attempts of its own.
    let crashes = if start == Start::Trial || known.listened { 0 } else { known.crashes };
    chip::note_starts(crashes.saturating_add(1));
    clock.stop();
    if start.is_watched(&chip::BOARD) {
        chip::arm_watchdog();
    }
    let recheck = recheck(&firmware, &mut flash, &chip::BOARD, &INFO.info);
    chip::jump(&firmware, recheck)
}

/// A panic is a bug in the bootloader: reset and try again, as after a fault.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    chip::reset(cause_word(Cause::Fault))
}

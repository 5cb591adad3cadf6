//! The bootloader. From the reset vector to the jump: [`chip`] enters [`lifeboot_reset`], which lets [`lifeboot_core::boot()`]
//! decide what to do and has the chip do it.
//!
//! It has no static variables, no allocator and no formatting. After the jump none of its code runs, except the
//! forwarding of interrupts on a core that cannot move its vector table.

#![no_std]
#![no_main]

mod chip;
mod info;
#[cfg(feature = "defmt")]
mod log;
#[cfg(feature = "recovery")]
mod recovery;

use info::INFO;
use lifeboot_core::boot;
use lifeboot_core::boot::Decision;
use lifeboot_core::handover::{Boot, Start};
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
    let mut flash = chip::Flash::new(&chip::BOARD);
    #[cfg(feature = "recovery")]
    if reset.recovery || chip::recovery_is_requested() {
        recovery::answer(&mut flash, clock, reset.cause, true);
    }
    let known = Reset { cause: reset.cause, fault: chip::read_fault_note(reset.cause) };
    let (start, firmware) = match boot(&mut flash, &chip::BOARD, &INFO.info, known) {
        Decision::Confirmed(firmware) => (Start::Confirmed, firmware),
        Decision::Trial(firmware) => (Start::Trial, firmware),
        Decision::FellBack(firmware) => (Start::FellBack, firmware),
        #[cfg(feature = "recovery")]
        Decision::Recovery => recovery::answer(&mut flash, clock, reset.cause, false),
        #[cfg(not(feature = "recovery"))]
        Decision::Recovery => chip::wait_for_debugger(),
    };
    #[cfg(feature = "defmt")]
    log::starts(&firmware, start);
    chip::note_boot(Boot { cause: reset.cause, start, verification: clock.now() });
    clock.stop();
    if start != Start::Confirmed {
        chip::arm_watchdog();
    }
    let recheck = recheck(&firmware, &mut flash, &chip::BOARD, &INFO.info);
    chip::jump(&firmware, recheck)
}

/// A panic is a bug in the bootloader: reset and try again, as after a fault.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    chip::reset(Cause::Fault)
}

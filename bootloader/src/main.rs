//! The bootloader. From the reset vector to the jump: [`chip`] enters [`reset`], which asks [`lifeboot_core::boot()`] what
//! to do and lets the chip do it.
//!
//! It has no static variables, no allocator, no formatting and, after the jump, no running code but the forwarding of
//! interrupts where the core cannot move its vector table.

#![no_std]
#![no_main]

mod chip;
#[cfg(feature = "defmt")]
mod log;
#[cfg(feature = "recovery")]
mod recovery;

use lifeboot_core::boot;
use lifeboot_core::boot::Decision;
use lifeboot_core::handover::{Boot, Start};
use lifeboot_core::info::{BootloaderInfo, InfoSection};
use lifeboot_core::record::{Cause, Reset};
use lifeboot_core::verify::recheck;

include!(concat!(env!("OUT_DIR"), "/keys.rs"));

/// For the updater as well, which takes the keys from here.
#[used]
#[unsafe(link_section = ".info")]
static INFO: InfoSection = BootloaderInfo::new(&KEYS, DEMO_KEY).for_board(&chip::BOARD).into_section();

/// Where the chip begins, its stack empty.
extern "C" fn reset() -> ! {
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

/// A bug in the bootloader: try again, as after a fault.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    chip::reset(Cause::Fault)
}

//! The bootloader's log messages, in builds for development (feature `defmt`).

use lifeboot_core::Slot;
use lifeboot_core::handover::Start;
use lifeboot_core::record::Cause;
use lifeboot_core::verify::Verified;

/// Logs why the chip was reset.
pub fn reset_by(cause: Cause) {
    let cause = match cause {
        Cause::Unknown => defmt::intern!("an unknown cause"),
        Cause::PowerOn => defmt::intern!("power-on"),
        Cause::BrownOut => defmt::intern!("brown-out"),
        Cause::Pin => defmt::intern!("its pin, or a debugger"),
        Cause::Watchdog => defmt::intern!("the watchdog"),
        Cause::Fault => defmt::intern!("a fault"),
        Cause::Request => defmt::intern!("request"),
    };
    defmt::info!("reset by {=istr}", cause);
}

/// Logs what is started.
pub fn starts(firmware: &Verified, start: Start) {
    let slot = match firmware.slot() {
        Slot::A => defmt::intern!("A"),
        Slot::B => defmt::intern!("B"),
    };
    match start {
        Start::Confirmed => defmt::info!("starts slot {=istr}", slot),
        Start::Trial | Start::FellBack => defmt::info!("starts slot {=istr} on trial", slot),
    }
}

//! The boards. Exactly one is compiled in; each is a file that provides what is re-exported here.
//!
//! - `BOARD`: the flash map. `Flash`: a driver with the `embedded-storage` traits, the chip's HAL's if it has one.
//! - `start() -> Parts`: flash, serial port, LED and clock.
//! - `RECEIVE_BUFFER`: bytes that the serial port buffers between two reads. `FRAME`: maximum length of a received
//!   frame; longer frames have less overhead on the line and take more RAM.
//! - `feed_watchdog()`: harmless if no watchdog runs.
//! - `reset(Cause) -> !`: leaves the cause for the bootloader. `reset_into_recovery() -> !`: requests the bootloader's
//!   recovery mode.
//! - `write_now(bytes)`: sends and waits for the line; for panics.

// Halves the time of a signature's check.
#[cfg(any(feature = "microbit", feature = "pico"))]
#[path = "../../../bootloader/src/chip/multiply.rs"]
mod multiply;
#[cfg(any(feature = "pico", feature = "stm32f405"))]
mod ring;
mod serial;

#[cfg(feature = "microbit")]
mod microbit;
#[cfg(feature = "microbit")]
pub use microbit::{
    BOARD, FRAME, Flash, Parts, RECEIVE_BUFFER, feed_watchdog, reset, reset_into_recovery, start, write_now,
};

#[cfg(feature = "stm32f405")]
mod stm32f405;
#[cfg(feature = "stm32f405")]
pub use stm32f405::{
    BOARD, FRAME, Flash, Parts, RECEIVE_BUFFER, feed_watchdog, reset, reset_into_recovery, start, write_now,
};

#[cfg(feature = "pico")]
mod pico;
#[cfg(feature = "pico")]
pub use pico::{
    BOARD, FRAME, Flash, Parts, RECEIVE_BUFFER, feed_watchdog, reset, reset_into_recovery, start, write_now,
};

use core::ptr::{read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile};
use core::sync::atomic::{AtomicU32, Ordering};
use heapless::Vec;
use lifeboot_updater::{Cause, Fault, Slot, handover};

/// Milliseconds since the start, counted by the board's timer interrupt.
pub struct Clock(());

static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

impl Clock {
    /// Returns the milliseconds since the start.
    pub fn now(&self) -> u32 {
        MILLISECONDS.load(Ordering::Relaxed)
    }

    /// Adds a millisecond; only the timer's interrupt may call this.
    fn tick() {
        // Not an atomic read-modify-write: the Cortex-M0 has none, and there is only one writer.
        MILLISECONDS.store(MILLISECONDS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// Resets the chip, and leaves for the bootloader where and how the firmware crashed.
pub fn crash(fault: Fault) -> ! {
    for (offset, word) in handover::fault_words(fault) {
        // SAFETY: words in RAM that the linker script keeps free; only code that resets the chip writes them.
        unsafe { write_volatile(with_exposed_provenance_mut((BOARD.ram.start + offset) as usize), word) }
    }
    reset(Cause::Fault)
}

/// Returns the slot's name for the log.
pub fn slot_name(slot: Slot) -> &'static str {
    match slot {
        Slot::A => "A",
        Slot::B => "B",
    }
}

/// Returns the words in which the bootloader reports how it started this firmware.
pub fn boot_words() -> [u32; 2] {
    let place = (BOARD.ram.start + handover::BOOT) as usize;
    // SAFETY: words in RAM that the linker script keeps free, written by the bootloader, which does not run now.
    unsafe { read_volatile(with_exposed_provenance(place)) }
}

/// Returns the bootloader's log from before this start, and clears it; empty if the bootloader was not built for
/// development.
pub fn bootloader_log() -> Vec<u8, { handover::LOG_LENGTH }> {
    let place = (BOARD.ram.start + handover::LOG) as usize;
    let mut log = Vec::new();
    // SAFETY: words in RAM that the linker script keeps free, shared with the bootloader, which does not run now.
    let length = handover::log_length_in(unsafe { read_volatile(with_exposed_provenance(place)) }).unwrap_or_default();
    for at in 0..length {
        // SAFETY: as above; `log_length_in` returns only lengths that fit.
        let _ = log.push(unsafe { read_volatile(with_exposed_provenance(place + 4 + at)) });
    }
    // SAFETY: as above.
    unsafe { write_volatile(with_exposed_provenance_mut::<u32>(place), 0) }
    log
}

//! The boards. Exactly one is compiled in; each is a file that offers what is re-exported here.
//!
//! - `BOARD`: the flash map. `Flash`: a driver over `embedded-storage`, the chip's HAL's where it has one.
//! - `start() -> Parts`: flash, serial port, LED and clock.
//! - `RECEIVE_BUFFER`: bytes that the serial port holds while nobody reads. `FRAME`: bytes of a frame that it receives; the
//!   longer, the less of the line is not image, and the more RAM it takes.
//! - `feed_watchdog()`: harmless where none runs.
//! - `reset(Cause) -> !`: leaves the cause for the bootloader. `reset_into_recovery() -> !`: asks it to answer the host.
//! - `write_now(bytes)`: waits for the line; for panics.

// A signature's check takes half the time.
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

/// Milliseconds since the start. The board's timer interrupt counts them.
pub struct Clock(());

static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

impl Clock {
    /// Milliseconds since the start.
    pub fn now(&self) -> u32 {
        MILLISECONDS.load(Ordering::Relaxed)
    }

    /// One more; only the timer's interrupt calls this.
    fn tick() {
        // Not read-modify-write: the Cortex-M0 has none, and there is one writer.
        MILLISECONDS.store(MILLISECONDS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// Resets the chip, and leaves for the bootloader where and how the firmware crashed.
pub fn crash(fault: Fault) -> ! {
    for (offset, word) in handover::fault_words(fault) {
        // SAFETY: words in RAM that the linker script keeps free; they belong to whoever resets the chip.
        unsafe { write_volatile(with_exposed_provenance_mut((BOARD.ram.start + offset) as usize), word) }
    }
    reset(Cause::Fault)
}

/// The slot as a word for the log.
pub fn slot_name(slot: Slot) -> &'static str {
    match slot {
        Slot::A => "A",
        Slot::B => "B",
    }
}

/// The words in which the bootloader says how it came to start this.
pub fn boot_words() -> [u32; 2] {
    let place = (BOARD.ram.start + handover::BOOT) as usize;
    // SAFETY: words in RAM that the linker script keeps free, written by the bootloader, which does not run now.
    unsafe { read_volatile(with_exposed_provenance(place)) }
}

/// What the bootloader has logged before it started this, once; nothing where it was not built for development.
pub fn bootloader_log() -> Vec<u8, { handover::LOG_LENGTH }> {
    let place = (BOARD.ram.start + handover::LOG) as usize;
    let mut log = Vec::new();
    // SAFETY: words in RAM that the linker script keeps free, shared with the bootloader, which does not run now.
    let length = handover::log_length_in(unsafe { read_volatile(with_exposed_provenance(place)) }).unwrap_or_default();
    for at in 0..length {
        // SAFETY: as above; the length is one that fits.
        let _ = log.push(unsafe { read_volatile(with_exposed_provenance(place + 4 + at)) });
    }
    // SAFETY: as above.
    unsafe { write_volatile(with_exposed_provenance_mut::<u32>(place), 0) }
    log
}

//! The boards. Exactly one is compiled in; each is a file that provides what is re-exported here.
//!
//! - `Flash`: a driver with the `embedded-storage` traits, the chip's HAL's if it has one.
//! - `start() -> Parts`: flash, serial port, LED and clock.
//! - `RECEIVE_BUFFER`: bytes that the serial port buffers between two reads. `FRAME`: maximum length of a received
//!   frame; longer frames have less overhead on the line and take more RAM.
//! - `feed_watchdog()`: harmless if no watchdog runs.
//! - `reset(Cause) -> !`: leaves the cause for the bootloader. `reset_into_recovery() -> !`: requests the bootloader's
//!   recovery mode.
//! - `write_now(bytes)`: sends and waits for the line; for panics.

mod clock;
mod handoff;
#[cfg(any(feature = "pico", feature = "stm32f405"))]
mod ring;
mod serial;

// `BOARD`, the board's flash map, as its file describes it.
lifeboot_updater::board!();

pub use handoff::{boot_words, bootloader_log, crash, forget_crashes, slot_name};

#[cfg(feature = "microbit")]
mod microbit;
#[cfg(feature = "microbit")]
pub use microbit::{FRAME, Flash, Parts, RECEIVE_BUFFER, feed_watchdog, reset, reset_into_recovery, start, write_now};

#[cfg(feature = "stm32f405")]
mod stm32f405;
#[cfg(feature = "stm32f405")]
pub use stm32f405::{FRAME, Flash, Parts, RECEIVE_BUFFER, feed_watchdog, reset, reset_into_recovery, start, write_now};

#[cfg(feature = "pico")]
mod pico;
#[cfg(feature = "pico")]
pub use pico::{FRAME, Flash, Parts, RECEIVE_BUFFER, feed_watchdog, reset, reset_into_recovery, start, write_now};

//! The chips. Exactly one is compiled in; it offers what is re-exported here, and nothing else touches hardware.
//!
//! To add a chip or a board:
//!
//! 1. A flash map in `core/src/layout.rs`, and its line in `BOARDS`.
//! 2. A feature for the board in `Cargo.toml`, and its line in `board()` of `build.rs`.
//! 3. A folder here with `mod.rs`: `BOARD`, the vector table, `start_up`, `arm_watchdog` and `jump`, with what
//!    `cortex_m.rs` has for all; and `flash.rs`: the driver, over the `embedded-storage` traits.
//! 4. Its two lines below.
//! 5. A file in `firmware-example/src/board`: serial port, clock, LED, watchdog feed.
//!
//! What each of them promises:
//!
//! - `start_up() -> Cause` runs first: makes faults end in a reset, makes the clock fast, says why the chip was reset.
//! - `Flash`: a read of a torn word is an error or any bytes, never a hang; each erase of a unit and each write of a
//!   word is a function of its own with an unmangled name, so that an emulator can stop at it.
//! - `arm_watchdog()`: from here on, firmware that does not feed it is reset, with `Cause::Watchdog` as the cause.
//! - `jump(&Verified) -> !`: interrupts reach the firmware; peripherals are as after reset, the watchdog excepted.

mod cortex_m;
#[cfg(feature = "nrf51")]
mod nrf51;
mod runtime;

pub use cortex_m::{reset, wait_for_debugger};
#[cfg(feature = "nrf51")]
pub use nrf51::{BOARD, Flash, arm_watchdog, jump, start_up};

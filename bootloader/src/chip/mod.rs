//! The chips. Exactly one is compiled in. It provides what is re-exported here, and no other code touches hardware.
//!
//! To add a chip or a board:
//!
//! 1. A flash map in `core/src/layout.rs`, and its line in `BOARDS`. Tests that list or count the boards then fail and
//!    name what is new; `LIFEBOOT_ACCEPT_GOLDEN=1 cargo test -p lifeboot-tests golden` writes its golden bytes.
//! 2. A feature for the board in `Cargo.toml`, and its line in `board()` of `build.rs`.
//! 3. A folder here. `mod.rs` has `BOARD`, `start_up`, `reset`, `arm_watchdog` and `jump`, on top of `cortex_m.rs` and,
//!    for most cores, `vtor.rs`; a core without VTOR needs its own vector table, as on the nRF51. `flash.rs` is the
//!    driver, with the `embedded-storage` traits; `clock.rs` the clock; `recovery.rs` the serial port that the example
//!    firmware uses, polled, the recovery pin, and the feeding of the watchdog. If the chip's ROM expects something
//!    before the vectors, it goes into the section `.boot2`.
//! 4. Its two lines below.
//! 5. A file or folder in `firmware-example/src/board`: serial port, clock, LED, watchdog feed; its lines in `mod.rs`
//!    there, its feature in `Cargo.toml`, its line in `build.rs`.
//! 6. Its name in probe-rs and that of the board's USB drive, in `host-tool/src/board.rs`.
//! 7. Its cargo features and target, in `tests/src/product.rs`. If there is an emulator: its module in
//!    `tests/src/emulator`, its line in the demo and its tests. Its lines in `.ci/run`.
//! 8. A `README.md` beside `mod.rs`: wiring, first flash, push, locking, and what was run on which hardware.
//!
//! The contract of each item:
//!
//! - `start_up() -> Reset` runs first. It must make faults end in a reset, raise the clock, report why the chip was
//!   reset and whether the firmware requested recovery, and clear the registers and words that say so. If the chip
//!   itself reports a cause, RAM counts only if the two agree. If a clock source does not start, the chip must run
//!   slowly, never hang. The fastest clock must stay below the chip's limit, the tolerance of its source included.
//! - `Flash`: a read of a torn word returns an error or any bytes, and never hangs. Each erase of a unit and each write
//!   of a word is a function of its own with an unmangled name, so that an emulator can stop at it. `ERASE_SIZE` is the
//!   smallest unit; if units differ, a range that would end inside one is refused, never rounded. Error flags of an
//!   operation are cleared after it: a HAL's driver might take them for its own.
//! - `arm_watchdog()`: from here on, firmware that does not feed the watchdog is reset, with `Cause::Watchdog` as the
//!   cause. Its period, with its oscillator at its fastest, must exceed the slowest erase: the core is stalled
//!   meanwhile and cannot feed.
//! - `reset(Cause) -> !`: resets everything that the bootloader has used, even if the core's own reset request does
//!   not; the next boot finds the cause.
//! - `Clock`: milliseconds since `start()`, coarse and wrapping; never waits. `stop()` leaves its timer and the timer's
//!   clock source as after reset.
//! - `Serial`: `receive()` never waits, and no line error stops it; `send()` and `flush()` wait for a bounded time. The
//!   number of bytes that are buffered between two reads is documented there: 6 on the nRF51, 1 to 2 on the STM32F4, 32
//!   on the RP2040.
//! - `recovery_is_requested()`: configures the pin and its pull, waits until it settles, and leaves it as after reset.
//!   An unconnected pin never requests recovery.
//! - `feed_watchdog()`: feeds any watchdog that may still run from before the reset; harmless if none does.
//! - `jump(&Verified, recheck) -> !`: interrupts reach the firmware. Peripherals are as after reset, except the
//!   watchdog and whatever keeps the firmware from writing to the bootloader.

mod board;
mod cortex_m;
mod fault;
mod handoff;
#[cfg(feature = "defmt")]
pub mod log;
// Chosen by chip: stable Rust has no `cfg` for the target's multiply instructions.
#[cfg(not(feature = "stm32f4"))]
mod multiply;
#[cfg(feature = "nrf51")]
mod nrf51;
mod registers;
#[cfg(feature = "rp2040")]
mod rp2040;
mod runtime;
#[cfg(feature = "stm32f4")]
mod stm32f4;
mod system_reset;
#[cfg(any(feature = "rp2040", feature = "stm32f4"))]
mod vtor;

#[cfg(not(feature = "recovery"))]
pub use cortex_m::wait_for_debugger;
pub use handoff::{note_boot, read_fault_note};
#[cfg(feature = "nrf51")]
use nrf51 as chip;
#[cfg(feature = "rp2040")]
use rp2040 as chip;
#[cfg(feature = "stm32f4")]
use stm32f4 as chip;

pub use board::BOARD;
pub use chip::{Clock, Flash, arm_watchdog, jump, reset, start_up};
#[cfg(feature = "recovery")]
pub use chip::{Serial, feed_watchdog, recovery_is_requested};

//! The chips. Exactly one is compiled in; it offers what is re-exported here, and nothing else touches hardware.
//!
//! To add a chip or a board:
//!
//! 1. A flash map in `core/src/layout.rs`, and its line in `BOARDS`. Tests that list or count the boards then fail, and
//!    say what is new; `LIFEBOOT_ACCEPT_GOLDEN=1 cargo test -p lifeboot-tests golden` writes its golden bytes.
//! 2. A feature for the board in `Cargo.toml`, and its line in `board()` of `build.rs`.
//! 3. A folder here with `mod.rs`: `BOARD`, `start_up`, `reset`, `arm_watchdog` and `jump`, with what `cortex_m.rs` has for all and
//!    `vtor.rs` for most; a core without VTOR brings its own vector table, as nRF51 does. And `flash.rs`: the driver, over
//!    the `embedded-storage` traits. And `clock.rs`; and `recovery.rs`: the serial port that the example firmware uses,
//!    polled, a pin, and the watchdog's feed. What the chip's ROM looks for in front of the vectors goes into the section
//!    `.boot2`.
//! 4. Its two lines below.
//! 5. A file or folder in `firmware-example/src/board`: serial port, clock, LED, watchdog feed; its lines in `mod.rs`
//!    there, its feature in `Cargo.toml`, its line in `build.rs`.
//! 6. What probe-rs and the board's drive call it, in `host-tool/artifact/src/board.rs`.
//! 7. How cargo knows it, in `tests/src/product.rs`; and where there is an emulator, its module in `tests/src/emulator`,
//!    its line in the demo and its tests. Its lines in `.ci/run`.
//! 8. A `README.md` beside `mod.rs`: wiring, first flash, push, locking, and what was run where.
//!
//! What each of them promises:
//!
//! - `start_up() -> Reset` runs first: makes faults end in a reset, makes the clock fast, says why the chip was reset and
//!   whether the firmware has asked for recovery then, and clears what told it. Where the chip itself says why, RAM is
//!   believed only where both agree. A clock that does not come leaves the chip slow, not hanging; at its fastest it is still below
//!   the chip's limit, the tolerance of its source included.
//! - `Flash`: a read of a torn word is an error or any bytes, never a hang; each erase of a unit and each write of a
//!   word is a function of its own with an unmangled name, so that an emulator can stop at it. `ERASE_SIZE` is the
//!   smallest unit; where units differ, a range that would end inside one is refused, never rounded. Errors of an
//!   operation are cleared behind it: a HAL's driver may take them for its own.
//! - `arm_watchdog()`: from here on, firmware that does not feed it is reset, with `Cause::Watchdog` as the cause. Its
//!   period, with its oscillator at its fastest, is longer than the longest erase at its slowest: firmware that stands
//!   still meanwhile cannot feed.
//! - `reset(Cause) -> !`: a reset of everything that the bootloader has used, the core's own request being enough or not;
//!   the cause is found by the next boot.
//! - `Clock`: milliseconds since `start()`, coarse and wrapping, never waiting. `stop()` leaves its timer and whatever drives
//!   it as after reset.
//! - `Serial`: `receive()` waits for nothing, and no error of the line stops it; `send()` and `flush()` wait, but not for ever.
//!   How many bytes may come while nobody reads stands there: 6 on the nRF51, 1 to 2 on the STM32F4, 32 on the RP2040.
//! - `recovery_is_requested()`: the pin, whose pull and settling are its own business; afterwards it is as after reset. Where
//!   nothing is connected, nobody asks.
//! - `feed_watchdog()`: whatever watchdog may still run from before the reset; harmless where none does.
//! - `jump(&Verified, recheck) -> !`: interrupts reach the firmware; peripherals are as after reset, the watchdog and what
//!   keeps the firmware from writing to the bootloader excepted.

mod cortex_m;
#[cfg(feature = "defmt")]
pub mod log;
// By chip: the compiler does not tell a stable program what its target multiplies.
#[cfg(not(feature = "stm32f4"))]
mod multiply;
#[cfg(feature = "nrf51")]
mod nrf51;
#[cfg(feature = "rp2040")]
mod rp2040;
mod runtime;
#[cfg(feature = "stm32f4")]
mod stm32f4;
#[cfg(any(feature = "rp2040", feature = "stm32f4"))]
mod vtor;

#[cfg(not(feature = "recovery"))]
pub use cortex_m::wait_for_debugger;
pub use cortex_m::{note_boot, read_fault_note};
#[cfg(feature = "nrf51")]
use nrf51 as chip;
#[cfg(feature = "rp2040")]
use rp2040 as chip;
#[cfg(feature = "stm32f4")]
use stm32f4 as chip;

pub use chip::{BOARD, Clock, Flash, arm_watchdog, jump, reset, start_up};
#[cfg(feature = "recovery")]
pub use chip::{Serial, feed_watchdog, recovery_is_requested};

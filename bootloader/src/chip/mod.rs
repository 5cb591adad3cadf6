//! The chips. Exactly one is compiled in; it provides what is re-exported here. Nothing else in the bootloader touches
//! hardware.
//!
//! ## To add a board
//!
//! A board is a file, and nothing in Lifeboot names it: `bootloader/board/src/parse.rs` says what stands in it, and its errors
//! what is wrong. `LIFEBOOT_BOARD` names it to the build, with the feature of its chip's family. Flash map, serial port, recovery
//! pin and clock follow from it.
//!
//! ## To add a chip
//!
//! A chip of a family that is already here needs step 1, and 3 where its pins and registers differ.
//!
//! 1. Add its facts to `bootloader/board/src/chips/`, and its serial ports and pins to `bootloader/board/src/pins/`; a new
//!    family is a variant of `Family` in `bootloader/board/src/chip.rs`, which names its feature. Tests there hold every chip
//!    against what formats and checks assume.
//! 2. Add the feature to `bootloader/Cargo.toml`, and a folder for the family, `bootloader/src/chip/FAMILY/`:
//!    - `mod.rs` with `start_up`, `arm_watchdog` and `jump`. `cortex_m.rs` has what all chips share, `vtor.rs` what most
//!      do; a core without VTOR brings its own vector table, as `nrf51` does. What the chip's ROM expects in front of the
//!      vector table goes into the section `.boot2`.
//!    - `reset.rs` with `reset`, on top of `handoff.rs` and `system_reset.rs`; and `registers.rs` with the registers that more
//!      than one of these files uses.
//!    - `flash.rs` with the flash driver, which implements the `embedded-storage` traits.
//!    - `clock.rs` with the millisecond clock.
//!    - `recovery.rs` with the board file's serial port, polled; the recovery pin; and the watchdog feed.
//!
//!    Add its two lines to `bootloader/src/chip/mod.rs`.
//! 3. What differs between its boards comes as constants: `bootloader/board/src/render/bootloader.rs` renders them, and
//!    `bootloader/src/chip/board/types.rs` has their types. A constant costs the boards nothing that do not need it.
//! 4. Write a board file with the chip to `bootloader/board/tests/boards/`, and build the bootloader for it.
//! 5. To have the example firmware on it, add a board file to `firmware-example/boards/` and its code, with serial port, clock,
//!    LED and watchdog feed, to `firmware-example/src/board/`. If there is an emulator, add its module to
//!    `tests/src/emulator/`, and its tests to `tests/cases/`.
//! 6. Write the board's page, `docs/boards/BOARD.md`: flash map, wiring, first flash, push, how to lock the bootloader, and
//!    what was run where.
//!
//! ## What a chip must do
//!
//! - `start_up() -> Reset` runs first. It must make faults end in a reset, raise the clock, report the cause of the reset and
//!   whether the firmware requested recovery before it, and clear what reported them. If the chip reports the cause
//!   itself, the note in RAM counts only if both agree. A clock source that does not start must leave the chip slow,
//!   never hanging. At its fastest the clock must stay below the chip's limit, the tolerance of its source included.
//! - `Flash`: a read of a torn word must return, with an error or with any bytes; it must never hang. Each erase of a unit
//!   and each write of a word is a function of its own with an unmangled name, so that an emulator can stop at it.
//!   `ERASE_SIZE` is the smallest unit. If units differ in size, the driver must erase what the flash map calls a unit (the
//!   STM32F4's asserts that at compile time), and a range that would end inside one must be refused, never rounded. The error
//!   flags of an operation must be cleared after it: the driver of a HAL may take them for its own.
//! - `arm_watchdog()`: from this call on, firmware that does not feed the watchdog must be reset, with `Cause::Watchdog` as
//!   the cause. With its oscillator at its fastest, the period must exceed the longest erase at its slowest, because
//!   firmware that is stalled by an erase cannot feed.
//! - `reset(word) -> !` must reset everything that the bootloader has used, whether or not the core's own reset request
//!   does. The next boot must find the cause word.
//! - `Clock`: milliseconds since `start()`; it may be coarse, it wraps, and it never waits. `stop()` must leave its timer and
//!   its clock source as after a reset.
//! - `Serial`: `receive()` never waits, and no line error may stop it. `send()` and `flush()` may wait, but not for ever.
//!   Its documentation says how many bytes may arrive while nobody reads: 6 on the nRF51, 1 to 2 on the STM32F4, 32 on
//!   the RP2040.
//! - `recovery_is_requested(&Clock)`: reads the board's recovery pin, if it has one, by `pin.rs`: a pin that reads released is
//!   believed at once, and one that is held at the board's level must stay so for 50 ms. So a pin that nothing but a capacitor
//!   of 100 nF is connected to must not request recovery. The pin must be as after a reset afterwards.
//! - `feed_watchdog()`: feeds any watchdog that may still run from before the reset; it must be harmless if none does.
//! - A watchdog that runs when the bootloader starts, because a reset does not stop it or an option starts it, must be
//!   stopped, lengthened or fed from `start_up` on, and must not end a boot: a verification takes up to a second, a boot
//!   up to two verifications of each slot and an erase of the journal.
//! - `jump(&Verified, recheck) -> !`: interrupts must reach the firmware. Peripherals must be as after a reset, except for the
//!   watchdog and for what keeps the firmware from writing to the bootloader.

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
#[cfg(feature = "recovery")]
mod pin;
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
pub use handoff::{note_boot, note_starts, note_writing, read_crashes, read_fault_note, was_writing};
#[cfg(feature = "nrf51")]
use nrf51 as chip;
#[cfg(feature = "rp2040")]
use rp2040 as chip;
#[cfg(feature = "stm32f4")]
use stm32f4 as chip;

pub use board::{BOARD, UF2_FAMILY};
pub use chip::{Clock, Flash, arm_watchdog, jump, reset, start_up};
#[cfg(feature = "recovery")]
pub use chip::{Serial, feed_watchdog, recovery_is_requested};

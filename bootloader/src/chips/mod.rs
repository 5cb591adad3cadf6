//! The chips that Lifeboot knows. Exactly one is compiled in, as [`BuiltIn`], with the constants of the board that LIFEBOOT_BOARD
//! names.
//!
//! ## A board of your own
//!
//! A board is a file, and nothing in Lifeboot names it: `lifeboot new` begins one, `bootloader/board/src/parse.rs` says what can
//! stand in it, and its errors say what is wrong. Flash map, serial port, recovery pin and clock follow from it. `lifeboot
//! bootloader` builds the bootloader. What no file says: the crystal of an RP2040 must have 12 MHz, as its boot ROM requires for
//! USB, too. With a faster one the core would run faster than it may.
//!
//! ## A chip of your own
//!
//! For a chip that Lifeboot does not know, or to do something in another way, write a bootloader in a crate of your own: an
//! implementation of the trait `Chip` of `lifeboot-bootloader`, over any flash driver with the `embedded-storage` traits, and
//! the line `bootloader!(YourChip)`. The trait's documentation (`bootloader/src/chip.rs`) says what each function must do.
//!
//! Two whole ones, which a test builds, boots, updates and rolls back on emulated chips:
//!
//! - `tests/own_chips/embassy-stm32/`: an STM32F411, over the driver of embassy-stm32.
//! - `tests/own_chips/embassy-rp/`: an RP2040, over the driver of embassy-rp.
//!
//! What such a crate has beside its code:
//!
//! - `build.rs` calls `lifeboot_build::bootloader(&["release.pub.pem"])`, with the public keys that firmware is signed for. It reads
//!   the board from `lifeboot.toml`, and passes the linker script. For a chip that is not in Lifeboot's table, write `BOARD` and
//!   `KEYS` by hand, and pass `-Tlifeboot-bootloader.x` and a `lifeboot-memory.x` with the regions FLASH, INFO and RAM.
//! - `Cargo.toml` asks for the feature `statics` of `lifeboot-bootloader` if the driver has static variables, as those of HALs
//!   do; and for a critical section, such as cortex-m's for a single core. A HAL's own vectors and start-up (often its feature
//!   `rt`) stay out.
//! - `.cargo/config.toml` passes `--cfg sha2_backend_soft="compact"`, without which the code is several times too large.
//!
//! ## To add a chip to Lifeboot
//!
//! A chip of a family that is already here needs step 1, and 3 where its pins and registers differ.
//!
//! 1. Add its facts to `bootloader/board/src/chips/`, and its serial ports and pins to `bootloader/board/src/pins/`; a new
//!    family is a variant of `Family` in `bootloader/board/src/chip.rs`, which names its feature. Tests there hold every chip
//!    against what formats and checks assume.
//! 2. Add the feature to `bootloader/Cargo.toml`, and a folder for the family, `bootloader/src/chips/FAMILY/`:
//!    - `mod.rs` with the implementation of `Chip`. A core without VTOR brings its own vector table, as `nrf51` does. What the
//!      chip's ROM expects in front of the vector table goes into the section `.boot2`.
//!    - `flash.rs` with the flash driver, which implements the `embedded-storage` traits; in `bootloader/chips/` if firmware needs
//!      it, too. Each erase of a unit and each write of a word is a function of its own with an unmangled name, so that an
//!      emulator can stop at it.
//!    - `clock.rs` with the millisecond clock.
//!    - `recovery.rs` with the board file's serial port, polled, and the recovery pin.
//!    - `registers.rs` with the registers that more than one of these files uses.
//!
//!    Add its two lines to `bootloader/src/chips/mod.rs`.
//! 3. What differs between its boards comes as constants: `bootloader/board/src/render/bootloader.rs` renders them, and
//!    `bootloader/src/chips/board/types.rs` has their types. A constant costs the boards nothing that do not need it.
//! 4. Write a board file with the chip to `bootloader/board/tests/boards/`, and build the bootloader for it.
//! 5. To have the example firmware on it, add a board file to `firmware-example/boards/` and its code, with serial port, clock,
//!    LED and watchdog feed, to `firmware-example/src/board/`. If there is an emulator, add its module to
//!    `tests/src/emulator/`, and its tests to `tests/cases/`.
//! 6. Write the board's page, `docs/boards/BOARD.md`: flash map, wiring, first flash, push, how to lock the bootloader, and
//!    what was run where.

mod board;
#[cfg(not(feature = "recovery"))]
mod no_recovery;
#[cfg(feature = "nrf51")]
mod nrf51;
#[cfg(feature = "rp2040")]
mod rp2040;
#[cfg(feature = "stm32f4")]
mod stm32f4;

#[cfg(feature = "nrf51")]
pub use nrf51::{Nrf51 as BuiltIn, VECTORS, Vectors};
#[cfg(feature = "rp2040")]
pub use rp2040::Rp2040 as BuiltIn;
#[cfg(feature = "stm32f4")]
pub use stm32f4::Stm32f4 as BuiltIn;

#[cfg(not(feature = "nrf51"))]
pub use with_vtor::{VECTORS, Vectors};

#[cfg(not(feature = "nrf51"))]
mod with_vtor {
    use super::BuiltIn;
    use crate::cortex_m::{Vector, system_vectors};

    /// The type of [`VECTORS`].
    pub type Vectors = [Vector; 16];
    /// The vectors of the bootloader.
    pub const VECTORS: Vectors = system_vectors::<BuiltIn>();
}

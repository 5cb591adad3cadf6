//! Lifeboot's bootloader: picks the slot, verifies it, starts it.
//!
//! A bootloader has no static variables, no allocator and no formatting. After the jump none of its code runs, except the
//! forwarding of interrupts on a core that cannot move its vector table.
//!
//! ## For the chips that Lifeboot knows
//!
//! `lifeboot bootloader` builds the bootloader of the project's board, with the project's keys.
//!
//! ## For a chip of your own
//!
//! A bootloader is a small program of yours: an implementation of [`Chip`] and one line, [`bootloader!`].
//!
//! ```text
//! #![no_std]
//! #![no_main]
//!
//! lifeboot_bootloader::board!();
//!
//! struct Acme;
//!
//! impl lifeboot_bootloader::Chip for Acme {
//!     const BOARD: &'static Board = &BOARD;
//!     const KEYS: &'static [[u8; 32]] = &KEYS;
//!     type Flash = acme_hal::Flash;
//!     // start-up, clock, serial port, watchdog
//! }
//!
//! lifeboot_bootloader::bootloader!(Acme);
//! ```
//!
//! Its build script calls `lifeboot_build::bootloader`, which reads the board from `lifeboot.toml` and the keys from the files
//! that it is given, and passes the linker script. `docs/porting.md` has two whole ones, over the flash drivers of
//! embassy-stm32 and embassy-rp.

// Nothing here is for a computer, whose instructions are others.
#![cfg(target_os = "none")]
#![no_std]
#![deny(missing_docs)]

mod chip;
#[cfg(feature = "chip")]
pub mod chips;
mod cortex_m;
mod flash;
mod handoff;
mod info;
#[cfg(feature = "defmt")]
mod log;
#[cfg(feature = "defmt")]
mod log_buffer;
mod pin;
#[cfg(feature = "recovery")]
mod recovery;
mod registers;
mod reset;
mod run;
mod runtime;
mod system_reset;
mod vtor;

// What is rendered for a build names this crate.
extern crate self as lifeboot_bootloader;

pub use chip::{Chip, Clock, NoSerial, Serial};
pub use cortex_m::{Vector, system_vectors};
pub use lifeboot_core::layout::{self, Board};
pub use lifeboot_core::record::Cause;
pub use pin::is_held;

// Defines the function that the compiler calls.
use lifeboot_chips as _;

/// What [`bootloader!`] expands to; not for use by itself.
#[doc(hidden)]
pub mod parts {
    #[cfg(not(feature = "statics"))]
    pub use crate::cortex_m::clear_stack as prepare_ram;
    #[cfg(feature = "statics")]
    pub use crate::cortex_m::prepare_ram;
    pub use crate::info::info;
    pub use crate::reset::fault;
    pub use crate::run::run;
    pub use lifeboot_core::info::InfoSection;

    /// Whether the compact verifier is built in.
    pub const IS_COMPACT: bool = cfg!(feature = "compact");
}

/// Defines the board that the bootloader is built for, and its keys, as `lifeboot_build::bootloader` has rendered them in the
/// package's build script: the static `BOARD`, the constants `KEYS` and `DEMO_KEY`, and a [`Region`](layout::Region) for each
/// region of the application.
#[macro_export]
macro_rules! board {
    () => {
        include!(concat!(env!("OUT_DIR"), "/board.rs"));
    };
}

/// Makes the program that is being built the bootloader of a [`Chip`]: entry, vectors, info and panic handler.
///
/// A core that has no VTOR brings vectors that forward interrupts to the firmware:
/// `bootloader!(Acme, vectors: [Vector; 48] = VECTORS)`.
#[macro_export]
macro_rules! bootloader {
    ($chip:ty) => {
        $crate::bootloader!($chip, vectors: [$crate::Vector; 16] = $crate::system_vectors::<$chip>());
    };
    ($chip:ty, vectors: $table:ty = $vectors:expr) => {
        const _: () = {
            #[used]
            #[unsafe(link_section = ".info")]
            static INFO: $crate::parts::InfoSection = $crate::parts::info::<$chip>();

            #[used]
            #[unsafe(link_section = ".vectors")]
            static VECTORS: $table = $vectors;

            /// The core starts here.
            #[unsafe(naked)]
            #[unsafe(no_mangle)]
            extern "C" fn lifeboot_entry() -> ! {
                ::core::arch::naked_asm!(
                    "bl {prepare_ram}",
                    "bl {reset}",
                    "1: b 1b",
                    prepare_ram = sym $crate::parts::prepare_ram::<$chip>,
                    reset = sym lifeboot_reset,
                )
            }

            /// Entered with an empty stack.
            #[unsafe(no_mangle)]
            extern "C" fn lifeboot_reset() -> ! {
                $crate::parts::run::<$chip>(&INFO.info)
            }

            #[panic_handler]
            fn panic(_: &::core::panic::PanicInfo) -> ! {
                $crate::parts::fault::<$chip>()
            }
        };
    };
}

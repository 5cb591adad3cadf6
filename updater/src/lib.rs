//! The firmware's side of Lifeboot.
//!
//! [`Updater`] writes the other slot, verifies it, marks it trial and confirms; [`Session`] lets a host do so over a
//! serial line. Neither has chip code: flash is accessed through `embedded-storage` or `embedded-storage-async`, the line through
//! `embedded-io` or `embedded-io-async`.
//!
//! ```no_run
//! # use lifeboot_updater::*;
//! # use lifeboot_example_boards::MICROBIT as BOARD;
//! # fn run<F, S>(flash: F, mut serial: S, now: fn() -> u32, reset: fn() -> !, self_test: fn() -> bool) -> Result<(), Refusal>
//! # where F: embedded_storage::nor_flash::NorFlash,
//! #       S: embedded_io::Read + embedded_io::ReadReady + embedded_io::Write + embedded_io::WriteReady {
//! let mut updater = Updater::new(flash, &BOARD)?;
//! if updater.is_trial() && self_test() {
//!     updater.confirm()?;
//! }
//! // Frames of 528 bytes, over a port that buffers 1,024: see `Session`.
//! let mut session = Session::<528>::new(1024);
//! loop {
//!     if let Ok(Event::Reset) = session.poll(now(), &mut serial, &mut updater) {
//!         reset();
//!     }
//!     // the application
//! }
//! # }
//! ```
//!
//! From a byte on the serial port to a word in flash: [`wire::frame`] finds a message, [`wire`] decodes it,
//! [`session`](Session) and `conversation` carry it out, `transfer` rebases the bytes and makes blocks of them, `due` makes flash
//! operations of these, and `blocking` or `asynchronous` has the flash driver do them.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

/// Defines the board that the firmware is built for, as `lifeboot-build` has rendered it in the package's build script: the static
/// [`BOARD`](Board), and a [`Region`](layout::Region) for each region of the application, such as `STORAGE`.
///
/// ```text
/// lifeboot_updater::board!();
/// let mut updater = Updater::new(flash, &BOARD)?;
/// ```
#[macro_export]
macro_rules! board {
    () => {
        include!(concat!(env!("OUT_DIR"), "/board.rs"));
    };
}

mod asynchronous;
mod blocking;
mod confirm;
mod conversation;
mod due;
mod event;
mod finish;
mod flash;
mod geometry;
mod line;
mod operation;
#[cfg(feature = "delta")]
mod patched;
#[cfg(feature = "delta")]
mod patching;
mod rollback;
mod session;
mod staging;
mod status;
mod step;
mod suspects;
mod ticket;
mod transfer;
mod updater;
mod work;

pub use event::{Event, RESTART_DELAY};
pub use flash::{ReadAtOnce, ReadError, SplitError, SplitFlash};
pub use lifeboot_core::layout::{self, Board, Slot};
pub use lifeboot_core::record::{Cause, Fault};
pub use lifeboot_core::{Version, handover};
pub use lifeboot_wire::{self as wire, Refusal};
pub use operation::Step;
pub use session::{Session, TRIAL_DEADLINE};
pub use ticket::Ticket;
pub use updater::{Expected, Updater};

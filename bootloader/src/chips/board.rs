//! The board that is compiled in, as the build script has rendered it from the file that LIFEBOOT_BOARD names: its flash map,
//! [`BOARD`], its keys, and what the chip's code has to know of pins, clock and sectors. All of that is constants, so a board pays for
//! nothing that only another one needs.
#![allow(
    dead_code,
    unused_imports,
    reason = "chips and features differ in what they need, and firmware has regions, too"
)]

mod types;

pub use types::{ClockSettings, Divisor, Pin, RecoveryPin, SectorRun, SerialPort};

include!(concat!(env!("OUT_DIR"), "/board.rs"));

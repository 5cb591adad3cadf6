//! Boards as data, for build scripts and the host tool: reads a board file, knows the chips, checks the flash map, and renders
//! constants and linker symbols.
//!
//! | module | owns |
//! | --- | --- |
//! | [`parse_file`], [`parse_table`] | the form of a board file |
//! | [`read()`], [`of_project`] | board files on disk |
//! | [`chips`], [`chip`] | what is known of chips: flash, RAM, core, names |
//! | [`pins`], [`pin`] | serial ports and pins of each chip |
//! | [`clock`] | the clock of an STM32F4 |
//! | [`map`] | the flash map: regions and their sectors |
//! | [`suggest`] | a first board file for a chip |
//! | [`BoardDescription`] | a board with all that follows from its file |
//!
//! A board is used only once it has passed every check, so that nothing after this crate has to ask again. Facts carry their
//! manual's section; a test of `host-tool/probe` holds them against the descriptions that probe-rs has.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod check;
pub mod chip;
pub mod chips;
pub mod clock;
mod description;
mod error;
pub mod map;
mod nearest;
mod parse;
pub mod pin;
pub mod pins;
mod place;
mod read;
mod render;
mod sectors;
mod size;
mod suggest;
mod values;
mod verifier;

pub use description::{BAUD, BoardDescription};
pub use error::{BoardError, Wrong};
pub use map::FlashMap;
pub use parse::{parse_file, parse_table};
pub use read::{FoundBoard, PROJECT_FILE, ReadError, of_project, read, read_by};
pub use sectors::{Sector, SectorRun, Sectors};
pub use size::{read as read_size, show as show_size};
pub use suggest::{NewBoard, suggest};
pub use verifier::Verifier;

//! A firmware's ELF file: which part of it goes into a slot, and what the linker recorded about it.
//!
//! The payload is the content of the segments, placed by physical (load) address relative to the board's payload
//! address. Gaps are filled with 0xFF, as erased flash reads. The payload starts with the vector table, and every byte
//! of it lies in the slot that the firmware is linked for. Bytes of a segment before its first section are the ELF
//! file's own headers, which `lld` maps into memory if there is room: they are not firmware and are left out.
//!
//! Addresses in symbols and relocations are virtual: where code runs, and where data lies once it was copied to RAM.
//! For an image the load address of a section counts; [`Firmware::payload_offset`] converts the former to the latter.

mod bounds;
mod error;
mod firmware;
mod link_inputs;
mod lost;
mod raw;
mod read;

pub use error::ElfError;
pub use firmware::{Firmware, Relocation, Section, Symbol, SymbolSection};
pub use link_inputs::link_inputs;
pub(crate) use read::loads;
pub use read::{board_of, check};

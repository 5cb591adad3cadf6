//! A firmware's ELF file: what of it goes into a slot, and what the linker says about it.
//!
//! The payload is what the segments hold, placed by physical (load) address from the board's payload address on, gaps
//! filled with 0xFF as erased flash is. It starts with the vector table; every byte of it lies in the slot that the
//! firmware is linked for. A segment's bytes in front of its first section are the ELF file's own headers, which `lld`
//! maps into memory where there is room for them: they are no firmware and are left out.
//!
//! Addresses in symbols and relocations are virtual: where code runs and data lies once it was copied to RAM. What
//! counts for an image is where a section's bytes are loaded; [`Firmware::payload_offset`] goes from one to the other.

mod error;
mod firmware;
mod read;

pub use error::ElfError;
pub use firmware::{Firmware, Relocation, Section, Symbol, SymbolSection};
pub use read::board_of;
pub(crate) use read::loads;

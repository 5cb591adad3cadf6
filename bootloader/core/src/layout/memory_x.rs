//! The linker scripts' part that depends on the map.

use super::{Board, HANDOVER_LENGTH, INFO_LENGTH, MapBytes, Region, Slot};
use core::fmt;

impl Board {
    /// Returns the `MEMORY` command of a linker script for firmware in `slot`, in the form that `cortex-m-rt` includes
    /// as `memory.x`, and the symbols by which the ELF file names its board and holds the map: [`BOARD_SYMBOL`], [`MAP_SYMBOL`].
    pub const fn memory_x(&self, slot: Slot) -> MemoryX {
        let flash = Region { start: self.payload_address(slot), length: self.capacity() };
        MemoryX {
            flash,
            ram: self.firmware_ram(),
            place: Place::Firmware(self.name, self.map_digest(), self.map_bytes()),
        }
    }

    /// Returns the `MEMORY` command of the bootloader's linker script; `INFO` is the place of its
    /// [`info`](crate::info).
    pub const fn bootloader_memory_x(&self) -> MemoryX {
        let length = self.bootloader.length - INFO_LENGTH as u32;
        let start = self.address(self.bootloader.start);
        MemoryX {
            flash: Region { start, length },
            ram: self.firmware_ram(),
            place: Place::Bootloader { info: Region { start: start + length, length: INFO_LENGTH as u32 } },
        }
    }

    /// Returns the RAM after the words that bootloader and firmware share.
    const fn firmware_ram(&self) -> Region {
        let shared = HANDOVER_LENGTH;
        Region { start: self.ram.start + shared, length: self.ram.length - shared }
    }
}

/// A linker script's `MEMORY` command; print it with `{}`.
#[derive(Clone, Copy, Debug)]
pub struct MemoryX {
    flash: Region,
    ram: Region,
    place: Place,
}

/// What the script is for.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Firmware for the board with this name, map digest and map.
    Firmware(&'static str, u32, MapBytes),
    Bootloader {
        info: Region,
    },
}

/// The start of the symbol by which firmware names its board. Its value is the [map digest](Board::map_digest).
pub const BOARD_SYMBOL: &str = "__lifeboot_board_";
/// The start of the symbols that hold the words of the [flash map](MapBytes), each followed by its number in two digits.
pub const MAP_SYMBOL: &str = "__lifeboot_map_";

impl fmt::Display for MemoryX {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "MEMORY {{")?;
        let mut line = |name: &str, region: Region| {
            writeln!(f, "  {name} : ORIGIN = {:#010x}, LENGTH = {:#x}", region.start, region.length)
        };
        line("FLASH", self.flash)?;
        line("RAM", self.ram)?;
        if let Place::Bootloader { info } = self.place {
            line("INFO", info)?;
        }
        writeln!(f, "}}")?;
        match self.place {
            // Quoted, since a name may hold what a symbol may not.
            Place::Firmware(name, digest, map) => {
                writeln!(f, "\"{BOARD_SYMBOL}{name}\" = {digest:#010x};")?;
                let words = map.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
                (0..).zip(words).try_for_each(|(number, word)| writeln!(f, "{MAP_SYMBOL}{number:02} = {word:#010x};"))
            }
            Place::Bootloader { .. } => Ok(()),
        }
    }
}

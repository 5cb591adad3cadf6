//! The flash maps: one constant for each board, and the only place where an address is written.
//!
//! Offsets count from the start of the chip's flash, as in the `embedded-storage` traits; addresses are those that the
//! core and the linker see. Build scripts render linker scripts from these maps ([`Board::memory_x`]). A map that
//! contradicts itself does not compile.
//!
//! ```text
//! | bootloader ... info | journal | slot A                      | slot B                      |
//!                                 | header | payload | table    | header | payload | table    |
//! ```

use core::fmt;

/// One of the two flash regions that hold firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The slot that firmware is linked for.
    A,
    /// The other slot: firmware in it was rebased.
    B,
}

impl Slot {
    /// Both slots, in order.
    pub const BOTH: [Slot; 2] = [Slot::A, Slot::B];

    /// Returns the other slot.
    pub const fn other(self) -> Slot {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Slot::A => "A",
            Slot::B => "B",
        })
    }
}

/// A range of bytes: of flash, counted from its start; of RAM, by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The first byte.
    pub start: u32,
    /// The length in bytes.
    pub length: u32,
}

impl Region {
    /// Returns the first byte after the region.
    pub const fn end(self) -> u32 {
        self.start + self.length
    }
}

/// The instruction set that firmware for a board is built for; it decides which relocations there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Cortex-M0, M0+: addresses in words only.
    Armv6M,
    /// Cortex-M3, M4, M7: addresses in words and in MOVW/MOVT pairs.
    Armv7M,
}

/// The flash map of a board. All figures are in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Board {
    /// The name that headers carry: ASCII, at most 16 bytes.
    pub name: &'static str,
    /// The instruction set.
    pub architecture: Architecture,
    /// The address at which the core sees the first byte of flash.
    pub flash_address: u32,
    /// The size of the flash.
    pub flash_length: u32,
    /// The bootloader; its last [`INFO_LENGTH`] bytes are its [`info`](crate::info).
    pub bootloader: Region,
    /// The boot journal.
    pub journal: Region,
    /// The bytes that one erase in the journal clears.
    pub journal_unit: u32,
    /// Slots A and B.
    pub slots: [Region; 2],
    /// The bytes that one erase in a slot clears.
    pub slot_unit: u32,
    /// The flash's write unit, the smallest write between two erases; boot records are padded to it.
    pub write_size: u32,
    /// Bytes before the payload in a slot: the header, padded so that the vector table meets the core's alignment
    /// (Armv7-M ARM, B3.2.5: the table's size rounded up to a power of two).
    pub header_length: u32,
    /// The RAM that a stack pointer may point into, by address. Its first [`HANDOVER_LENGTH`] bytes are shared by
    /// bootloader and firmware.
    pub ram: Region,
    /// Whether the watchdog also runs while confirmed firmware does, so that a device in the field that hangs is
    /// restarted. All firmware for the board must then feed it for as long as it runs. Off on the boards here.
    pub watches_confirmed: bool,
}

/// BBC micro:bit v1: nRF51822-QFAA, 256 KiB flash in pages of 1 KiB, 16 KiB RAM (nRF51 Series Reference Manual 3.0,
/// section 6.1; nRF51822 PS 3.1, table 15).
pub static MICROBIT: Board = Board {
    name: "microbit",
    architecture: Architecture::Armv6M,
    flash_address: 0,
    flash_length: 256 * KIB,
    bootloader: Region { start: 0, length: 28 * KIB },
    journal: Region { start: 28 * KIB, length: 2 * KIB },
    journal_unit: KIB,
    slots: [Region { start: 30 * KIB, length: 113 * KIB }, Region { start: 143 * KIB, length: 113 * KIB }],
    slot_unit: KIB,
    write_size: 4,
    header_length: 256,
    ram: Region { start: 0x2000_0000, length: 16 * KIB },
    watches_confirmed: false,
};

/// STM32F405/F407 with 1 MiB of flash: sectors of 16, 64 and 128 KiB (RM0090, table 5), 128 KiB of RAM.
/// Sectors 0 and 1 hold the bootloader, 2 and 3 the journal, 5 to 7 and 8 to 10 the slots; 4 and 11 are the firmware's.
pub static STM32F405: Board = Board {
    name: "stm32f405",
    architecture: Architecture::Armv7M,
    flash_address: 0x0800_0000,
    flash_length: 1024 * KIB,
    bootloader: Region { start: 0, length: 32 * KIB },
    journal: Region { start: 32 * KIB, length: 32 * KIB },
    journal_unit: 16 * KIB,
    slots: [Region { start: 128 * KIB, length: 384 * KIB }, Region { start: 512 * KIB, length: 384 * KIB }],
    slot_unit: 128 * KIB,
    write_size: 4,
    header_length: 512,
    ram: Region { start: 0x2000_0000, length: 128 * KIB },
    watches_confirmed: false,
};

/// Raspberry Pi Pico: RP2040, 2 MiB of W25Q16JV flash, which erases sectors of 4 KiB and programs pages of 256 bytes
/// (W25Q16JV, 8.2); its driver does not use the erase of 64 KiB. RAM is the 256 KiB of the four striped banks (RP2040
/// Datasheet, 2.6.2).
///
/// The first 256 bytes of the bootloader are the chip's second stage (2.8.1). What is left between journal and slot A,
/// and the last 64 KiB, are the firmware's.
pub static PICO: Board = Board {
    name: "pico",
    architecture: Architecture::Armv6M,
    flash_address: 0x1000_0000,
    flash_length: 2048 * KIB,
    bootloader: Region { start: 0, length: 32 * KIB },
    journal: Region { start: 32 * KIB, length: 8 * KIB },
    journal_unit: 4 * KIB,
    slots: [Region { start: 64 * KIB, length: 960 * KIB }, Region { start: 1024 * KIB, length: 960 * KIB }],
    slot_unit: 4 * KIB,
    write_size: 256,
    header_length: 256,
    ram: Region { start: 0x2000_0000, length: 256 * KIB },
    watches_confirmed: false,
};

/// Every board that Lifeboot supports.
pub static BOARDS: [&Board; 3] = [&MICROBIT, &STM32F405, &PICO];

const _: () = MICROBIT.check();
const _: () = STM32F405.check();
const _: () = PICO.check();

const KIB: u32 = 1024;

/// Bytes of an image's header.
pub const HEADER_LENGTH: usize = 256;

/// Bytes of a boot record.
pub const RECORD_LENGTH: usize = 128;

/// How far above the device's epoch floor the epoch of an image may be that the device accepts. A confirm raises the floor
/// irreversibly: without this limit one image with the highest number, signed by mistake, would leave no epoch for any
/// later one.
pub const EPOCH_STEP: u32 = 1000;

/// The schema of a storage that no firmware has recorded one of.
pub const NO_SCHEMA: u16 = 0;

/// Minimum number of boot records that an erase unit of the journal must hold: some of its places are kept for
/// interrupted erases of the next unit.
const RECORDS_PER_UNIT: u32 = 8;

/// Bytes at the end of the bootloader's region that describe it.
pub const INFO_LENGTH: usize = 256;

/// Bytes at the start of RAM that bootloader and firmware share; neither's linker may use them.
pub const HANDOVER_LENGTH: u32 = 64;

/// The updater writes and the verifier reads this many bytes at a time; slots and tables start at a multiple of it. It
/// is the largest write unit of any supported chip (RP2040: a 256-byte page).
pub const BLOCK: u32 = 256;

impl Board {
    /// Returns the region of a slot.
    pub const fn slot(&self, slot: Slot) -> Region {
        self.slots[slot as usize]
    }

    /// Returns the address at which the core sees the byte of flash at `offset`.
    pub const fn address(&self, offset: u32) -> u32 {
        self.flash_address + offset
    }

    /// Returns the address of the payload's first byte in a slot, to which firmware is linked.
    pub const fn payload_address(&self, slot: Slot) -> u32 {
        self.address(self.slot(slot).start) + self.header_length
    }

    /// Returns what must be added to an address inside the canonical payload when it runs in `slot`; wraps.
    pub const fn distance(&self, linked_for: Slot, slot: Slot) -> u32 {
        self.slot(slot).start.wrapping_sub(self.slot(linked_for).start)
    }

    /// Returns the slot that contains an address, if one does.
    pub fn slot_at(&self, address: u32) -> Option<Slot> {
        let offset = address.checked_sub(self.flash_address)?;
        Slot::BOTH.into_iter().find(|slot| {
            let region = self.slot(*slot);
            offset >= region.start && offset < region.end()
        })
    }

    /// Returns the maximum length of payload and table together, in bytes.
    pub const fn capacity(&self) -> u32 {
        self.slots[0].length - self.header_length
    }

    /// Returns the name as headers carry it, padded with zeros.
    pub const fn name_bytes(&self) -> [u8; 16] {
        let name = self.name.as_bytes();
        let mut out = [0; 16];
        let mut index = 0;
        while index < name.len() {
            out[index] = name[index];
            index += 1;
        }
        out
    }

    /// Returns the board with this name.
    pub fn named(name: &str) -> Option<&'static Board> {
        BOARDS.into_iter().find(|board| board.name == name)
    }

    /// Returns the `MEMORY` command of a linker script for firmware in `slot`, in the form that `cortex-m-rt` includes
    /// as `memory.x`, and the symbol by which the ELF file names its board: [`BOARD_SYMBOL`] and the name.
    pub const fn memory_x(&self, slot: Slot) -> MemoryX {
        let flash = Region { start: self.payload_address(slot), length: self.capacity() };
        MemoryX { flash, ram: self.firmware_ram(), place: Place::Firmware(self.name) }
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

    /// Panics, at compile time, if the map contradicts itself.
    pub const fn check(&self) {
        assert!(self.name.is_ascii() && self.name.len() <= 16, "the board's name does not fit the header");
        let [a, b] = self.slots;
        assert!(self.bootloader.end() <= self.journal.start, "the journal overlaps the bootloader");
        assert!(self.journal.end() <= a.start, "slot A overlaps the journal");
        assert!(a.end() <= b.start, "the slots overlap");
        assert!(b.end() <= self.flash_length, "slot B reaches past the flash");
        assert!(a.length == b.length, "an image that fits one slot must fit the other");
        assert!(self.journal.start.is_multiple_of(self.journal_unit), "the journal starts inside an erase unit");
        assert!(self.journal.length.is_multiple_of(self.journal_unit), "the journal ends inside an erase unit");
        assert!(self.journal.length / self.journal_unit >= 2, "a journal needs two erase units");
        assert!(self.journal.length <= 1024 * KIB, "a journal longer than sequence numbers allow for");
        let stride = if self.write_size > RECORD_LENGTH as u32 { self.write_size } else { RECORD_LENGTH as u32 };
        assert!(
            self.journal_unit / stride >= RECORDS_PER_UNIT,
            "an erase unit of the journal holds too few boot records"
        );
        assert!(a.start.is_multiple_of(self.slot_unit), "slot A starts inside an erase unit");
        assert!(b.start.is_multiple_of(self.slot_unit), "slot B starts inside an erase unit");
        assert!(a.length.is_multiple_of(self.slot_unit), "a slot ends inside an erase unit");
        assert!(self.slot_unit.is_multiple_of(BLOCK) && self.journal_unit.is_multiple_of(BLOCK), "tiny erase units");
        assert!(BLOCK.is_multiple_of(self.write_size), "a write unit larger than a block");
        let record = RECORD_LENGTH as u32;
        assert!(
            record.is_multiple_of(self.write_size) || self.write_size > record,
            "a boot record would end inside a write unit"
        );
        assert!(self.header_length.is_multiple_of(BLOCK), "the payload must start at a block");
        assert!(self.header_length as usize >= HEADER_LENGTH, "no room for the header");
        assert!(
            self.payload_address(Slot::A).is_multiple_of(self.header_length)
                && self.payload_address(Slot::B).is_multiple_of(self.header_length)
                || matches!(self.architecture, Architecture::Armv6M),
            "the vector table is not aligned"
        );
        assert!(
            matches!(self.architecture, Architecture::Armv6M) || (b.start - a.start).is_multiple_of(64 * KIB),
            "a MOVT can only be rebased by a multiple of 64 KiB"
        );
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
    /// Firmware for the board with this name.
    Firmware(&'static str),
    Bootloader {
        info: Region,
    },
}

/// The start of the symbol by which firmware names its board. Its value has no meaning.
pub const BOARD_SYMBOL: &str = "__lifeboot_board_";

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
            Place::Firmware(name) => writeln!(f, "\"{BOARD_SYMBOL}{name}\" = 0;"),
            Place::Bootloader { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn linker_scripts_carry_the_map() {
        assert_eq!(
            MICROBIT.memory_x(Slot::B).to_string(),
            "MEMORY {\n  FLASH : ORIGIN = 0x00023d00, LENGTH = 0x1c300\n  RAM : ORIGIN = 0x20000040, LENGTH = 0x3fc0\n}\n\
             \"__lifeboot_board_microbit\" = 0;\n"
        );
        let bootloader = STM32F405.bootloader_memory_x().to_string();
        assert!(bootloader.contains("INFO : ORIGIN = 0x08007f00, LENGTH = 0x100"), "{bootloader}");
    }

    #[test]
    fn addresses_find_their_slot() {
        let a = STM32F405.payload_address(Slot::A);
        assert_eq!(STM32F405.slot_at(a), Some(Slot::A));
        assert_eq!(STM32F405.slot_at(a + STM32F405.distance(Slot::A, Slot::B)), Some(Slot::B));
        assert_eq!(STM32F405.slot_at(0x0800_0000), None);
        assert_eq!(STM32F405.slot_at(0x2000_0000), None);
    }

    #[test]
    fn a_slot_reaches_from_its_first_byte_to_its_last() {
        for board in BOARDS {
            for slot in Slot::BOTH {
                let Region { start, length } = board.slot(slot);
                assert_eq!(board.slot_at(board.address(start)), Some(slot), "{}", board.name);
                assert_eq!(board.slot_at(board.address(start + length - 1)), Some(slot), "{}", board.name);
            }
            let [a, b] = board.slots;
            assert_eq!(board.slot_at(board.address(a.start - 1)), None, "{}", board.name);
            assert_eq!(board.slot_at(board.address(b.start + b.length)), None, "{}", board.name);
        }
    }

    #[test]
    fn slots_are_called_by_their_letters() {
        assert_eq!(Slot::BOTH.map(|slot| slot.to_string()), ["A", "B"]);
    }
}

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

mod checks;
mod map;
mod memory_x;
#[cfg(test)]
mod samples;
mod with;

pub use map::{MAP_LENGTH, MapBytes, RUNS, units_in};
pub use memory_x::{BOARD_SYMBOL, MAP_SYMBOL, MemoryX};
#[cfg(test)]
pub(crate) use samples::{BOARDS, MICROBIT, STM32F405};

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

/// A run of equal erase units: it reaches up to the start of the next run, or to the end of the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// Where the first unit starts, counted from the start of the flash.
    pub start: u32,
    /// The bytes that one erase clears: a power of two.
    pub length: u32,
}

/// The instruction set that firmware for a board is built for; it decides which relocations there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Architecture {
    /// Cortex-M0, M0+: addresses in words only.
    Armv6M,
    /// Cortex-M3, M4, M7: addresses in words and in MOVW/MOVT pairs.
    Armv7M,
}

/// The flash map of a board. All figures are in bytes.
///
/// Build scripts render it from `lifeboot.toml`. A board whose chip Lifeboot does not know is written by hand, with a `with_` for each
/// field, in any order; a later version may add fields, which then have a default:
///
/// ```
/// use lifeboot_core::layout::{Architecture, Board, Region, Units};
///
/// const KIB: u32 = 1024;
/// static BOARD: Board = Board::new("acme-press", Architecture::Armv7M)
///     .with_flash_address(0x0800_0000)
///     .with_flash_length(512 * KIB)
///     .with_units(&[Units { start: 0, length: 2 * KIB }])
///     .with_write_size(8)
///     .with_bootloader(Region { start: 0, length: 32 * KIB })
///     .with_journal(Region { start: 32 * KIB, length: 4 * KIB })
///     .with_journal_unit(2 * KIB)
///     .with_slots([Region { start: 64 * KIB, length: 192 * KIB }, Region { start: 256 * KIB, length: 192 * KIB }])
///     .with_header_length(512)
///     .with_ram(Region { start: 0x2000_0000, length: 96 * KIB });
/// const _: () = BOARD.check();
/// ```
///
/// What is left out does not compile, if nothing can be right without it:
///
/// ```compile_fail,E0080
/// # use lifeboot_core::layout::{Architecture, Board};
/// static BOARD: Board = Board::new("acme-press", Architecture::Armv7M).with_flash_length(512 * 1024);
/// const _: () = BOARD.check();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// The bytes that one erase in the journal clears; its units are equal.
    pub journal_unit: u32,
    /// Slots A and B.
    pub slots: [Region; 2],
    /// The erase units of the whole flash, in order; see [`Units`].
    pub units: &'static [Units],
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

pub(crate) const KIB: u32 = 1024;

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

    /// Returns the erase unit that the byte of flash at `offset` lies in.
    pub const fn unit_at(&self, offset: u32) -> Region {
        let mut run = Units { start: 0, length: BLOCK };
        let mut rest = self.units;
        while let [next, others @ ..] = rest
            && next.start <= offset
        {
            (run, rest) = (*next, others);
        }
        // Lengths are powers of two: a Cortex-M0 cannot divide.
        let start = run.start + ((offset - run.start) & !(run.length - 1));
        Region { start, length: run.length }
    }

    /// Returns how many erase units start in a range of the flash.
    pub const fn units_between(&self, start: u32, end: u32) -> u32 {
        let mut number = 0;
        let mut index = 0;
        while index < self.units.len() {
            let Units { start: first, length } = self.units[index];
            let last = if index + 1 < self.units.len() { self.units[index + 1].start } else { self.flash_length };
            let from = if first > start { first } else { start };
            let to = if last < end { last } else { end };
            if from < to {
                // Lengths are powers of two: a Cortex-M0 cannot divide.
                let shift = length.trailing_zeros();
                number += ((to - first + length - 1) >> shift) - ((from - first + length - 1) >> shift);
            }
            index += 1;
        }
        number
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
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn units_reach_up_to_the_next_run() {
        let unit = |offset| STM32F405.unit_at(offset);
        assert_eq!(unit(0), Region { start: 0, length: 16 * KIB });
        assert_eq!(unit(64 * KIB - 1), Region { start: 48 * KIB, length: 16 * KIB });
        assert_eq!(unit(64 * KIB), Region { start: 64 * KIB, length: 64 * KIB });
        assert_eq!(unit(1024 * KIB - 1), Region { start: 896 * KIB, length: 128 * KIB });
        assert_eq!(MICROBIT.unit_at(143 * KIB + 5), Region { start: 143 * KIB, length: KIB });
    }

    #[test]
    fn linker_scripts_carry_the_map() {
        let firmware = MICROBIT.memory_x(Slot::B).to_string();
        let expected = "MEMORY {\n  FLASH : ORIGIN = 0x00023d00, LENGTH = 0x1c300\n  RAM : ORIGIN = 0x20000040, LENGTH = \
                        0x3fc0\n}\n\"__lifeboot_board_microbit\" = 0x95209187;\n__lifeboot_map_00 = 0x01020000;\n";
        assert!(firmware.starts_with(expected), "{firmware}");
        // Slot A, and the only run of erase units: from 0 on, of 1 << 10 bytes.
        for line in [
            "__lifeboot_map_07 = 0x00007800;\n",
            "__lifeboot_map_12 = 0x0000000a;\n",
            "__lifeboot_map_19 = 0x00000000;\n",
        ] {
            assert!(firmware.contains(line), "{firmware}");
        }
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
    fn a_map_is_read_back_from_its_bytes() {
        for board in BOARDS {
            let bytes = board.map_bytes();
            let units: std::vec::Vec<Units> = units_in(&bytes).collect();
            assert_eq!(units, board.units);
            assert_eq!(Board::from_map(board.name, &bytes, board.units).as_ref(), Some(board));
            assert_eq!(board.contradiction(), None);
        }
        let mut unknown = MICROBIT.map_bytes();
        unknown[0] = 2;
        assert_eq!(Board::from_map("microbit", &unknown, MICROBIT.units), None);
    }

    #[test]
    fn a_header_past_the_end_of_the_memory_is_no_overflow() {
        let length = 64 * 1024 * KIB;
        let last = Region { start: length - 32 * KIB, length: 32 * KIB };
        let ends = Board { flash_address: u32::MAX - length, flash_length: length, ..STM32F405 };
        let board = Board { slots: [last; 2], header_length: 0xFF00, ..ends };
        assert_eq!(board.contradiction(), Some("no room for the header, or for firmware"));
    }

    #[test]
    fn any_bytes_can_be_judged() {
        let good = STM32F405.map_bytes();
        let mut seed = 1_u32;
        let mut wrong = 0;
        for round in 0..200_000_u32 {
            let mut bytes = good;
            for _ in 0..1 + round % 3 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                bytes[(seed >> 8) as usize % MAP_LENGTH] = (seed >> 24) as u8;
            }
            let units: std::vec::Vec<Units> = units_in(&bytes).collect();
            let board = Board::from_map("any", &bytes, units.leak());
            wrong += u32::from(board.is_none_or(|board| board.contradiction().is_some()));
        }
        assert!(wrong > 100_000, "{wrong}");
    }

    #[test]
    fn slots_are_called_by_their_letters() {
        assert_eq!(Slot::BOTH.map(|slot| slot.to_string()), ["A", "B"]);
    }
}

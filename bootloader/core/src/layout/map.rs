//! The flash map as bytes, by which parts that were built for different maps recognise each other. Bootloader and firmware carry
//! it, so that a host needs no list of boards.
//!
//! Words, little-endian:
//!
//! | offset | field |
//! | --- | --- |
//! | 0x00 | one byte each: instruction set (0 = Armv6-M, 1 = Armv7-M); flags (bit 0: confirmed firmware is watched); write unit, as a power of two; header length in blocks |
//! | 0x04 | address of the flash |
//! | 0x08 | length of the flash |
//! | 0x0C | length of the bootloader, which starts the flash |
//! | 0x10 | start of the journal |
//! | 0x14 | length of the journal |
//! | 0x18 | erase unit of the journal |
//! | 0x1C | start of slot A |
//! | 0x20 | start of slot B |
//! | 0x24 | length of a slot |
//! | 0x28 | address of the RAM |
//! | 0x2C | length of the RAM |
//! | 0x30 | up to 8 runs of erase units: the start, and in its low byte the unit's length as a power of two; 0 behind the last |

use super::{Architecture, BLOCK, Board, Region, Units};
use crate::bytes::{field, put};
use crate::checksum::CRC;

/// Bytes of a map.
pub const MAP_LENGTH: usize = 0x50;

/// Maximum number of runs of erase units.
pub const RUNS: usize = 8;

/// A map's bytes.
pub type MapBytes = [u8; MAP_LENGTH];

const FLAGS_AT: usize = 0x01;
const RUNS_AT: usize = 0x30;

impl Board {
    /// Returns the bytes of the map. The board's name is not among them.
    pub const fn map_bytes(&self) -> MapBytes {
        let mut out = [0; MAP_LENGTH];
        let architecture = match self.architecture {
            Architecture::Armv6M => 0,
            Architecture::Armv7M => 1,
        };
        let write_unit = self.write_size.trailing_zeros() as u8;
        let kinds = [architecture, self.watches_confirmed as u8, write_unit, (self.header_length / BLOCK) as u8];
        put::<0x00, 4, MAP_LENGTH>(&mut out, kinds);
        put::<0x04, 4, MAP_LENGTH>(&mut out, self.flash_address.to_le_bytes());
        put::<0x08, 4, MAP_LENGTH>(&mut out, self.flash_length.to_le_bytes());
        put::<0x0C, 4, MAP_LENGTH>(&mut out, self.bootloader.length.to_le_bytes());
        put::<0x10, 4, MAP_LENGTH>(&mut out, self.journal.start.to_le_bytes());
        put::<0x14, 4, MAP_LENGTH>(&mut out, self.journal.length.to_le_bytes());
        put::<0x18, 4, MAP_LENGTH>(&mut out, self.journal_unit.to_le_bytes());
        put::<0x1C, 4, MAP_LENGTH>(&mut out, self.slots[0].start.to_le_bytes());
        put::<0x20, 4, MAP_LENGTH>(&mut out, self.slots[1].start.to_le_bytes());
        put::<0x24, 4, MAP_LENGTH>(&mut out, self.slots[0].length.to_le_bytes());
        put::<0x28, 4, MAP_LENGTH>(&mut out, self.ram.start.to_le_bytes());
        put::<0x2C, 4, MAP_LENGTH>(&mut out, self.ram.length.to_le_bytes());
        let (_, runs) = out.split_at_mut(RUNS_AT);
        let (mut places, mut rest) = (runs, self.units);
        while let [Units { start, length }, others @ ..] = rest
            && let Some((place, next)) = places.split_first_chunk_mut()
        {
            *place = (*start | length.trailing_zeros()).to_le_bytes();
            (places, rest) = (next, others);
        }
        out
    }

    /// Returns the map digest: a checksum, CRC-32, of the map's bytes without the flags, which firmware need not know.
    pub const fn map_digest(&self) -> u32 {
        let mut map = self.map_bytes();
        map[FLAGS_AT] = 0;
        CRC.checksum(&map)
    }

    /// Whether parts that are built for the two boards fit together: they have the same name and the same map.
    pub fn fits(&self, other: &Board) -> bool {
        self.name == other.name && self.map_digest() == other.map_digest()
    }

    /// Returns the board with this name and map, whose erase units are written to `units`; `None` if that is no map. What it says
    /// is not checked further: see [`check`](Self::check).
    pub fn from_map(name: &'static str, map: &MapBytes, units: &'static [Units]) -> Option<Board> {
        let [architecture, flags, write_unit, header_blocks] = field::<0x00, 4, MAP_LENGTH>(map);
        let length = word::<0x24>(map);
        Some(Board {
            name,
            architecture: match architecture {
                0 => Architecture::Armv6M,
                1 => Architecture::Armv7M,
                _ => return None,
            },
            flash_address: word::<0x04>(map),
            flash_length: word::<0x08>(map),
            bootloader: Region { start: 0, length: word::<0x0C>(map) },
            journal: Region { start: word::<0x10>(map), length: word::<0x14>(map) },
            journal_unit: word::<0x18>(map),
            slots: [Region { start: word::<0x1C>(map), length }, Region { start: word::<0x20>(map), length }],
            units,
            write_size: 1_u32.checked_shl(u32::from(write_unit))?,
            header_length: u32::from(header_blocks) * BLOCK,
            ram: Region { start: word::<0x28>(map), length: word::<0x2C>(map) },
            watches_confirmed: flags & 1 != 0,
        })
    }
}

/// Returns the runs of erase units in a map's bytes.
pub fn units_in(map: &MapBytes) -> impl Iterator<Item = Units> + '_ {
    let words = map.split_at(RUNS_AT).1.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
    let units = |word: u32| Units { start: word & !0xff, length: 1_u32.checked_shl(word & 0xff).unwrap_or(0) };
    words.take_while(|word| *word != 0).map(units)
}

fn word<const AT: usize>(map: &MapBytes) -> u32 {
    u32::from_le_bytes(field::<AT, 4, MAP_LENGTH>(map))
}

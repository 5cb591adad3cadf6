//! UF2, as an RP2040's boot ROM accepts it (RP2040 datasheet, 2.8.4): blocks of 512 bytes, each with 256 bytes of
//! flash.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x000 | 8 | two magic numbers |
//! | 0x008 | 4 | flags: 0x2000 = a family id is given |
//! | 0x00C | 4 | address |
//! | 0x010 | 4 | bytes of flash in this block: 256 |
//! | 0x014 | 4+4 | number of this block, from 0; number of all blocks |
//! | 0x01C | 4 | family id |
//! | 0x020 | 476 | the bytes, padded with zeros |
//! | 0x1FC | 4 | a third magic number |
//!
//! The boot ROM erases each 4 KiB sector that a block falls into. It does not write a sector correctly if only a part
//! of it is present (erratum RP2040-E14), so sectors are filled up with erased bytes.

use super::format::{FlashFileError, Format, damaged};
use crate::segment::{ERASED, Segment};
use std::collections::BTreeMap;

/// The magic numbers at the start of every block.
pub const MAGIC: [u8; 8] = [0x55, 0x46, 0x32, 0x0a, 0x57, 0x51, 0x5d, 0x9e];

const MAGIC_END: [u8; 4] = [0x30, 0x6f, 0xb1, 0x0a];
const FAMILY_GIVEN: u32 = 0x2000;
/// Bytes of a block in the file.
const BLOCK: usize = 512;
/// Bytes of flash in a block.
const PAYLOAD: usize = 256;
const SECTOR: u32 = 4096;

/// Makes a file for the boot ROM that accepts `family`.
///
/// # Errors
/// [`FlashFileError::TooLarge`]
pub fn write<'a>(segments: impl Iterator<Item = &'a Segment>, family: u32) -> Result<Vec<u8>, FlashFileError> {
    let mut sectors = BTreeMap::new();
    for segment in segments {
        let first = segment.address - segment.address % SECTOR;
        for start in (first..segment.end()).step_by(SECTOR as usize) {
            let sector = sectors.entry(start).or_insert([ERASED; SECTOR as usize]);
            segment.put_into(start, sector);
        }
    }
    let count = u32::try_from(sectors.len() * SECTOR as usize / PAYLOAD);
    let count = count.map_err(|_| FlashFileError::TooLarge(Format::Uf2))?;
    let payloads = sectors.iter().flat_map(|(start, sector)| (*start..).step_by(PAYLOAD).zip(sector.chunks(PAYLOAD)));
    let mut out = Vec::new();
    for (number, (address, payload)) in (0_u32..).zip(payloads) {
        out.extend(MAGIC);
        for word in [FAMILY_GIVEN, address, PAYLOAD as u32, number, count, family] {
            out.extend(word.to_le_bytes());
        }
        out.extend(payload);
        out.resize(out.len().next_multiple_of(BLOCK) - MAGIC_END.len(), 0);
        out.extend(MAGIC_END);
    }
    Ok(out)
}

/// Returns the segments that a file writes, for any family.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Segment>, FlashFileError> {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let count = blocks.len() as u32;
    if !rest.is_empty() {
        return Err(damaged(Format::Uf2, "its last block is not whole"));
    }
    let mut segments = Vec::new();
    for (number, block) in (0_u32..).zip(blocks) {
        let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        if !block.starts_with(&MAGIC) || !block.ends_with(&MAGIC_END) || word(0x10) as usize != PAYLOAD {
            return Err(damaged(Format::Uf2, format_args!("block {number} is none")));
        }
        if word(0x14) != number || word(0x18) != count {
            return Err(damaged(Format::Uf2, "blocks are missing"));
        }
        segments.push(Segment { address: word(0x0c), bytes: block[0x20..0x20 + PAYLOAD].to_vec() });
    }
    Ok(segments)
}

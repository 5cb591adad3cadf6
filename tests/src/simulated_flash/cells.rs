//! The cells of a flash: the effect of an erase and a write on their bits, whole or torn, and how torn bits read.
//!
//! Programming only clears bits, erasing sets whole units. Torn cells are unsteady, or unreadable if there is ECC,
//! until they are erased.

use super::fault::Fault;
use super::tear::{Tear, UNSTEADY_LENGTH, WORD};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

/// The seed of the noise: any number but zero.
const NOISE: u32 = 0x2545_f491;

#[derive(Clone, Debug)]
pub(super) struct Cells {
    /// The bytes as read if every bit were steady.
    pub bytes: Vec<u8>,
    /// For each word, whether it was written since it was erased.
    written: Vec<bool>,
    /// Bytes of an ECC word; 0 without ECC.
    pub ecc: usize,
    /// Starts of the ECC words that were torn.
    unreadable: BTreeSet<usize>,
    /// Bits that read differently from one read to the next, by byte.
    unsteady: BTreeMap<usize, u8>,
    /// What they read as differs only from `bytes` where this is not zero.
    noise: u32,
}

impl Cells {
    pub fn erased(length: usize) -> Self {
        Cells {
            bytes: vec![0xff; length],
            written: vec![false; length / WORD],
            ecc: 0,
            unreadable: BTreeSet::new(),
            unsteady: BTreeMap::new(),
            noise: NOISE,
        }
    }

    pub fn put(&mut self, start: usize, bytes: &[u8]) {
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        self.written[start / WORD..(start + bytes.len()).div_ceil(WORD)].fill(true);
    }

    pub fn unsteady(&self, range: Range<usize>) -> impl Iterator<Item = (usize, u8)> {
        self.unsteady.range(range).map(|(offset, bits)| (*offset, *bits))
    }

    pub fn is_readable(&self, range: Range<usize>) -> bool {
        let start = range.start.saturating_sub(self.ecc.saturating_sub(1));
        self.unreadable.range(start..range.end).next().is_none()
    }

    /// Whether any of these words was written since it was erased.
    pub fn is_written(&self, range: Range<usize>) -> bool {
        self.written[range.start / WORD..range.end / WORD].contains(&true)
    }

    /// Hashes their state: bytes, unsteady bits, torn words.
    pub fn state(&self) -> u64 {
        const BLOCK: usize = 256;
        let mut hasher = DefaultHasher::new();
        for (number, block) in self.bytes.chunks(BLOCK).enumerate().filter(|(_, block)| **block != [0xff; BLOCK]) {
            hasher.write_usize(number);
            hasher.write(block);
        }
        self.unsteady.iter().for_each(|(offset, bits)| hasher.write_usize(offset << 8 | usize::from(*bits)));
        self.unreadable.iter().for_each(|offset| hasher.write_usize(*offset));
        hasher.finish()
    }

    pub fn erase(&mut self, unit: Range<usize>, tear: Tear) {
        let Range { start, end } = unit;
        let whole = end.min(start.saturating_add(tear.bytes / WORD * WORD));
        self.bytes[start..whole].fill(0xff);
        self.written[start / WORD..whole / WORD].fill(false);
        self.make_steady(start..whole);
        if tear.kept != 0 {
            for word in self.bytes[whole..end].as_chunks_mut::<WORD>().0 {
                *word = (u32::from_le_bytes(*word) | tear.kept).to_le_bytes();
            }
        }
        if tear.unsteady != 0 {
            (whole..end.min(whole + UNSTEADY_LENGTH)).for_each(|byte| self.tear(byte, bits(tear.unsteady, byte)));
        }
    }

    pub fn write(&mut self, start: usize, bytes: &[u8], tear: Tear) {
        let whole = tear.bytes.min(bytes.len());
        for (place, new) in self.bytes[start..].iter_mut().zip(&bytes[..whole]) {
            *place &= new;
        }
        // The word under way: of its bytes behind the whole ones, some bits.
        let torn = (whole / WORD + 1) * WORD;
        let mut touched = whole;
        for (index, new) in bytes.iter().enumerate().take(torn).skip(whole) {
            let (byte, due) = (start + index, self.bytes[start + index] & !new);
            let unsteady = due & bits(tear.unsteady, byte);
            self.bytes[byte] &= !due | bits(tear.kept, byte) & !unsteady;
            if due & !bits(tear.kept, byte) | unsteady != 0 {
                touched = torn.min(bytes.len());
            }
            if unsteady != 0 {
                self.tear(byte, unsteady);
            }
        }
        self.written[start / WORD..(start + touched).div_ceil(WORD)].fill(true);
        // A word that was begun has some of its ECC bits, even if none of its data bits changed.
        let begun = tear.kept != u32::MAX || tear.unsteady != 0 || self.ecc != 0 && !whole.is_multiple_of(self.ecc);
        if self.ecc != 0 && whole < bytes.len() && begun {
            self.unreadable.insert(start + whole / self.ecc * self.ecc);
        }
    }

    /// Makes the last bits that an erase of this unit changed unsteady, though they read as erased now.
    pub fn make_erase_marginal(&mut self, unit: Range<usize>) {
        self.noise = 0;
        self.unsteady.extend(unit.take(UNSTEADY_LENGTH).map(|byte| (byte, 0xff)));
    }

    /// Makes the last bits that a write of these bytes changed unsteady, though they read as written now.
    pub fn make_write_marginal(&mut self, start: usize, bytes: &[u8]) {
        self.noise = 0;
        let word = bytes.rchunks(WORD).position(|word| word.iter().any(|byte| *byte != 0xff)).unwrap_or_default();
        let end = bytes.len() - word * WORD;
        self.unsteady.extend((end - WORD..end).map(|index| (start + index, !bytes[index])));
    }

    /// Reads bytes. A range outside of flash is wrong use.
    pub fn read(&mut self, start: usize, bytes: &mut [u8]) -> Result<(), Fault> {
        let range = start..start.saturating_add(bytes.len());
        bytes.copy_from_slice(self.bytes.get(range.clone()).ok_or(Fault::OutOfBounds)?);
        if !self.is_readable(range.clone()) {
            return Err(Fault::Unreadable);
        }
        let Cells { unsteady, noise, .. } = self;
        for (byte, bits) in unsteady.range(range) {
            // Xorshift (Marsaglia 2003): the same in each run.
            *noise ^= *noise << 13;
            *noise ^= *noise >> 17;
            *noise ^= *noise << 5;
            bytes[byte - start] ^= bits & (*noise >> 8) as u8;
        }
        Ok(())
    }

    fn tear(&mut self, byte: usize, bits: u8) {
        self.noise = if self.noise == 0 { NOISE } else { self.noise };
        if let Some(word) = byte.checked_div(self.ecc) {
            self.unreadable.insert(word * self.ecc);
        } else {
            self.unsteady.insert(byte, bits);
        }
    }

    fn make_steady(&mut self, range: Range<usize>) {
        self.unsteady.retain(|byte, _| !range.contains(byte));
        self.unreadable.retain(|word| !range.contains(word));
    }
}

/// The bits of a mask for words that belong to a byte.
fn bits(mask: u32, byte: usize) -> u8 {
    mask.to_le_bytes()[byte % WORD]
}

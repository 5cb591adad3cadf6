//! Flash operations as values: what decides them need not do them. The bootloader, and an updater over blocking flash, do them at
//! once; an updater over async flash awaits them. So both do the same ones, in the same order.

use crate::layout::{BLOCK, Region};
use embedded_storage::nor_flash::NorFlash;

const BLOCK_LENGTH: usize = BLOCK as usize;

/// An operation that is due. Offsets count from the start of flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashOperation {
    /// Erases this region, which is one erase unit.
    Erase(Region),
    /// Writes the first bytes of the [`Block`] that was passed to what decided this.
    Write {
        /// Where.
        start: u32,
        /// How many, before they are [padded](Block::padded).
        length: usize,
    },
}

impl FlashOperation {
    /// Does the operation; returns whether flash reports no error.
    pub fn perform<F: NorFlash>(self, flash: &mut F, block: &Block) -> bool {
        match self {
            FlashOperation::Erase(unit) => flash.erase(unit.start, unit.end()).is_ok(),
            FlashOperation::Write { start, length } => flash.write(start, block.padded(length, F::WRITE_SIZE)).is_ok(),
        }
    }
}

/// What a write takes its bytes from: as many as one write has at most. Aligned to words, as some drivers require.
#[derive(Clone)]
#[repr(align(4))]
pub struct Block([u8; BLOCK_LENGTH]);

impl Block {
    /// The bytes of erased flash.
    pub const ERASED: Block = Block([0xff; BLOCK_LENGTH]);

    /// Makes these the first bytes, if there is room for them; the others stay as they are.
    pub fn put(&mut self, bytes: &[u8]) {
        if let Some(place) = self.0.get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// Returns the first bytes.
    pub fn bytes(&self, length: usize) -> &[u8] {
        self.0.get(..length).unwrap_or_default()
    }

    /// Returns the first `length` bytes, and as many behind them as make whole units of `write_size`.
    pub fn padded(&self, length: usize, write_size: usize) -> &[u8] {
        self.bytes(length.next_multiple_of(write_size).min(BLOCK_LENGTH))
    }
}

//! One flash operation, as a chip's driver makes it: a unit erased, or a word written. And its effect if power
//! is lost in its middle.

use crate::chance::Chance;

const WORD: usize = 4;

/// A flash operation. Places count from the start of flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Sets all bits of a unit.
    Erase {
        /// Where it starts.
        start: u32,
        /// Its bytes.
        length: u32,
    },
    /// Clears the bits that `value` has not set.
    Write {
        /// Where the word, or a part of one, lies.
        start: u32,
        /// Its bytes: 1, 2 or 4.
        length: u32,
        /// What is written, little-endian.
        value: u32,
    },
}

impl Operation {
    /// The first byte that it changes.
    pub fn start(self) -> u32 {
        let (Operation::Erase { start, .. } | Operation::Write { start, .. }) = self;
        start
    }

    /// Applies it to `flash`.
    pub fn apply(self, flash: &mut [u8]) {
        match self {
            Operation::Erase { start, length } => flash[start as usize..][..length as usize].fill(0xff),
            Operation::Write { start, length, value } => write(flash, start, length, value),
        }
    }

    /// Applies a random part of it:
    ///
    /// - an erase has done the first half of its unit and every fourth word of the rest is neither old nor erased, or
    ///   it has done any number of words and one more in part, or all words are somewhere in between;
    /// - a write has cleared some of the bits that it had to clear.
    pub fn tear(self, flash: &mut [u8], chance: &mut Chance) {
        match self {
            Operation::Erase { start, length } => {
                let words = length as usize / WORD;
                let kind = chance.below(3);
                let done = if kind == 0 { words / 2 } else { chance.below(words) };
                for word in 0..words {
                    let (whole, mixed) = match kind {
                        0 => (word < done, word % 4 == 1),
                        1 => (word < done, word == done),
                        _ => (false, true),
                    };
                    let set = if whole { u32::MAX } else { chance.bits() & if mixed { u32::MAX } else { 0 } };
                    change(flash, start as usize + word * WORD, |old| old | set);
                }
            }
            Operation::Write { start, length, value } => write(flash, start, length, value | chance.bits()),
        }
    }
}

/// Clears bits.
fn write(flash: &mut [u8], start: u32, length: u32, value: u32) {
    for (place, byte) in flash[start as usize..][..length as usize].iter_mut().zip(value.to_le_bytes()) {
        *place &= byte;
    }
}

fn change(flash: &mut [u8], start: usize, to: impl FnOnce(u32) -> u32) {
    if let Some(place) = flash.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
        *place = to(u32::from_le_bytes(*place)).to_le_bytes();
    }
}

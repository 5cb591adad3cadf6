//! One flash operation of the nRF51, as its driver makes it: a page erased, or a word written. And what is left of it
//! where power is lost in its middle.

/// Bytes that an erase clears (nRF51 Series Reference Manual 3.0, 6.1).
pub const PAGE: usize = 1024;

const WORD: usize = 4;

/// A flash operation. Addresses count from the start of flash, which is where the core sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Sets all bits of the page that starts at `page`.
    Erase {
        /// Its address.
        page: u32,
    },
    /// Clears the bits that `word` has not set.
    Write {
        /// Where the word lies.
        address: u32,
        /// What is written.
        word: u32,
    },
}

impl Operation {
    /// The first byte that it changes.
    pub fn start(self) -> u32 {
        match self {
            Operation::Erase { page } => page,
            Operation::Write { address, .. } => address,
        }
    }

    /// Makes it.
    pub fn apply(self, flash: &mut [u8]) {
        match self {
            Operation::Erase { page } => flash[page as usize..][..PAGE].fill(0xff),
            Operation::Write { address, word } => change(flash, address as usize, |old| old & word),
        }
    }

    /// Makes a part of it, as chance has it:
    ///
    /// - an erase has done the first half of its page and every fourth word of the rest is neither old nor erased, or
    ///   it has done any number of words and one more in part, or all words are somewhere in between;
    /// - a write has cleared some of the bits that it had to clear.
    pub fn tear(self, flash: &mut [u8], chance: &mut Chance) {
        match self {
            Operation::Erase { page } => {
                let words = PAGE / WORD;
                let kind = chance.below(3);
                let done = if kind == 0 { words / 2 } else { chance.below(words) };
                for word in 0..words {
                    let (whole, mixed) = match kind {
                        0 => (word < done, word % 4 == 1),
                        1 => (word < done, word == done),
                        _ => (false, true),
                    };
                    let set = if whole { u32::MAX } else { chance.bits() & if mixed { u32::MAX } else { 0 } };
                    change(flash, page as usize + word * WORD, |old| old | set);
                }
            }
            Operation::Write { address, word } => {
                let kept = chance.bits();
                change(flash, address as usize, |old| old & (word | kept));
            }
        }
    }
}

fn change(flash: &mut [u8], start: usize, to: impl FnOnce(u32) -> u32) {
    if let Some(place) = flash.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
        *place = to(u32::from_le_bytes(*place)).to_le_bytes();
    }
}

/// Chance that is the same in each run: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
/// Generators, 2014).
pub struct Chance(u64);

impl Chance {
    /// The chance of this seed.
    pub const fn new(seed: u64) -> Self {
        Chance(seed)
    }

    /// Any 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Any 32 bits.
    pub fn bits(&mut self) -> u32 {
        self.next() as u32
    }

    /// Any number below `end`, which is small.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Any bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes()).flatten().take(length).collect()
    }
}

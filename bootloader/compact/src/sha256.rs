//! SHA-256 (FIPS 180-4, 6.2).

use crate::sha512::{K, START};

#[cfg(assembly)]
mod arm;

/// Bytes of a block.
const BLOCK: usize = 64;

/// A digest in progress.
#[derive(Clone)]
pub struct Sha256 {
    state: [u32; 8],
    block: Block,
    /// Bytes so far; the last of them, less than a block, are in `block`.
    length: u32,
}

/// Aligned for access by words.
#[derive(Clone)]
#[repr(align(4))]
struct Block([u8; BLOCK]);

impl Sha256 {
    /// Of nothing yet.
    #[inline(never)]
    pub fn new() -> Self {
        Sha256 { state: START.map(|word| (word >> 32) as u32), block: Block([0; BLOCK]), length: 0 }
    }

    /// Continues with these bytes. All together must be fewer than 2³².
    #[inline(never)]
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let place = &mut self.block.0[self.length as usize % BLOCK..];
            let (now, later) = bytes.split_at(bytes.len().min(place.len()));
            place[..now.len()].copy_from_slice(now);
            self.length += now.len() as u32;
            if (self.length as usize).is_multiple_of(BLOCK) {
                compress(&mut self.state, &self.block);
            }
            bytes = later;
        }
    }

    /// Returns the digest.
    #[inline(never)]
    pub fn finalize(mut self) -> [u8; 32] {
        let bits = u64::from(self.length) * 8;
        self.update(&[0x80]);
        while self.length as usize % BLOCK != BLOCK - 8 {
            self.update(&[0]);
        }
        self.update(&bits.to_be_bytes());
        let mut digest = [0; 32];
        for (place, word) in digest.as_chunks_mut().0.iter_mut().zip(&self.state) {
            *place = word.to_be_bytes();
        }
        digest
    }

    /// Returns the digest of these bytes.
    pub fn digest(bytes: &[u8]) -> [u8; 32] {
        let mut hash = Self::new();
        hash.update(bytes);
        hash.finalize()
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(assembly)]
fn compress(state: &mut [u32; 8], block: &Block) {
    // SAFETY: the block is aligned; it reads `K` and the block, and writes the state only.
    unsafe { arm::lifeboot_sha256(state, &block.0, &K) }
}

#[cfg(not(assembly))]
#[inline(never)]
fn compress(state: &mut [u32; 8], block: &Block) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.0.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let before = *state;
    for (round, k) in K.iter().take(64).enumerate() {
        let at = |offset: usize| (round + offset) % 16;
        let word = words[at(0)];
        let [a, b, c, d, e, f, g, h] = state;
        let choice = *e & (*f ^ *g) ^ *g;
        let majority = (*a | *b) & *c | *a & *b;
        *h = h
            .wrapping_add((*k >> 32) as u32)
            .wrapping_add(word)
            .wrapping_add(choice)
            .wrapping_add(e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25));
        *d = d.wrapping_add(*h);
        *h = h.wrapping_add(majority).wrapping_add(a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22));
        state.rotate_right(1);
        let (x, y) = (words[at(1)], words[at(14)]);
        words[at(0)] = word
            .wrapping_add(x.rotate_right(7) ^ x.rotate_right(18) ^ x >> 3)
            .wrapping_add(words[at(9)])
            .wrapping_add(y.rotate_right(17) ^ y.rotate_right(19) ^ y >> 10);
    }
    for (word, before) in state.iter_mut().zip(before) {
        *word = word.wrapping_add(before);
    }
}

//! Signed images: random bytes, with a vector table in front and addresses to rebase in between.

use ed25519_dalek::{Signer, SigningKey};
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_core::KeyIds;
use lifeboot_core::info::{BootloaderInfo, key_id};
use lifeboot_core::layout::Region;
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::{Board, Slot, Version};

/// A generator of numbers that look like chance (Steele et al., SplitMix64).
#[derive(Clone)]
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Whether something happens that does so once in `times` times; never for 0.
    pub fn once_in(&mut self, times: u64) -> bool {
        times != 0 && self.below(times) == 0
    }
}

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Another key that it trusts.
pub fn next_key() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

pub fn id(key: &SigningKey) -> [u8; 4] {
    key_id(&key.verifying_key().to_bytes())
}

/// The info of a bootloader that trusts [`key`] and [`next_key`].
pub fn info() -> BootloaderInfo {
    BootloaderInfo::new(&[key(), next_key()].map(|key| key.verifying_key().to_bytes()), false)
}

pub fn version(minor: u16) -> Version {
    Version { major: 1, minor, patch: 0, build: 0 }
}

/// The parameters of a test image.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    pub board: &'static Board,
    pub minor: u16,
    pub epoch: u32,
    /// Bytes of the payload.
    pub length: u32,
    /// The seed of its bytes.
    pub seed: u64,
    /// Relocations beside that of the entry point.
    pub relocations: u32,
}

impl Recipe {
    pub fn image(&self) -> ImageFile {
        self.image_with(|_| ())
    }

    /// An image by this key, which revokes others.
    pub fn image_by(&self, key: &SigningKey, revokes: &[[u8; 4]]) -> ImageFile {
        let image = self.image();
        self.signed(image.payload().to_vec(), &image.entries(), key, KeyIds::new(revokes).unwrap())
    }

    /// An image, with its payload changed before it is signed.
    pub fn image_with(&self, change: impl FnOnce(&mut [u8])) -> ImageFile {
        let Recipe { board, length, seed, relocations, .. } = *self;
        let mut chance = Chance(seed);
        let mut payload: Vec<u8> = (0..length).map(|_| chance.next() as u8).collect();
        change(&mut payload);
        let address = board.payload_address(Slot::A);
        let Region { start, length: ram } = board.ram;
        payload[..4].copy_from_slice(&(start + ram).to_le_bytes());
        payload[4..8].copy_from_slice(&((address + 8) | 1).to_le_bytes());
        let mut entries = vec![Entry { offset: 4, kind: Kind::Word }];
        // Spread evenly; some lie across the borders of blocks and units, as unaligned words do.
        let step = ((length - 16) / (relocations + 1)) & !1;
        for index in 1..=relocations {
            let offset = 8 + index * step.max(4);
            if offset + 4 <= length && step >= 4 {
                let target = address + chance.below(u64::from(length)) as u32;
                payload[offset as usize..][..4].copy_from_slice(&target.to_le_bytes());
                entries.push(Entry { offset, kind: Kind::Word });
            }
        }
        self.signed(payload, &entries, &key(), KeyIds::NONE)
    }

    /// An image without relocations, for slot A alone.
    pub fn bound_image(&self) -> ImageFile {
        let canonical = self.image().payload().to_vec();
        self.signed(canonical, &[], &key(), KeyIds::NONE)
    }

    fn signed(&self, payload: Vec<u8>, entries: &[Entry], key: &SigningKey, revokes: KeyIds) -> ImageFile {
        let Recipe { board, minor, epoch, .. } = *self;
        let release = Release { version: version(minor), epoch, lowest_bootloader: 1, schemas: (0, 0), revokes };
        let unsigned = UnsignedImage::new(board, Slot::A, payload, entries, release, id(key)).unwrap();
        let signature = key.sign(&unsigned.bytes_to_sign()).to_bytes();
        unsigned.with_signature(signature).unwrap()
    }
}

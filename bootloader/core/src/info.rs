//! What a bootloader says of itself, at a fixed place: the last [`INFO_LENGTH`] bytes of its region. The updater reads
//! the public keys from here, so that they stand once in a device.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x00 | 4 | magic `LBIF` |
//! | 0x04 | 2 | [`FORMAT`]: the newest image and journal format that this bootloader knows |
//! | 0x06 | 1 | how many keys follow, 1 to 4 |
//! | 0x07 | 1 | flags: bit 0 = built with a demo's throw-away key |
//! | 0x08 | 8 | zero |
//! | 0x10 | 16 | board name |
//! | 0x20 | 4 × 32 | Ed25519 public keys; unused ones are zero |
//! | 0xA0 | 96 | zero |

use crate::bytes::{field, put};
use crate::layout::Board;

pub use crate::layout::INFO_LENGTH;
use embedded_storage::nor_flash::ReadNorFlash;
use sha256::{Digest, Sha256};

/// The bootloader format of this source: an image may ask for at least this much.
pub const FORMAT: u16 = 1;

/// Keys that a bootloader can hold.
pub const KEYS: usize = 4;

const MAGIC: [u8; 4] = *b"LBIF";

/// A bootloader's word about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The newest format that the bootloader knows.
    pub format: u16,
    /// Whether it was built with a demo's throw-away key, which protects nothing.
    pub demo_key: bool,
    count: u8,
    keys: [[u8; 32]; KEYS],
}

impl Info {
    /// The info of a bootloader with these keys. Panics, at build time, where there is none or there are too many.
    pub const fn new(keys: &[[u8; 32]], demo_key: bool) -> Self {
        assert!(!keys.is_empty() && keys.len() <= KEYS, "a bootloader holds one to four keys");
        let mut table = [[0; 32]; KEYS];
        let mut index = 0;
        while index < keys.len() {
            table[index] = keys[index];
            index += 1;
        }
        Info { format: FORMAT, demo_key, count: keys.len() as u8, keys: table }
    }

    /// The public keys, in the order in which boot records name them.
    pub fn keys(&self) -> &[[u8; 32]] {
        self.keys.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// The key with this id, and its bit in the masks of boot records.
    #[inline(never)] // It is in two places that one hash is enough for.
    pub fn key(&self, id: [u8; 4]) -> Option<(u8, &[u8; 32])> {
        let mut bit = 1;
        for key in self.keys() {
            if key_id(key) == id {
                return Some((bit, key));
            }
            bit <<= 1;
        }
        None
    }

    /// The bytes for `board`.
    pub const fn to_bytes(&self, board: &Board) -> [u8; INFO_LENGTH] {
        let mut out = [0; INFO_LENGTH];
        put::<0x00, 4, INFO_LENGTH>(&mut out, MAGIC);
        put::<0x04, 2, INFO_LENGTH>(&mut out, self.format.to_le_bytes());
        put::<0x06, 2, INFO_LENGTH>(&mut out, [self.count, self.demo_key as u8]);
        put::<0x10, 16, INFO_LENGTH>(&mut out, board.name_bytes());
        put::<0x20, 32, INFO_LENGTH>(&mut out, self.keys[0]);
        put::<0x40, 32, INFO_LENGTH>(&mut out, self.keys[1]);
        put::<0x60, 32, INFO_LENGTH>(&mut out, self.keys[2]);
        put::<0x80, 32, INFO_LENGTH>(&mut out, self.keys[3]);
        out
    }

    /// The info in these bytes; `None` where they are not one for `board`.
    pub fn from_bytes(bytes: &[u8; INFO_LENGTH], board: &Board) -> Option<Self> {
        let [count, flags] = field::<0x06, 2, INFO_LENGTH>(bytes);
        let info = Info {
            format: u16::from_le_bytes(field::<0x04, 2, INFO_LENGTH>(bytes)),
            demo_key: flags & 1 != 0,
            count,
            keys: [
                field::<0x20, 32, INFO_LENGTH>(bytes),
                field::<0x40, 32, INFO_LENGTH>(bytes),
                field::<0x60, 32, INFO_LENGTH>(bytes),
                field::<0x80, 32, INFO_LENGTH>(bytes),
            ],
        };
        let sound = field::<0x00, 4, INFO_LENGTH>(bytes) == MAGIC
            && field::<0x10, 16, INFO_LENGTH>(bytes) == board.name_bytes()
            && (1..=KEYS as u8).contains(&count);
        sound.then_some(info)
    }

    /// Reads the info of the bootloader in `flash`; `None` where it cannot be read or is not one for `board`.
    pub fn read<F: ReadNorFlash>(flash: &mut F, board: &Board) -> Option<Self> {
        let mut bytes = [0; INFO_LENGTH];
        flash.read(board.bootloader.end() - INFO_LENGTH as u32, &mut bytes).ok()?;
        Info::from_bytes(&bytes, board)
    }
}

/// The short name of a key in a header: the first four bytes of the SHA-256 of the public key.
pub fn key_id(key: &[u8; 32]) -> [u8; 4] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(key).into();
    [a, b, c, d]
}

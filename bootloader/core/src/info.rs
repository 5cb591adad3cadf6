//! What a bootloader says about itself, at a fixed place: the last [`INFO_LENGTH`] bytes of its region. The updater
//! reads the public keys from here, so that a device holds them only once.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x00 | 4 | magic `LBIF` |
//! | 0x04 | 2 | [`FORMAT`]: the newest image and journal format that this bootloader supports |
//! | 0x06 | 1 | how many keys follow, 1 to 4 |
//! | 0x07 | 1 | flags: bit 0 = built with a demo's throw-away key |
//! | 0x08 | 4 | the [map digest](Board::map_digest) |
//! | 0x0C | 4 | the id by which a UF2 drive knows the chip (`uf2families.json` of Microsoft's repository uf2); 0 = none |
//! | 0x10 | 16 | board name |
//! | 0x20 | 4 × 32 | Ed25519 public keys; unused ones are zero |
//! | 0xA0 | 80 | the [flash map](MapBytes) |
//! | 0xF0 | 16 | zero |

use crate::bytes::{field, put};
use crate::hash::Sha256;
use crate::key_ids::{KeyId, KeyIds};
use crate::layout::{Board, MAP_LENGTH, MapBytes};

pub use crate::layout::INFO_LENGTH;
use embedded_storage::nor_flash::ReadNorFlash;

/// The bootloader format of this code; an image may require at least this format.
pub const FORMAT: u16 = 1;

/// Maximum number of keys that a bootloader can hold.
pub const KEYS: usize = 4;

/// The first bytes of an info.
pub const MAGIC: [u8; 4] = *b"LBIF";
const KEYS_AT: usize = 0x20;
const MAP_AT: usize = KEYS_AT + 32 * KEYS;
/// Offset of the trailing zeros.
const USED_LENGTH: usize = MAP_AT + MAP_LENGTH;

/// A bootloader's description of itself, as it lies in flash, without the trailing zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct BootloaderInfo([u8; USED_LENGTH]);

/// A bootloader info in its place in flash, where the bootloader itself reads it.
#[repr(C)]
pub struct InfoSection {
    /// The info.
    pub info: BootloaderInfo,
    zeros: [u8; INFO_LENGTH - USED_LENGTH],
}

impl BootloaderInfo {
    /// Returns the info of a bootloader with these keys, for no board yet. Panics, at build time, if there are none or
    /// too many.
    pub const fn new(keys: &[[u8; 32]], demo_key: bool) -> Self {
        assert!(!keys.is_empty() && keys.len() <= KEYS, "a bootloader holds one to four keys");
        let mut table = [[0; 32]; KEYS];
        let mut index = 0;
        while index < keys.len() {
            table[index] = keys[index];
            index += 1;
        }
        let mut out = [0; USED_LENGTH];
        put::<0x00, 4, USED_LENGTH>(&mut out, MAGIC);
        put::<0x04, 2, USED_LENGTH>(&mut out, FORMAT.to_le_bytes());
        put::<0x06, 2, USED_LENGTH>(&mut out, [keys.len() as u8, demo_key as u8]);
        put::<0x20, 32, USED_LENGTH>(&mut out, table[0]);
        put::<0x40, 32, USED_LENGTH>(&mut out, table[1]);
        put::<0x60, 32, USED_LENGTH>(&mut out, table[2]);
        put::<0x80, 32, USED_LENGTH>(&mut out, table[3]);
        BootloaderInfo(out)
    }

    /// Returns the same info for `board`.
    pub const fn for_board(mut self, board: &Board) -> Self {
        put::<0x08, 4, USED_LENGTH>(&mut self.0, board.map_digest().to_le_bytes());
        put::<0x10, 16, USED_LENGTH>(&mut self.0, board.name_bytes());
        put::<MAP_AT, MAP_LENGTH, USED_LENGTH>(&mut self.0, board.map_bytes());
        self
    }

    /// Returns the same info with the id by which a UF2 drive knows the chip; 0 if none does.
    pub const fn with_uf2_family(mut self, family: u32) -> Self {
        put::<0x0C, 4, USED_LENGTH>(&mut self.0, family.to_le_bytes());
        self
    }

    /// Returns the id by which a UF2 drive knows the chip; `None` if none does.
    pub fn uf2_family(&self) -> Option<u32> {
        let family = u32::from_le_bytes(field::<0x0C, 4, USED_LENGTH>(&self.0));
        (family != 0).then_some(family)
    }

    /// Returns the newest format that the bootloader supports.
    pub fn format(&self) -> u16 {
        u16::from_le_bytes(field::<0x04, 2, USED_LENGTH>(&self.0))
    }

    /// Whether it was built with a demo's throw-away key, which protects nothing.
    pub fn demo_key(&self) -> bool {
        let [flags] = field::<0x07, 1, USED_LENGTH>(&self.0);
        flags & 1 != 0
    }

    /// Returns the name of the bootloader's board, padded with zeros.
    pub fn board(&self) -> [u8; 16] {
        field::<0x10, 16, USED_LENGTH>(&self.0)
    }

    /// Returns the flash map that the bootloader was built for.
    pub fn map(&self) -> MapBytes {
        field::<MAP_AT, MAP_LENGTH, USED_LENGTH>(&self.0)
    }

    /// Returns the map's digest, which an image for this device must have in its header.
    pub fn map_digest(&self) -> u32 {
        u32::from_le_bytes(field::<0x08, 4, USED_LENGTH>(&self.0))
    }

    fn count(&self) -> u8 {
        let [count] = field::<0x06, 1, USED_LENGTH>(&self.0);
        count
    }

    /// Returns the public keys.
    pub fn keys(&self) -> &[[u8; 32]] {
        let (keys, _) = self.0.get(KEYS_AT..).unwrap_or_default().as_chunks();
        keys.get(..usize::from(self.count())).unwrap_or_default()
    }

    /// Returns the key with this id.
    #[inline(never)] // Called from several places; one copy of the hash is enough.
    pub fn key(&self, id: KeyId) -> Option<&[u8; 32]> {
        self.keys().iter().find(|key| key_id(key) == id)
    }

    /// Returns a bit for each key that is in a list, in the order of [`keys`](Self::keys).
    pub fn mask(&self, ids: &KeyIds) -> u8 {
        self.keys().iter().rev().fold(0, |bits, key| bits << 1 | u8::from(ids.contain(key_id(key))))
    }

    /// Returns the info with its trailing zeros, to be placed in flash.
    pub const fn into_section(self) -> InfoSection {
        InfoSection { info: self, zeros: [0; INFO_LENGTH - USED_LENGTH] }
    }

    /// Returns the bytes, trailing zeros included.
    pub fn to_bytes(&self) -> [u8; INFO_LENGTH] {
        let mut out = [0; INFO_LENGTH];
        put::<0, USED_LENGTH, INFO_LENGTH>(&mut out, self.0);
        out
    }

    /// Returns the info in these bytes; `None` if they are not one for `board`.
    pub fn from_bytes(bytes: &[u8; INFO_LENGTH], board: &Board) -> Option<Self> {
        let info = BootloaderInfo(field::<0, USED_LENGTH, INFO_LENGTH>(bytes));
        info.is_for(board).then_some(info)
    }

    /// Reads the info of the bootloader in `flash`; `None` if it cannot be read or is not one for `board`.
    pub fn read<F: ReadNorFlash>(flash: &mut F, board: &Board) -> Option<Self> {
        let mut info = BootloaderInfo([0; USED_LENGTH]);
        flash.read(board.bootloader.end() - INFO_LENGTH as u32, &mut info.0).ok()?;
        info.is_for(board).then_some(info)
    }

    /// Returns the info in these bytes, of whichever board; `None` if they are none.
    pub fn of_any_board(bytes: &[u8; INFO_LENGTH]) -> Option<Self> {
        let info = BootloaderInfo(field::<0, USED_LENGTH, INFO_LENGTH>(bytes));
        info.is_valid().then_some(info)
    }

    fn is_for(&self, board: &Board) -> bool {
        self.is_valid() && self.board() == board.name_bytes()
    }

    fn is_valid(&self) -> bool {
        field::<0x00, 4, USED_LENGTH>(&self.0) == MAGIC && (1..=KEYS as u8).contains(&self.count())
    }
}

/// Returns the id of a key as headers name it: the first four bytes of the SHA-256 of the public key.
pub fn key_id(key: &[u8; 32]) -> KeyId {
    let [a, b, c, d, ..] = Sha256::digest(key);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::MICROBIT;

    #[test]
    fn the_format_is_that_of_the_bytes() {
        let mut bytes = BootloaderInfo::new(&[[7; 32]], false).for_board(&MICROBIT).to_bytes();
        bytes[0x04..0x06].copy_from_slice(&[0x02, 0x01]);
        assert_eq!(BootloaderInfo::from_bytes(&bytes, &MICROBIT).map(|info| info.format()), Some(0x0102));
    }

    #[test]
    fn a_demo_key_is_one_only_if_the_build_said_so() {
        for is_demo in [false, true] {
            let info = BootloaderInfo::new(&[[7; 32]], is_demo);
            assert_eq!((info.demo_key(), info.keys()), (is_demo, &[[7; 32]][..]));
        }
        let mut bytes = BootloaderInfo::new(&[[7; 32]], false).for_board(&MICROBIT).to_bytes();
        bytes[0x07] = 0xfe;
        assert_eq!(BootloaderInfo::from_bytes(&bytes, &MICROBIT).map(|info| info.demo_key()), Some(false));
    }

    #[test]
    fn bytes_are_an_info_only_with_magic_board_and_count() {
        let bytes = BootloaderInfo::new(&[[7; 32]; 4], false).for_board(&MICROBIT).to_bytes();
        assert_eq!(BootloaderInfo::from_bytes(&bytes, &MICROBIT).map(|info| info.keys().len()), Some(4));
        for (at, byte) in [(0x00, b'X'), (0x10, b'X'), (0x06, 0), (0x06, 5)] {
            let mut other = bytes;
            other[at] = byte;
            assert_eq!(BootloaderInfo::from_bytes(&other, &MICROBIT), None, "{at:#x}");
        }
    }
}

//! Small signed images for the simulated flash, made from the format's description without Lifeboot's own rebasing and
//! hashing, so that these can be checked against them.

use crate::hex;
use ed25519_dalek::{Signer, SigningKey};
use lifeboot_artifact::image_file::table_bytes;
use lifeboot_core::KeyIds;
use lifeboot_core::image::{HEADER_LENGTH, Header, HeaderBytes, SIGNED_LENGTH};
use lifeboot_core::info::{BootloaderInfo, FORMAT, key_id};
use lifeboot_core::layout::{Architecture, BLOCK, Board};
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::{Slot, Version};
use lifeboot_tests::simulated_flash::SimulatedFlash;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// A signing key; the same number is always the same key.
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// The bootloader of these tests holds the keys 1 and 2; images are signed with key 1 by default.
pub fn info() -> BootloaderInfo {
    // Made once: the sweeps use it hundreds of thousands of times, and a public key takes a scalar multiplication.
    static INFO: LazyLock<BootloaderInfo> =
        LazyLock::new(|| BootloaderInfo::new(&[1, 2].map(|number| key(number).verifying_key().to_bytes()), false));
    INFO.clone()
}

/// The ids of these keys.
pub fn key_ids(numbers: &[u8]) -> KeyIds {
    let ids: Vec<_> = numbers.iter().map(|number| key_id(key(*number).verifying_key().as_bytes())).collect();
    KeyIds::new(&ids).expect("few keys")
}

/// An address inside the image, somewhere in the payload.
#[derive(Clone, Copy, Debug)]
pub struct Pointer {
    /// The offset at which it is stored.
    pub place: Entry,
    /// The address, in the slot that the image is linked for.
    pub address: u32,
}

/// An image, and how it is signed. All fields can be changed; [`seal`](Self::seal) then makes lengths and digest fit.
#[derive(Clone)]
pub struct SignedImage {
    pub board: &'static Board,
    pub header: Header,
    /// The payload without its pointers.
    pub filling: Vec<u8>,
    pub pointers: Vec<Pointer>,
    pub table: Vec<u8>,
    pub key: SigningKey,
}

impl SignedImage {
    /// A good image whose payload has this length, linked for slot A. Its pointers are at both ends of the payload and
    /// across a block's border; two are in MOVT instructions if the board's core has them.
    pub fn new(board: &'static Board, length: usize) -> Self {
        Self::linked_for(Slot::A, board, length)
    }

    /// The same for another slot.
    pub fn linked_for(slot: Slot, board: &'static Board, length: usize) -> Self {
        let start = board.payload_address(slot);
        let mut filling: Vec<u8> = (0..length).map(|index| (index * 7 + index / 251) as u8).collect();
        filling[..4].copy_from_slice(&board.ram.end().to_le_bytes());
        let movt = if board.architecture == Architecture::Armv7M { Kind::UpperHalf } else { Kind::Word };
        let block = BLOCK;
        let last = length as u32 - 4;
        let places = [
            (4, Kind::Word, 0x81),
            (8, Kind::Word, 0x100),
            (block - 2, Kind::Word, 0),
            (block + 2, movt, 0x123),
            (2 * block - 2, movt, 0x40),
            (last & !1, Kind::Word, last),
        ];
        let pointers = places
            .map(|(offset, kind, target)| Pointer { place: Entry { offset, kind }, address: start + target })
            .to_vec();
        let header = Header {
            header_length: board.header_length as u16,
            board: board.name_bytes(),
            version: Version { major: 1, minor: 2, patch: 3, build: 4 },
            epoch: 0,
            link_address: start,
            payload_length: 0,
            table_length: 0,
            digest: [0; 32],
            lowest_bootloader: FORMAT,
            schemas: (0, 0),
            key_id: [0; 4],
            revokes: KeyIds::NONE,
            map_digest: board.map_digest(),
        };
        let table = table_of(pointers.iter().map(|pointer| pointer.place));
        let mut image = SignedImage { board, header, filling, pointers, table, key: key(1) };
        image.seal();
        image
    }

    /// With this version and epoch, and a payload that no other version has.
    pub fn release(mut self, version: Version, epoch: u32) -> Self {
        (self.header.version, self.header.epoch) = (version, epoch);
        self.filling[0x10..0x1C].copy_from_slice(&version.to_bytes());
        self.seal();
        self
    }

    /// Signed with another key.
    pub fn signed_with(mut self, number: u8) -> Self {
        self.key = key(number);
        self.seal();
        self
    }

    /// Revoking these keys, once it is confirmed.
    pub fn revoking(mut self, numbers: &[u8]) -> Self {
        self.header.revokes = key_ids(numbers);
        self
    }

    /// Without a relocation table, and therefore bound to the slot that it was linked for.
    pub fn bound(mut self) -> Self {
        self.table.clear();
        self.seal();
        self
    }

    /// Makes lengths, digest and key id fit the rest.
    pub fn seal(&mut self) {
        self.header.payload_length = self.filling.len() as u32;
        self.header.table_length = self.table.len() as u32;
        let mut hash = Sha256::new();
        hash.update(self.payload(0));
        hash.update(&self.table);
        self.header.digest = hash.finalize().into();
        self.header.key_id = key_id(self.key.verifying_key().as_bytes());
    }

    /// The header, signed as it is.
    pub fn header_bytes(&self) -> HeaderBytes {
        let mut bytes = self.header.to_bytes([0; 64]);
        sign(&mut bytes, &self.key);
        bytes
    }

    /// The payload, moved by a distance from where it was linked.
    pub fn payload(&self, distance: u32) -> Vec<u8> {
        let mut payload = self.filling.clone();
        for Pointer { place, address } in &self.pointers {
            let address = address.wrapping_add(distance);
            let bytes = match place.kind {
                Kind::Word => address.to_le_bytes(),
                Kind::UpperHalf => movt((address >> 16) as u16),
            };
            payload[place.offset as usize..][..4].copy_from_slice(&bytes);
        }
        payload
    }

    /// A slot's content with this image, up to the end of its table.
    pub fn content(&self, slot: Slot) -> Vec<u8> {
        let linked_for = self.header.linked_for(self.board).unwrap_or(Slot::A);
        let mut content = vec![0xff; self.table_offset() as usize + self.table.len()];
        let payload = self.payload(self.board.distance(linked_for, slot));
        content[..HEADER_LENGTH].copy_from_slice(&self.header_bytes());
        content[self.board.header_length as usize..][..payload.len()].copy_from_slice(&payload);
        content[self.table_offset() as usize..].copy_from_slice(&self.table);
        content
    }

    /// The table's offset in a slot.
    pub fn table_offset(&self) -> u32 {
        self.board.header_length + (self.filling.len() as u32).next_multiple_of(BLOCK)
    }

    /// Puts the image into a slot that holds nothing else.
    pub fn put(&self, flash: &mut SimulatedFlash, slot: Slot) {
        let region = self.board.slot(slot);
        flash.put(region.start, &vec![0xff; region.length as usize]);
        flash.put(region.start, &self.content(slot));
    }
}

/// Signs a header's bytes.
pub fn sign(bytes: &mut HeaderBytes, key: &SigningKey) {
    let signature = key.sign(&bytes[..SIGNED_LENGTH]).to_bytes();
    bytes[SIGNED_LENGTH..].copy_from_slice(&signature);
}

/// The table that lists these places.
pub fn table_of(places: impl IntoIterator<Item = Entry>) -> Vec<u8> {
    table_bytes(&Vec::from_iter(places)).expect("places in order")
}

/// `movt r0, #half` (Armv7-M ARM, A7.7.79, encoding T1).
fn movt(half: u16) -> [u8; 4] {
    let (imm4, i, imm3, imm8) = (half >> 12, half >> 11 & 1, half >> 8 & 7, half & 0xff);
    let ([a, b], [c, d]) = ((0xf2c0 | i << 10 | imm4).to_le_bytes(), (imm3 << 12 | imm8).to_le_bytes());
    [a, b, c, d]
}

#[test]
fn movt_is_what_an_assembler_makes() {
    // From `llvm-mc -triple=thumbv7em-none-eabi -show-encoding`.
    assert_eq!(movt(0x0802), hex::array("c0 f6 02 00"));
    assert_eq!(movt(0x9abc), hex::array("c9 f6 bc 20"));
}

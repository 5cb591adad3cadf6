//! The signed header: its fields and their offsets; [the parent module](super) has the byte table.

use super::invalid::Invalid;
use crate::bytes::{field, put};
use crate::key_ids::{KeyId, KeyIds};
use crate::layout::{BLOCK, Board, NO_SCHEMA, Slot};
use crate::version::Version;

pub use crate::layout::HEADER_LENGTH;

/// Leading bytes of a header that its signature covers; the signature is the rest.
pub const SIGNED_LENGTH: usize = HEADER_LENGTH - 64;
/// The header format that this code reads and writes.
pub const FORMAT: u16 = 1;

/// Offset of the byte that is 1 if the signer has proved that the image runs in either slot. No field of [`Header`]: devices take
/// images without a proof as well.
pub const PROVED: usize = 0x5A;

const MAGIC: [u8; 4] = *b"LBIM";

/// A header's bytes.
pub type HeaderBytes = [u8; HEADER_LENGTH];

/// The fields of a header. Having them proves nothing: see [`Trust::check`](super::Trust::check).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Offset of the payload in the slot, in bytes.
    pub header_length: u16,
    /// The board that the firmware is for, padded with zeros.
    pub board: [u8; 16],
    /// The firmware's version.
    pub version: Version,
    /// The security counter.
    pub epoch: u32,
    /// The address that the payload was linked to.
    pub link_address: u32,
    /// Bytes of the payload.
    pub payload_length: u32,
    /// Bytes of the relocation table.
    pub table_length: u32,
    /// SHA-256 of canonical payload and table.
    pub digest: [u8; 32],
    /// The lowest bootloader format that the firmware supports.
    pub lowest_bootloader: u16,
    /// The lowest and the highest storage schema that the firmware supports.
    pub schemas: (u16, u16),
    /// The id of the key that signed the header.
    pub key_id: KeyId,
    /// The keys that are revoked when this image is confirmed.
    pub revokes: KeyIds,
    /// The digest of the flash map that the firmware is for: see [`Board::map_digest`].
    pub map_digest: u32,
}

impl Header {
    /// Reads the fields. Checks only that the bytes are a header of a known format.
    pub fn parse(bytes: &HeaderBytes) -> Result<Header, Invalid> {
        if field::<0x00, 4, HEADER_LENGTH>(bytes) != MAGIC {
            return Err(Invalid::NoImage);
        }
        let reserved = field::<0x70, 80, HEADER_LENGTH>(bytes) != [0; 80] || half::<PROVED>(bytes) > 1;
        if half::<0x04>(bytes) != FORMAT || reserved {
            return Err(Invalid::Format);
        }
        Ok(Header {
            header_length: half::<0x06>(bytes),
            board: field::<0x08, 16, HEADER_LENGTH>(bytes),
            version: Version::from_bytes(field::<0x18, 12, HEADER_LENGTH>(bytes)),
            epoch: word::<0x24>(bytes),
            link_address: word::<0x28>(bytes),
            payload_length: word::<0x2C>(bytes),
            table_length: word::<0x30>(bytes),
            digest: field::<0x34, 32, HEADER_LENGTH>(bytes),
            lowest_bootloader: half::<0x54>(bytes),
            schemas: (half::<0x56>(bytes), half::<0x58>(bytes)),
            key_id: field::<0x5C, 4, HEADER_LENGTH>(bytes),
            revokes: KeyIds(field::<0x60, 12, HEADER_LENGTH>(bytes)),
            map_digest: word::<0x6C>(bytes),
        })
    }

    /// Returns the header's bytes: those that are signed, then `signature`.
    pub fn to_bytes(&self, signature: [u8; 64]) -> HeaderBytes {
        let mut out = [0; HEADER_LENGTH];
        put::<0x00, 4, HEADER_LENGTH>(&mut out, MAGIC);
        put::<0x04, 2, HEADER_LENGTH>(&mut out, FORMAT.to_le_bytes());
        put::<0x06, 2, HEADER_LENGTH>(&mut out, self.header_length.to_le_bytes());
        put::<0x08, 16, HEADER_LENGTH>(&mut out, self.board);
        put::<0x18, 12, HEADER_LENGTH>(&mut out, self.version.to_bytes());
        put::<0x24, 4, HEADER_LENGTH>(&mut out, self.epoch.to_le_bytes());
        put::<0x28, 4, HEADER_LENGTH>(&mut out, self.link_address.to_le_bytes());
        put::<0x2C, 4, HEADER_LENGTH>(&mut out, self.payload_length.to_le_bytes());
        put::<0x30, 4, HEADER_LENGTH>(&mut out, self.table_length.to_le_bytes());
        put::<0x34, 32, HEADER_LENGTH>(&mut out, self.digest);
        put::<0x54, 2, HEADER_LENGTH>(&mut out, self.lowest_bootloader.to_le_bytes());
        put::<0x56, 2, HEADER_LENGTH>(&mut out, self.schemas.0.to_le_bytes());
        put::<0x58, 2, HEADER_LENGTH>(&mut out, self.schemas.1.to_le_bytes());
        put::<0x5C, 4, HEADER_LENGTH>(&mut out, self.key_id);
        put::<0x60, 12, HEADER_LENGTH>(&mut out, self.revokes.0);
        put::<0x6C, 4, HEADER_LENGTH>(&mut out, self.map_digest.to_le_bytes());
        put::<0xC0, 64, HEADER_LENGTH>(&mut out, signature);
        out
    }

    /// Returns the table's offset in the slot, in bytes; `None` if the lengths overflow.
    pub fn table_offset(&self) -> Option<u32> {
        let payload = self.payload_length.checked_next_multiple_of(BLOCK)?;
        payload.checked_add(u32::from(self.header_length))
    }

    /// Returns how many bytes of the slot the image takes; `None` if the lengths overflow.
    pub fn image_length(&self) -> Option<u32> {
        self.table_offset()?.checked_add(self.table_length)
    }

    /// Returns the slot of `board` that the payload was linked for, `None` if it is neither.
    pub fn linked_for(&self, board: &Board) -> Option<Slot> {
        Slot::BOTH.into_iter().find(|slot| board.payload_address(*slot) == self.link_address)
    }

    /// Whether a device whose storage has `schema` can run this firmware; any firmware can if no schema was recorded.
    pub fn accepts_schema(&self, schema: u16) -> bool {
        schema == NO_SCHEMA || self.schemas.0 <= schema && schema <= self.schemas.1
    }
}

fn half<const AT: usize>(bytes: &HeaderBytes) -> u16 {
    u16::from_le_bytes(field::<AT, 2, HEADER_LENGTH>(bytes))
}

pub fn word<const AT: usize>(bytes: &HeaderBytes) -> u32 {
    u32::from_le_bytes(field::<AT, 4, HEADER_LENGTH>(bytes))
}

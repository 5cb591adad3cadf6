//! Images before they are signed.

use super::error::ImageError;
use super::table::{check_halves, table_bytes};
use crate::hex::hex;
use lifeboot_core::image::{Header, HeaderBytes, PROVED, SIGNED_LENGTH};
use lifeboot_core::rebase::Entry;
use lifeboot_core::{Board, KeyIds, Slot, Version};
use sha2::{Digest, Sha256};

/// What the signer states about a firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The firmware's version.
    pub version: Version,
    /// The epoch, which is the security counter.
    pub epoch: u32,
    /// The lowest bootloader format that the firmware works with.
    pub lowest_bootloader: u16,
    /// The lowest and the highest storage schema that the firmware works with.
    pub schemas: (u16, u16),
    /// The keys that are revoked when the image is confirmed.
    pub revokes: KeyIds,
}

/// An image that lacks only its signature.
#[derive(Clone, Debug)]
pub struct UnsignedImage {
    pub(super) board: &'static Board,
    pub(super) header: Header,
    pub(super) payload: Vec<u8>,
    pub(super) table: Vec<u8>,
    pub(super) proved: bool,
}

impl UnsignedImage {
    /// Returns the header that the image will have.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// States in the header that a comparison with the relinked program has proved the image.
    pub(crate) fn proved(mut self) -> UnsignedImage {
        self.proved = true;
        self
    }

    /// Makes an image from a canonical payload. Without entries it is bound to the slot that it is linked for.
    pub fn new(
        board: &'static Board,
        linked_for: Slot,
        payload: Vec<u8>,
        entries: &[Entry],
        release: Release,
        key_id: [u8; 4],
    ) -> Result<UnsignedImage, ImageError> {
        if release.revokes.ids().any(|id| id == key_id) {
            return Err(ImageError::OwnKey { key: hex(&key_id) });
        }
        let table = table_bytes(entries)?;
        check_halves(board, entries)?;
        if entries.last().is_some_and(|entry| entry.end() as usize > payload.len()) {
            return Err(ImageError::Table);
        }
        let too_large = |needed| ImageError::TooLarge { needed, room: board.slots[0].length, board: board.name };
        let mut header = Header {
            header_length: board.header_length as u16,
            board: board.name_bytes(),
            version: release.version,
            epoch: release.epoch,
            link_address: board.payload_address(linked_for),
            payload_length: u32::try_from(payload.len()).map_err(|_| too_large(payload.len() as u64))?,
            table_length: u32::try_from(table.len()).map_err(|_| too_large(table.len() as u64))?,
            digest: [0; 32],
            lowest_bootloader: release.lowest_bootloader,
            schemas: release.schemas,
            key_id,
            revokes: release.revokes,
            map_digest: board.map_digest(),
        };
        header.digest = digest(&payload, &table);
        let length = header.image_length().ok_or_else(|| too_large(payload.len() as u64))?;
        if length > board.slots[0].length {
            return Err(too_large(u64::from(length)));
        }
        Ok(UnsignedImage { board, header, payload, table, proved: false })
    }

    /// Returns the bytes that the Ed25519 signature must cover (RFC 8032; no prehash, no context).
    pub fn bytes_to_sign(&self) -> [u8; SIGNED_LENGTH] {
        let mut out = [0; SIGNED_LENGTH];
        out.copy_from_slice(&self.header_bytes([0; 64])[..SIGNED_LENGTH]);
        out
    }

    /// Returns the header's bytes with this signature.
    pub(super) fn header_bytes(&self, signature: [u8; 64]) -> HeaderBytes {
        let mut bytes = self.header.to_bytes(signature);
        bytes[PROVED] = self.proved.into();
        bytes
    }
}

pub(super) fn digest(payload: &[u8], table: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(payload).chain_update(table).finalize().into()
}

//! The image: the content of a slot, and the checks of its header.
//!
//! Header, little-endian, [`HEADER_LENGTH`] bytes at the start of the slot:
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x00 | 4 | magic `LBIM` |
//! | 0x04 | 2 | header format, [`FORMAT`] |
//! | 0x06 | 2 | header length: offset of the payload; the bytes between header and payload are erased flash |
//! | 0x08 | 16 | board name, ASCII, padded with zeros |
//! | 0x18 | 12 | firmware version: major 2, minor 2, patch 4, build 4 |
//! | 0x24 | 4 | epoch |
//! | 0x28 | 4 | link address: that of the canonical payload's first byte |
//! | 0x2C | 4 | payload length |
//! | 0x30 | 4 | relocation table length; 0 binds the image to the slot that it was linked for |
//! | 0x34 | 32 | SHA-256 of canonical payload and table |
//! | 0x54 | 2 | the lowest bootloader format that this firmware supports |
//! | 0x56 | 2+2 | the lowest and the highest storage schema that it supports |
//! | 0x5A | 1 | 1 = the signer has compared the rebased firmware with the relinked one; else 0 |
//! | 0x5B | 1 | zero |
//! | 0x5C | 4 | key id: the first bytes of the SHA-256 of the public key |
//! | 0x60 | 3 × 4 | ids of the keys that the confirm of this image revokes; zero = none |
//! | 0x6C | 4 | [map digest](crate::layout::Board::map_digest) |
//! | 0x70 | 80 | zero |
//! | 0xC0 | 64 | Ed25519 signature (RFC 8032) over bytes 0x00 to 0xBF |
//!
//! The payload follows at the header length, its vector table first; the table follows the payload, at the next
//! multiple of [`BLOCK`]. An image file is a slot's content, for slot A.

mod header;
mod invalid;

pub use header::{FORMAT, HEADER_LENGTH, Header, HeaderBytes, PROVED, SIGNED_LENGTH};
pub use invalid::Invalid;

use crate::bytes::field;
use crate::info::BootloaderInfo;
use crate::key_ids::KeyId;
use crate::layout::{BLOCK, Board, EPOCH_STEP, Slot};
use crate::record::Record;
use crate::signature::{Point, SignatureCheck, compute_r, first_half};
use header::word;

/// The device's state that headers are checked against.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// The board.
    pub board: &'a Board,
    /// The bootloader's keys and format.
    pub info: &'a BootloaderInfo,
    /// The boot state: the lowest epoch, the revoked keys, the storage schema.
    pub record: &'a Record,
}

/// A header whose signature, board, bounds and epoch are valid for one slot. Only [`Trust::check`] and
/// [`HeaderCheck::step`] make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    header: Header,
    slot: Slot,
    linked_for: Slot,
    /// The point R that was computed, which the signature begins with.
    point: Point,
}

impl Checked {
    /// Returns the header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the slot that the header was checked for.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// Replaces the header's digest by the one that was computed; returns whether the two are equal.
    pub(crate) fn store_computed_digest(&mut self, digest: [u8; 32]) -> bool {
        // A copy of its own, so that this comparison does not depend on the stored copy.
        let promised = *core::hint::black_box(&digest) == self.header.digest;
        self.header.digest = digest;
        promised
    }

    /// Whether the bytes of a header match what was computed and what is trusted: all that decides which firmware may
    /// run.
    pub(crate) fn matches_flash(&self, bytes: &HeaderBytes, trust: &Trust) -> bool {
        field::<0xC0, 32, HEADER_LENGTH>(bytes) == self.point
            // What a skipped computation leaves behind; no signer would choose the point with these bytes.
            && self.point != [0; 32]
            && field::<0x34, 32, HEADER_LENGTH>(bytes) == self.header.digest
            && field::<0x08, 16, HEADER_LENGTH>(bytes) == trust.board.name_bytes()
            && word::<0x6C>(bytes) == trust.info.map_digest()
            && word::<0x24>(bytes) >= trust.record.epoch_floor
            && trust.key(field::<0x5C, 4, HEADER_LENGTH>(bytes)).is_ok()
    }

    /// Returns what must be added to the canonical payload's addresses in this slot; wraps.
    pub const fn distance(&self, board: &Board) -> u32 {
        board.distance(self.linked_for, self.slot)
    }

    /// Returns the table's offset in the slot, in bytes.
    pub const fn table_offset(&self) -> u32 {
        // Cannot overflow: both lengths were checked against the slot's.
        self.header.header_length as u32 + self.header.payload_length.next_multiple_of(BLOCK)
    }
}

impl Trust<'_> {
    /// Checks a whole header for `slot`, the signature first: until that is valid, no other field means anything.
    pub fn check(&self, bytes: &HeaderBytes, slot: Slot) -> Result<Checked, Invalid> {
        let id = Header::parse(bytes)?.key_id;
        let key = self.key(id)?;
        // The key is looked up a second time, so that the two parts of the signature's check do not depend on one
        // lookup.
        let key_copy = self.key(id)?;
        // By reference, and nothing is kept that can be computed again: this is the deepest stack of the boot.
        let (message, signature) = bytes.split_last_chunk().ok_or(Invalid::Signature)?;
        let point = compute_r::<{ cfg!(feature = "two-part-signature") }>([key, key_copy], message, signature)
            .ok_or(Invalid::Signature)?;
        if point != *first_half(signature) {
            return Err(Invalid::Signature);
        }
        self.admit(Header::parse(bytes)?, slot, point)
    }

    /// Checks a header's fields after its signature was found valid.
    fn admit(&self, header: Header, slot: Slot, point: Point) -> Result<Checked, Invalid> {
        let board = self.board;
        if header.board != board.name_bytes() {
            return Err(Invalid::Board);
        }
        if header.map_digest != self.info.map_digest() {
            return Err(Invalid::Map);
        }
        if u32::from(header.header_length) != board.header_length
            || header.payload_length < 8
            || header.image_length().is_none_or(|length| length > board.slot(slot).length)
        {
            return Err(Invalid::Bounds);
        }
        let linked_for = header.linked_for(board).ok_or(Invalid::Bounds)?;
        if header.table_length == 0 && linked_for != slot {
            return Err(Invalid::OtherSlot);
        }
        if header.lowest_bootloader > self.info.format() {
            return Err(Invalid::Bootloader);
        }
        if header.epoch < self.record.epoch_floor {
            return Err(Invalid::Epoch);
        }
        if !header.accepts_schema(self.record.schema) {
            return Err(Invalid::Schema);
        }
        // So a valid key is always left: that of the image that was confirmed last.
        if header.revokes.contain(header.key_id) {
            return Err(Invalid::OwnKey);
        }
        Ok(Checked { header, slot, linked_for, point })
    }

    /// Checks that an image which is about to be received does not raise the epoch floor by more than
    /// [`EPOCH_STEP`] with its confirm.
    pub const fn check_epoch_step(&self, header: &Header) -> Result<(), Invalid> {
        if header.epoch.saturating_sub(self.record.epoch_floor) > EPOCH_STEP { Err(Invalid::EpochStep) } else { Ok(()) }
    }

    /// Returns the key with this id, if the device holds it and has not revoked it.
    fn key(&self, id: KeyId) -> Result<&[u8; 32], Invalid> {
        match self.info.key(id) {
            None => Err(Invalid::UnknownKey),
            Some(_) if self.record.revoked.contain(id) => Err(Invalid::RevokedKey),
            Some(key) => Ok(key),
        }
    }
}

/// A header check in progress, done in steps.
pub struct HeaderCheck {
    bytes: HeaderBytes,
    slot: Slot,
    signature: SignatureCheck,
}

impl HeaderCheck {
    /// Prepares a check of this header for `slot`; call [`start`](Self::start) next.
    #[inline]
    pub fn new(bytes: &HeaderBytes, slot: Slot) -> Self {
        HeaderCheck { bytes: *bytes, slot, signature: SignatureCheck::default() }
    }

    /// Checks what can be checked at once.
    pub fn start(&mut self, trust: &Trust) -> Result<(), Invalid> {
        let key = trust.key(Header::parse(&self.bytes)?.key_id)?;
        match self.bytes.split_last_chunk() {
            Some((message, signature)) if self.signature.start(key, message, signature) => Ok(()),
            _ => Err(Invalid::Signature),
        }
    }

    /// Returns the header's bytes.
    pub const fn bytes(&self) -> &HeaderBytes {
        &self.bytes
    }

    /// Does the next step; returns the proof once every check has passed. The fields are checked against `trust` as
    /// passed to the last step.
    pub fn step(&mut self, trust: &Trust) -> Result<Option<Checked>, Invalid> {
        match self.signature.step() {
            None => Ok(None),
            Some(false) => Err(Invalid::Signature),
            Some(true) => self.admit(trust).map(Some),
        }
    }

    #[inline(never)] // Keeps its temporaries off the stack while the signature is checked.
    fn admit(&self, trust: &Trust) -> Result<Checked, Invalid> {
        let header = Header::parse(&self.bytes)?;
        trust.key(header.key_id)?;
        trust.admit(header, self.slot, field::<0xC0, 32, HEADER_LENGTH>(&self.bytes))
    }
}

#[cfg(test)]
mod tests;

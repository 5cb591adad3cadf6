//! The image: what a slot holds, and what makes its header acceptable.
//!
//! Header, little-endian, [`HEADER_LENGTH`] bytes at the start of the slot:
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x00 | 4 | magic `LBIM` |
//! | 0x04 | 2 | header format, [`FORMAT`] |
//! | 0x06 | 2 | header length: where the payload starts; erased flash up to there |
//! | 0x08 | 16 | board name, ASCII, padded with zeros |
//! | 0x18 | 12 | firmware version: major 2, minor 2, patch 4, build 4 |
//! | 0x24 | 4 | epoch |
//! | 0x28 | 4 | link address: of the canonical payload's first byte |
//! | 0x2C | 4 | payload length |
//! | 0x30 | 4 | relocation table length; 0 binds the image to the slot that it was linked for |
//! | 0x34 | 32 | SHA-256 of canonical payload and table |
//! | 0x54 | 2 | the lowest bootloader format that this firmware can live with |
//! | 0x56 | 2+2 | the lowest and the highest storage schema that it can live with |
//! | 0x5A | 2 | zero |
//! | 0x5C | 4 | key id: the first bytes of the SHA-256 of the public key |
//! | 0x60 | 3 × 4 | ids of the keys that a confirm of this image revokes; zero = none |
//! | 0x6C | 84 | zero |
//! | 0xC0 | 64 | Ed25519 signature (RFC 8032) over bytes 0x00 to 0xBF |
//!
//! The payload follows at the header length, its vector table first; the table follows the payload, at the next
//! multiple of [`BLOCK`]. An image file is a slot's content, for slot A.

mod header;

pub use header::{FORMAT, HEADER_LENGTH, Header, HeaderBytes, REVOKES, Revokes, SIGNED_LENGTH};

use crate::bytes::field;
use crate::info::BootloaderInfo;
use crate::layout::{BLOCK, Board, Slot};
use crate::signature::{Point, SignatureCheck, compute_r, first_half};
use header::word;

/// Why a slot, or a header on its way into one, is not acceptable. The numbers are those of the wire's refusals
/// (`lifeboot_wire::Refusal`), so that a bootloader can tell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Invalid {
    /// There is no header: the magic is missing.
    NoImage,
    /// The header's format is not known to this code, or its reserved bytes are used.
    Format,
    /// No key of this device signed it.
    UnknownKey,
    /// The key was revoked.
    RevokedKey,
    /// The signature does not fit.
    Signature,
    /// It is for another board.
    Board,
    /// Its lengths or its link address do not fit the board's slots.
    Bounds,
    /// It has no relocation table and was linked for the other slot.
    OtherSlot,
    /// It needs a newer bootloader.
    Bootloader,
    /// Its epoch is below the device's.
    Epoch,
    /// The relocation table does not decode, or points past the payload.
    Table,
    /// Payload or table are not what was signed.
    Digest,
    /// The entry point lies outside the payload, or is not Thumb code.
    Entry,
    /// The initial stack pointer does not point into RAM, or is not aligned.
    Stack,
    /// The flash could not be read.
    Flash,
    /// It revokes the key that signed it. The number is the wire's, as are those above by their order.
    OwnKey = 28,
}

/// What headers are judged by on one device.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// The board.
    pub board: &'a Board,
    /// The bootloader's keys and format.
    pub info: &'a BootloaderInfo,
    /// A bit for each revoked key.
    pub revoked: u8,
    /// The lowest epoch that may run.
    pub epoch_floor: u32,
}

/// A header whose signature, board, bounds and epoch were found good for one slot. Only [`Trust::check`] and
/// [`HeaderCheck::step`] make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    header: Header,
    slot: Slot,
    linked_for: Slot,
    revokes: u8,
    /// What the signature was found to begin with.
    point: Point,
}

impl Checked {
    /// What the header says.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The slot that it was checked for.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// The keys of this device's table that a confirm of the image revokes, a bit each.
    pub const fn revokes(&self) -> u8 {
        self.revokes
    }

    /// Whether the header promises this digest; from now on it says what was computed.
    pub(crate) fn store_computed_digest(&mut self, digest: [u8; 32]) -> bool {
        // Its own, so that the one comparison does not hang on the other's copy.
        let promised = *core::hint::black_box(&digest) == self.header.digest;
        self.header.digest = digest;
        promised
    }

    /// Whether the bytes of a header go with what was computed, and with who is trusted: all that decides who may run.
    pub(crate) fn matches_flash(&self, bytes: &HeaderBytes, trust: &Trust) -> bool {
        field::<0xC0, 32, HEADER_LENGTH>(bytes) == self.point
            // What comes of a computation that did not take place; the bytes of no point that a signer would choose.
            && self.point != [0; 32]
            && field::<0x34, 32, HEADER_LENGTH>(bytes) == self.header.digest
            && field::<0x08, 16, HEADER_LENGTH>(bytes) == trust.board.name_bytes()
            && word::<0x24>(bytes) >= trust.epoch_floor
            && trust.key(field::<0x5C, 4, HEADER_LENGTH>(bytes)).is_ok()
    }

    /// What has to be added to the canonical payload's addresses in this slot; wrapping.
    pub const fn distance(&self, board: &Board) -> u32 {
        board.distance(self.linked_for, self.slot)
    }

    /// Where the table starts in the slot, in bytes.
    pub const fn table_offset(&self) -> u32 {
        // Cannot overflow: both lengths were bounded by the slot's.
        self.header.header_length as u32 + self.header.payload_length.next_multiple_of(BLOCK)
    }
}

impl Trust<'_> {
    /// Checks a whole header for `slot`: the signature first, since nothing else in it means anything before.
    pub fn check(&self, bytes: &HeaderBytes, slot: Slot) -> Result<Checked, Invalid> {
        let id = Header::parse(bytes)?.key_id;
        let (own, key) = self.key(id)?;
        // The key is looked for once more, so that both parts of the signature's check do not hang on one search.
        let (_, key_copy) = self.key(id)?;
        // By reference, and nothing kept that can be had again: this is the deepest stack of the boot.
        let (message, signature) = bytes.split_last_chunk().ok_or(Invalid::Signature)?;
        let point = compute_r([key, key_copy], message, signature).ok_or(Invalid::Signature)?;
        if point != *first_half(signature) {
            return Err(Invalid::Signature);
        }
        self.admit(Header::parse(bytes)?, slot, own, point)
    }

    /// What a header says, once its signature was found good, by the key with the bit `own`.
    fn admit(&self, header: Header, slot: Slot, own: u8, point: Point) -> Result<Checked, Invalid> {
        let board = self.board;
        if header.board != board.name_bytes() {
            return Err(Invalid::Board);
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
        if header.epoch < self.epoch_floor {
            return Err(Invalid::Epoch);
        }
        let revokes = header.revoked_keys(self.info);
        // So there is always a key left: that of the image that was confirmed last.
        if own & revokes != 0 {
            return Err(Invalid::OwnKey);
        }
        Ok(Checked { header, slot, linked_for, revokes, point })
    }

    /// The key with this id, if it counts, and its bit.
    fn key(&self, id: [u8; 4]) -> Result<(u8, &[u8; 32]), Invalid> {
        match self.info.key(id) {
            None => Err(Invalid::UnknownKey),
            Some((bit, _)) if self.revoked & bit != 0 => Err(Invalid::RevokedKey),
            Some(found) => Ok(found),
        }
    }
}

/// A check of a header under way, in steps.
pub struct HeaderCheck {
    bytes: HeaderBytes,
    slot: Slot,
    signature: SignatureCheck,
}

impl HeaderCheck {
    /// A check of this header for `slot`, to be [`start`](Self::start)ed.
    #[inline]
    pub fn new(bytes: &HeaderBytes, slot: Slot) -> Self {
        HeaderCheck { bytes: *bytes, slot, signature: SignatureCheck::default() }
    }

    /// Finds what can be found out at once.
    pub fn start(&mut self, trust: &Trust) -> Result<(), Invalid> {
        let (_, key) = trust.key(Header::parse(&self.bytes)?.key_id)?;
        match self.bytes.split_last_chunk() {
            Some((message, signature)) if self.signature.start(key, message, signature) => Ok(()),
            _ => Err(Invalid::Signature),
        }
    }

    /// The header.
    pub const fn bytes(&self) -> &HeaderBytes {
        &self.bytes
    }

    /// Goes on; the proof, once everything is known to be good. `trust` as it is then counts.
    pub fn step(&mut self, trust: &Trust) -> Result<Option<Checked>, Invalid> {
        match self.signature.step() {
            None => Ok(None),
            Some(false) => Err(Invalid::Signature),
            Some(true) => self.admit(trust).map(Some),
        }
    }

    #[inline(never)] // So that its temporaries are not on the stack while the signature is checked.
    fn admit(&self, trust: &Trust) -> Result<Checked, Invalid> {
        let header = Header::parse(&self.bytes)?;
        let (own, _) = trust.key(header.key_id)?;
        trust.admit(header, self.slot, own, field::<0xC0, 32, HEADER_LENGTH>(&self.bytes))
    }
}

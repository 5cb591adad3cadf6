//! Image files: what `lifeboot sign` writes and `lifeboot push` sends.
//!
//! An image file is the content of the slot that the firmware was linked for, up to the image's last byte: the header
//! ([`lifeboot_core::image`]), 0xFF up to the payload, the payload, 0xFF up to the table, the table; and behind it patches
//! to the image, if there are any ([`crate::patch`]). They are not signed and need not be. Invariant: an
//! [`ImageFile`] fits its board's slot, decodes, can be rebased, and has the digest that its header says. Whether its signature fits a
//! key is asked separately: [`ImageFile::check_signature`].

mod error;

pub use error::ImageError;

use crate::keys::PublicKey;
use crate::patch::{self, Patch};
use lifeboot_core::image::{HEADER_LENGTH, Header, HeaderBytes, Invalid, Revokes, SIGNED_LENGTH};
use lifeboot_core::rebase::{Decoder, Entry, Kind, Rebaser, encode};
use lifeboot_core::{Board, Slot, Version};
use sha2::{Digest, Sha256};
use std::convert::Infallible;

/// What erased flash reads as, and what stands in the gaps of an image file.
const ERASED: u8 = 0xff;

/// What the signer says of a firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// The security counter.
    pub epoch: u32,
    /// The lowest bootloader format that it can live with.
    pub lowest_bootloader: u16,
    /// The lowest and the highest storage schema that it can live with.
    pub schemas: (u16, u16),
    /// The keys that are revoked when it is confirmed.
    pub revokes: Revokes,
}

/// An image that lacks its signature only.
#[derive(Clone, Debug)]
pub struct UnsignedImage {
    board: &'static Board,
    header: Header,
    payload: Vec<u8>,
    table: Vec<u8>,
}

/// A whole image.
#[derive(Clone, Debug)]
pub struct ImageFile {
    image: UnsignedImage,
    header_bytes: HeaderBytes,
    linked_for: Slot,
    patches: Vec<Patch>,
}

impl UnsignedImage {
    /// What its header will say.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// An image of a canonical payload. Without entries it is bound to the slot that it is linked for.
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
        };
        header.digest = digest(&payload, &table);
        let length = header.image_length().ok_or_else(|| too_large(payload.len() as u64))?;
        if length > board.slots[0].length {
            return Err(too_large(u64::from(length)));
        }
        Ok(UnsignedImage { board, header, payload, table })
    }

    /// What the Ed25519 signature (RFC 8032, neither hashed before nor with a context) has to cover.
    pub fn bytes_to_sign(&self) -> [u8; SIGNED_LENGTH] {
        let mut out = [0; SIGNED_LENGTH];
        out.copy_from_slice(&self.header.to_bytes([0; 64])[..SIGNED_LENGTH]);
        out
    }

    /// The image with its signature, which is not checked here.
    pub fn with_signature(self, signature: [u8; 64]) -> Result<ImageFile, ImageError> {
        ImageFile::new(self.header.to_bytes(signature), self)
    }
}

impl ImageFile {
    fn new(header_bytes: HeaderBytes, image: UnsignedImage) -> Result<ImageFile, ImageError> {
        let linked_for = image.header.linked_for(image.board);
        let linked_for = linked_for.ok_or(ImageError::Damaged("it was linked for neither slot"))?;
        Ok(ImageFile { image, header_bytes, linked_for, patches: Vec::new() })
    }

    /// Reads an image file. Everything is checked but the signature.
    pub fn from_bytes(bytes: &[u8]) -> Result<ImageFile, ImageError> {
        if !bytes.starts_with(b"LBIM") {
            return Err(ImageError::NotAnImage);
        }
        let truncated = |expected: u64| ImageError::Truncated { expected, found: bytes.len() as u64 };
        let header_bytes: &HeaderBytes = bytes.first_chunk().ok_or_else(|| truncated(HEADER_LENGTH as u64))?;
        let header = Header::parse(header_bytes).map_err(|invalid| match invalid {
            Invalid::NoImage => ImageError::NotAnImage,
            _ => ImageError::Format,
        })?;
        let name = String::from_utf8_lossy(&header.board).trim_end_matches('\0').to_owned();
        let board = Board::named(&name).ok_or(ImageError::UnknownBoard(name))?;
        let length = header.image_length().filter(|length| *length <= board.slots[0].length);
        let (Some(length), Some(table)) = (length, header.table_offset()) else {
            return Err(ImageError::Damaged("its lengths do not fit a slot"));
        };
        if u32::from(header.header_length) != board.header_length {
            return Err(ImageError::Damaged("its payload does not start where the board wants it"));
        }
        if bytes.len() < length as usize {
            return Err(truncated(u64::from(length)));
        }
        let (bytes, behind) = bytes.split_at(length as usize);
        let patches = patch::read(behind)?;
        let (payload, table) = (usize::from(header.header_length), table as usize);
        let payload_end = payload + header.payload_length as usize;
        if bytes[HEADER_LENGTH..payload].iter().chain(&bytes[payload_end..table]).any(|byte| *byte != ERASED) {
            return Err(ImageError::Damaged("its gaps are not empty"));
        }
        let (payload, table) = (bytes[payload..payload_end].to_vec(), bytes[table..].to_vec());
        if digest(&payload, &table) != header.digest {
            return Err(ImageError::Damaged("payload or table are not what was signed"));
        }
        let entries = decode(&table).ok_or(ImageError::Damaged("its relocation table does not decode"))?;
        check_halves(board, &entries)?;
        if entries.last().is_some_and(|entry| entry.end() as usize > payload.len()) {
            return Err(ImageError::Damaged("its relocation table points past the payload"));
        }
        let image = ImageFile::new(*header_bytes, UnsignedImage { board, header, payload, table })?;
        Ok(ImageFile { patches, ..image })
    }

    /// The file's bytes: the image, and the patches to it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.image_bytes();
        self.patches.iter().for_each(|patch| patch::write(patch, &mut out));
        out
    }

    /// The image's bytes, as the slot holds them that it was linked for.
    pub fn image_bytes(&self) -> Vec<u8> {
        self.content(self.image.payload.clone())
    }

    /// The image with a patch to it from `old`, for devices that run that.
    ///
    /// # Errors
    /// [`ImageError::OtherBoard`].
    pub fn with_patch_from(mut self, old: &ImageFile) -> Result<ImageFile, ImageError> {
        let patch = Patch::between(old, &self)?;
        self.patches.retain(|other| other.digest() != patch.digest());
        self.patches.push(patch);
        Ok(self)
    }

    /// The patches to it.
    pub fn patches(&self) -> &[Patch] {
        &self.patches
    }

    /// What `slot` of `board` holds once the image is installed there.
    pub fn for_slot(&self, board: &Board, slot: Slot) -> Result<Vec<u8>, ImageError> {
        if board.name != self.image.board.name {
            return Err(ImageError::OtherBoard { found: self.image.board.name, wanted: board.name });
        }
        if self.is_bound() && slot != self.linked_for {
            return Err(ImageError::OtherSlot(self.linked_for));
        }
        let distance = self.image.board.distance(self.linked_for, slot);
        Ok(self.content(rebased(self.image.payload.clone(), &self.entries(), distance)))
    }

    fn content(&self, payload: Vec<u8>) -> Vec<u8> {
        let mut out = self.header_bytes.to_vec();
        out.resize(usize::from(self.image.header.header_length), ERASED);
        out.extend(payload);
        out.resize(self.image.header.table_offset().unwrap_or_default() as usize, ERASED);
        out.extend(&self.image.table);
        out
    }

    /// Whether the private half of `key` signed it.
    pub fn check_signature(&self, key: &PublicKey) -> Result<(), ImageError> {
        if self.header().key_id != key.id() {
            return Err(ImageError::OtherKey { image: hex(&self.header().key_id), key: hex(&key.id()) });
        }
        let (signed, signature) = self.header_bytes.split_at(SIGNED_LENGTH);
        let signature = signature.first_chunk().ok_or(ImageError::Signature)?;
        if key.verifies(signed, signature) { Ok(()) } else { Err(ImageError::Signature) }
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.image.header
    }

    /// The header with its signature.
    pub fn header_bytes(&self) -> &HeaderBytes {
        &self.header_bytes
    }

    /// The board that it is for.
    pub fn board(&self) -> &'static Board {
        self.image.board
    }

    /// The canonical payload.
    pub fn payload(&self) -> &[u8] {
        &self.image.payload
    }

    /// The relocation table's bytes.
    pub fn table(&self) -> &[u8] {
        &self.image.table
    }

    /// The relocation table's entries.
    pub fn entries(&self) -> Vec<Entry> {
        // Both makers of an `ImageFile` have seen that it decodes.
        decode(&self.image.table).unwrap_or_default()
    }

    /// The slot that it was linked for: A, unless it is bound to B.
    pub fn linked_for(&self) -> Slot {
        self.linked_for
    }

    /// Whether it has no relocations, and so runs in one slot only.
    pub fn is_bound(&self) -> bool {
        self.image.table.is_empty()
    }
}

/// A payload as it runs at a distance from where it was linked for.
pub fn rebased(mut payload: Vec<u8>, entries: &[Entry], distance: u32) -> Vec<u8> {
    let mut entries = entries.iter().copied();
    let Ok(_) = Rebaser::new(distance).apply(0, &mut payload, || Ok::<_, Infallible>(entries.next()));
    payload
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A relocation table's bytes, of sorted and disjoint entries.
pub fn table_bytes(entries: &[Entry]) -> Result<Vec<u8>, ImageError> {
    let (mut end, mut table) = (0, Vec::new());
    for entry in entries {
        let (bytes, length) = encode(end, *entry).ok_or(ImageError::Table)?;
        table.extend_from_slice(&bytes[..length]);
        end = entry.end();
    }
    Ok(table)
}

/// Halves of an address move by whole 64 KiB only.
fn check_halves(board: &Board, entries: &[Entry]) -> Result<(), ImageError> {
    let moves_whole = board.distance(Slot::A, Slot::B).is_multiple_of(0x1_0000);
    let half = entries.iter().find(|entry| entry.kind == Kind::UpperHalf);
    match half.filter(|_| !moves_whole) {
        Some(entry) => Err(ImageError::Half { offset: entry.offset, board: board.name }),
        None => Ok(()),
    }
}

fn decode(table: &[u8]) -> Option<Vec<Entry>> {
    let mut decoder = Decoder::default();
    let mut entries = Vec::new();
    for byte in table {
        entries.extend(decoder.push(*byte).ok()?);
    }
    decoder.is_whole().then_some(entries)
}

fn digest(payload: &[u8], table: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(payload).chain_update(table).finalize().into()
}

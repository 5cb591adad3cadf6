//! Whole images.

use super::error::ImageError;
use super::patches::{self, Patch};
use super::table::{check_halves, decode, rebased};
use super::unsigned::{UnsignedImage, digest};
use crate::boards::{from_map, name_of, read_map, write_map};
use crate::hex::hex;
use crate::keys::PublicKey;
use crate::segment::ERASED;
use lifeboot_core::image::{HEADER_LENGTH, Header, HeaderBytes, Invalid, PROVED, SIGNED_LENGTH};
use lifeboot_core::rebase::Entry;
use lifeboot_core::{Board, Slot};

/// A whole image.
#[derive(Clone, Debug)]
pub struct ImageFile {
    image: UnsignedImage,
    header_bytes: HeaderBytes,
    linked_for: Slot,
    patches: Vec<Patch>,
}

impl UnsignedImage {
    /// Adds the signature, without checking it.
    pub fn with_signature(self, signature: [u8; 64]) -> Result<ImageFile, ImageError> {
        ImageFile::new(self.header_bytes(signature), self)
    }
}

impl ImageFile {
    fn new(header_bytes: HeaderBytes, image: UnsignedImage) -> Result<ImageFile, ImageError> {
        let linked_for = image.header.linked_for(image.board);
        let linked_for = linked_for.ok_or(ImageError::Damaged("it was linked for neither slot"))?;
        Ok(ImageFile { image, header_bytes, linked_for, patches: Vec::new() })
    }

    /// Reads an image file, and checks everything but the signature.
    ///
    /// # Errors
    /// [`ImageError`] if it is none, or was changed.
    pub fn from_bytes(bytes: &[u8]) -> Result<ImageFile, ImageError> {
        let header = read_header(bytes)?;
        let length = header.image_length().unwrap_or(u32::MAX);
        let behind = bytes.get(length as usize..).ok_or(truncated(bytes, length.into()))?;
        let (map, behind) = read_map(behind).ok_or(ImageError::NoMap)?;
        let board = from_map(&name_of(&header.board), map)?;
        if board.map_digest() != header.map_digest {
            return Err(ImageError::Damaged("its flash map is not the one that was signed"));
        }
        let patches = patches::read(behind)?;
        Ok(ImageFile { patches, ..ImageFile::from_slot(&bytes[..length as usize], board)? })
    }

    /// Reads the image in the content of a slot of `board`, and checks everything but the signature.
    ///
    /// # Errors
    /// [`ImageError`] if there is none, or it was changed, or is for another board.
    pub fn from_slot(bytes: &[u8], board: &'static Board) -> Result<ImageFile, ImageError> {
        let header = read_header(bytes)?;
        if header.board != board.name_bytes() {
            return Err(ImageError::OtherBoard { found: name_of(&header.board), wanted: board.name });
        }
        if header.map_digest != board.map_digest() {
            return Err(ImageError::OtherMap(board.name));
        }
        let length = header.image_length().filter(|length| *length <= board.slots[0].length);
        let (Some(length), Some(table)) = (length, header.table_offset()) else {
            return Err(ImageError::Damaged("its lengths do not fit a slot"));
        };
        if u32::from(header.header_length) != board.header_length {
            return Err(ImageError::Damaged("its payload does not start where the board wants it"));
        }
        if bytes.len() < length as usize {
            return Err(truncated(bytes, u64::from(length)));
        }
        let bytes = &bytes[..length as usize];
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
        let header_bytes: HeaderBytes = bytes.first_chunk().copied().ok_or(ImageError::NotAnImage)?;
        let proved = header_bytes[PROVED] != 0;
        ImageFile::new(header_bytes, UnsignedImage { board, header, payload, table, proved })
    }

    /// Returns the file's bytes: the image, its board's flash map, and the patches to it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.image_bytes();
        write_map(self.image.board, &mut out);
        self.patches.iter().for_each(|patch| patches::write(patch, &mut out));
        out
    }

    /// Returns the image's bytes, as the slot holds them that the image was linked for.
    pub fn image_bytes(&self) -> Vec<u8> {
        self.content(self.image.payload.clone())
    }

    /// Adds a patch to the image; it replaces one from the same image.
    pub(crate) fn with_patch(mut self, patch: Patch) -> ImageFile {
        self.patches.retain(|other| other.digest() != patch.digest());
        self.patches.push(patch);
        self
    }

    /// Returns the patches to the image.
    pub fn patches(&self) -> &[Patch] {
        &self.patches
    }

    /// Returns the content of `slot` of `board` once the image is installed there.
    pub fn for_slot(&self, board: &Board, slot: Slot) -> Result<Vec<u8>, ImageError> {
        if board.name != self.image.board.name {
            return Err(ImageError::OtherBoard { found: self.image.board.name.to_owned(), wanted: board.name });
        }
        if !board.fits(self.image.board) {
            return Err(ImageError::OtherMap(board.name));
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

    /// Checks that the private half of `key` signed the image.
    pub fn check_signature(&self, key: &PublicKey) -> Result<(), ImageError> {
        if self.header().key_id != key.id() {
            return Err(ImageError::OtherKey { image: hex(&self.header().key_id), key: hex(&key.id()) });
        }
        let (signed, signature) = self.header_bytes.split_at(SIGNED_LENGTH);
        let signature = signature.first_chunk().ok_or(ImageError::Signature)?;
        if key.verifies(signed, signature) { Ok(()) } else { Err(ImageError::Signature) }
    }

    /// Returns the decoded header.
    pub fn header(&self) -> &Header {
        &self.image.header
    }

    /// Returns the header's bytes, with the signature.
    pub fn header_bytes(&self) -> &HeaderBytes {
        &self.header_bytes
    }

    /// Returns the board that the image is for.
    pub fn board(&self) -> &'static Board {
        self.image.board
    }

    /// Returns the canonical payload.
    pub fn payload(&self) -> &[u8] {
        &self.image.payload
    }

    /// Returns the relocation table's bytes.
    pub fn table(&self) -> &[u8] {
        &self.image.table
    }

    /// Returns the relocation table's entries.
    pub fn entries(&self) -> Vec<Entry> {
        // Both constructors of `ImageFile` have checked that the table decodes.
        decode(&self.image.table).unwrap_or_default()
    }

    /// Returns the slot that the image was linked for: A, unless it is bound to B.
    pub fn linked_for(&self) -> Slot {
        self.linked_for
    }

    /// Returns whether the signer has proved that the image runs in either slot.
    pub fn is_proved(&self) -> bool {
        self.image.proved
    }

    /// Returns whether the image has no relocations, and so runs in one slot only.
    pub fn is_bound(&self) -> bool {
        self.image.table.is_empty()
    }
}

fn read_header(bytes: &[u8]) -> Result<Header, ImageError> {
    if !bytes.starts_with(b"LBIM") {
        return Err(ImageError::NotAnImage);
    }
    let header: &HeaderBytes = bytes.first_chunk().ok_or_else(|| truncated(bytes, HEADER_LENGTH as u64))?;
    Header::parse(header).map_err(|invalid| match invalid {
        Invalid::NoImage => ImageError::NotAnImage,
        _ => ImageError::Format,
    })
}

fn truncated(bytes: &[u8], expected: u64) -> ImageError {
    ImageError::Truncated { expected, found: bytes.len() as u64 }
}

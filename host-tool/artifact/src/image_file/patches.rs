//! Patches in an image file: they follow the image, one after the other.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x00 | 4 | magic `LBPA` |
//! | 0x04 | 1 | the patch's format ([`FORMAT`]) |
//! | 0x05 | 3 | zero |
//! | 0x08 | 12 | version of the image that the patch was made from, as in a header |
//! | 0x14 | 32 | that image's digest |
//! | 0x34 | 4 | length of the patch |
//! | 0x38 | 32 | SHA-256 of bytes 0x00 to 0x37 and the patch |
//! | 0x58 | | the patch |
//!
//! A damaged patch does no harm, since the image is complete without it: its digest does not match, and it is not used.

use super::error::ImageError;
use lifeboot_core::Version;
pub use lifeboot_wire::patch::FORMAT;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 4] = b"LBPA";

/// A patch that turns one certain image into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    from: Version,
    digest: [u8; 32],
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Patch {
    /// Makes a patch from the image with this version and digest.
    pub(crate) fn new(from: Version, digest: [u8; 32], bytes: Vec<u8>) -> Patch {
        Patch { from, digest, bytes, is_whole: true }
    }

    /// Returns the version of the image that the patch was made from.
    pub fn from(&self) -> Version {
        self.from
    }

    /// Returns the digest of the image that the patch was made from.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Returns the bytes that are sent to a device.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns whether the patch is intact; otherwise it was damaged in its file.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// Appends a patch, with its header.
pub(super) fn write(patch: &Patch, out: &mut Vec<u8>) {
    let mut head = [MAGIC, [FORMAT, 0, 0, 0].as_slice()].concat();
    head.extend(patch.from.to_bytes());
    head.extend(patch.digest);
    head.extend((patch.bytes.len() as u32).to_le_bytes());
    let digest = Sha256::new().chain_update(&head).chain_update(&patch.bytes).finalize();
    out.extend(head);
    out.extend(digest);
    out.extend(&patch.bytes);
}

/// Reads the patches that follow an image.
pub(super) fn read(mut bytes: &[u8]) -> Result<Vec<Patch>, ImageError> {
    let mut patches = Vec::new();
    while !bytes.is_empty() {
        if !bytes.starts_with(MAGIC) {
            return Err(ImageError::Damaged("there are bytes behind its end"));
        }
        let cut_off = ImageError::Damaged("a patch in it is cut off");
        let Some((patch, rest)) = section(bytes) else { return Err(cut_off) };
        // A patch of a later format is for a later lifeboot.
        patches.extend(patch);
        bytes = rest;
    }
    Ok(patches)
}

fn section(bytes: &[u8]) -> Option<(Option<Patch>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<0x38>()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let length = u32::from_le_bytes(*head.last_chunk()?) as usize;
    let (patch, rest) = rest.split_at_checked(length)?;
    let is_whole = Sha256::new().chain_update(head).chain_update(patch).finalize()[..] == digest[..];
    let patch = Patch {
        from: Version::from_bytes(*head[8..].first_chunk()?),
        digest: *head[0x14..].first_chunk()?,
        bytes: patch.to_vec(),
        is_whole,
    };
    Some(((head[4] == FORMAT || !is_whole).then_some(patch), rest))
}

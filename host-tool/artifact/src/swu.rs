//! Images in the container of SWUpdate, which fleet servers take that know no other: a cpio archive, its first file
//! `sw-description`.
//!
//! The container adds nothing that a device relies on: what the description says of an image is checked against the image, and
//! the image's own signature decides on the device.

mod cpio;
mod description;
mod error;

use crate::hex::hex;
use crate::image_file::ImageFile;
use cpio::Entry;
use sha2::{Digest, Sha256};

pub use error::SwuError;

/// What is written in front of the image: fixed by SWUpdate.
const DESCRIPTION: &str = "sw-description";

/// The image's name in the archive.
const IMAGE: &str = "firmware.img";

/// Returns whether bytes begin like such a container.
pub fn is_swu(bytes: &[u8]) -> bool {
    cpio::is_archive(bytes)
}

/// Puts an image into a container, for this revision of its board. The same image gives the same bytes.
///
/// # Errors
/// [`SwuError::Name`] if the board's name or the revision cannot be written in a description.
pub fn write(image: &ImageFile, revision: &str) -> Result<Vec<u8>, SwuError> {
    let bytes = image.to_bytes();
    let version = image.header().version.to_string();
    let sha256 = hex(&Sha256::digest(&bytes));
    let description = description::write(image.board().name, revision, &version, IMAGE, &sha256)?;
    Ok(cpio::write(&[(DESCRIPTION, description.as_bytes()), (IMAGE, &bytes)]))
}

/// Returns the first image in a container, and checks all but the image's signature.
///
/// # Errors
/// [`SwuError`] if there is none, or it is not what the description states.
pub fn read(bytes: &[u8]) -> Result<ImageFile, SwuError> {
    let mut entries = cpio::Entries::new(bytes);
    let first = entries.next().transpose()?.filter(|entry| entry.name == DESCRIPTION);
    let description = String::from_utf8_lossy(first.ok_or(SwuError::NoDescription)?.content);
    for entry in entries {
        let Entry { name, content } = entry?;
        if content.starts_with(b"LBIM") {
            let stated =
                description::sha256_of(&description, name).ok_or_else(|| SwuError::NoDigest(name.to_owned()))?;
            if !stated.eq_ignore_ascii_case(&hex(&Sha256::digest(content))) {
                return Err(SwuError::Digest(name.to_owned()));
            }
            return Ok(ImageFile::from_bytes(content)?);
        }
    }
    Err(SwuError::NoImage)
}

/// Returns the image in a file as fleet servers hold it: an image file, or a container with one.
///
/// # Errors
/// [`SwuError`] if it is neither.
pub fn image_in(bytes: &[u8]) -> Result<ImageFile, SwuError> {
    if is_swu(bytes) { read(bytes) } else { Ok(ImageFile::from_bytes(bytes)?) }
}

#[cfg(test)]
mod tests;

//! Patches: what turns the image that a device runs into the next one, in a fraction of its bytes.
//!
//! | module | does |
//! | --- | --- |
//! | `make` | finds parts of the new image in the old one, and encodes them as instructions |
//!
//! Patches are stored in image files, after the image ([`crate::image_file`]). [`lifeboot_wire::patch`] defines the
//! format. A patch decides what is sent, never what is trusted: the device checks the header first and the whole image
//! last, as in any other push.

mod make;

use crate::image_file::{ImageError, ImageFile, Patch};
use lifeboot_wire::patch::{Malformed, PIECE, Patcher};

impl Patch {
    /// Makes a patch from one image to another.
    ///
    /// # Errors
    /// [`ImageError::OtherBoard`] if the images are for different boards.
    pub fn between(old: &ImageFile, new: &ImageFile) -> Result<Patch, ImageError> {
        if old.board().name != new.board().name {
            return Err(ImageError::OtherBoard { found: old.board().name.to_owned(), wanted: new.board().name });
        }
        let bytes = make::compressed(&make::instructions(&bytes_of(old), &bytes_of(new)));
        let header = old.header();
        Ok(Patch::new(header.version, header.digest, bytes))
    }

    /// Returns what a device that runs `old` makes of the patch: the relocation table, followed by the payload.
    ///
    /// # Errors
    /// [`Malformed`] if it is not a patch of that image, or makes more than `limit` bytes.
    pub fn apply(&self, old: &ImageFile, limit: usize) -> Result<Vec<u8>, Malformed> {
        let old = bytes_of(old);
        let mut patcher = Patcher::new(old.len() as u32);
        let (mut new, mut piece, mut rest) = (Vec::new(), [0; PIECE], self.bytes());
        loop {
            let made = patcher.make(&mut piece, |position, place| {
                let position = position as usize;
                place.copy_from_slice(old.get(position..position + place.len()).ok_or(Malformed)?);
                Ok::<_, Malformed>(place.len())
            });
            match made? {
                Some(made) if new.len() + made <= limit => new.extend_from_slice(&piece[..made]),
                Some(_) => return Err(Malformed),
                None if rest.is_empty() => return Ok(new),
                None => match patcher.take(rest) {
                    0 => return Err(Malformed),
                    taken => rest = &rest[taken..],
                },
            }
        }
    }
}

impl ImageFile {
    /// Adds a patch from `old` to the image, for devices that run `old`.
    ///
    /// # Errors
    /// [`ImageError::OtherBoard`] if the images are for different boards.
    pub fn with_patch_from(self, old: &ImageFile) -> Result<ImageFile, ImageError> {
        let patch = Patch::between(old, &self)?;
        Ok(self.with_patch(patch))
    }
}

/// Returns the patch from one image to another before compression, to measure what compression saves.
pub fn instructions(old: &ImageFile, new: &ImageFile) -> Vec<u8> {
    make::instructions(&bytes_of(old), &bytes_of(new))
}

/// Returns the bytes that a transfer of the image brings, in that order.
fn bytes_of(image: &ImageFile) -> Vec<u8> {
    [image.table(), image.payload()].concat()
}

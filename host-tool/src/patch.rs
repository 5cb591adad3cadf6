//! Patches: what turns the image that a device runs into the next one, in a fraction of its bytes.
//!
//! | module | does |
//! | --- | --- |
//! | `make` | finds what of the new image is in the old one, and writes it as instructions |
//! | `section` | keeps a patch in an image file, behind the image |
//!
//! [`lifeboot_wire::patch`] has the format. A patch decides what is sent, never what is trusted: the device checks the
//! header first and the whole image last, as for any other push.

mod make;
mod section;

pub(crate) use section::{read, write};

use crate::image_file::{ImageError, ImageFile};
use lifeboot_core::Version;
use lifeboot_wire::patch::{Malformed, PIECE, Patcher};

/// A patch to a certain image, from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    from: Version,
    digest: [u8; 32],
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Patch {
    /// The patch from one image to another.
    ///
    /// # Errors
    /// [`ImageError::OtherBoard`].
    pub fn between(old: &ImageFile, new: &ImageFile) -> Result<Patch, ImageError> {
        if old.board().name != new.board().name {
            return Err(ImageError::OtherBoard { found: old.board().name, wanted: new.board().name });
        }
        let bytes = make::compressed(&make::instructions(&bytes_of(old), &bytes_of(new)));
        let header = old.header();
        Ok(Patch { from: header.version, digest: header.digest, bytes, is_whole: true })
    }

    /// The version of the image that it was made from.
    pub fn from(&self) -> Version {
        self.from
    }

    /// That image's digest.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What a device is sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it is as it was made; otherwise it was damaged in its file.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What a device makes of it that runs `old`: a relocation table, and the payload behind it.
    ///
    /// # Errors
    /// It is not a patch of that image, or makes more than `limit` bytes.
    pub fn apply(&self, old: &ImageFile, limit: usize) -> Result<Vec<u8>, Malformed> {
        let old = bytes_of(old);
        let mut patcher = Patcher::new(old.len() as u32);
        let (mut new, mut piece, mut rest) = (Vec::new(), [0; PIECE], self.bytes.as_slice());
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

/// The patch from one image to another before it is compressed: for whoever wants to know what that is worth.
pub fn instructions(old: &ImageFile, new: &ImageFile) -> Vec<u8> {
    make::instructions(&bytes_of(old), &bytes_of(new))
}

/// What a transfer of the image brings, in that order.
pub(crate) fn bytes_of(image: &ImageFile) -> Vec<u8> {
    [image.table(), image.payload()].concat()
}

//! The patches of an image, in the reports of `sign` and `inspect`.

use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// A patch to an image.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PatchReport {
    /// The version of the image that the patch was made from.
    pub from: String,
    /// The digest of the image that the patch was made from, 64 hexadecimal digits.
    pub from_digest: String,
    /// Bytes that are sent to a device.
    pub bytes: usize,
    /// Bytes of the image that are sent without the patch.
    pub whole: usize,
    /// Whether the patch was damaged in its file, in which case it is not used.
    pub damaged: bool,
}

impl PatchReport {
    /// Returns the reports on the patches of an image.
    pub fn of(image: &ImageFile) -> Vec<PatchReport> {
        let whole = image.table().len() + image.payload().len();
        let reports = image.patches().iter().map(|patch| PatchReport {
            from: patch.from().to_string(),
            from_digest: hex(patch.digest()),
            bytes: patch.bytes().len(),
            whole,
            damaged: !patch.is_whole(),
        });
        reports.collect()
    }
}

impl Display for PatchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PatchReport { from, from_digest, bytes, whole, damaged } = self;
        let digest: String = from_digest.chars().take(8).collect();
        write!(f, "from {from} ({digest}…): {bytes} bytes instead of {whole}")?;
        if *damaged { f.write_str("; damaged, and not used") } else { Ok(()) }
    }
}

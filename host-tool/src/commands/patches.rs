//! Older images that patches to an image are made from.

use crate::error::Error;
use lifeboot_artifact::difference;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_project::files::{self, Kind};
use std::path::PathBuf;

/// Adds a patch from each of these image files to the image.
pub fn added(image: ImageFile, from: &[PathBuf]) -> Result<ImageFile, Error> {
    from.iter().try_fold(image, |image, path| {
        let old = difference::image(path, &files::read(path, Kind::Image)?)?;
        Ok(image.with_patch_from(&old)?)
    })
}

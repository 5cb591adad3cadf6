//! Older images that an image gets patches from.

use lifeboot_host_tool::image_file::ImageFile;
use lifeboot_host_tool::{Error, difference, files};
use std::path::PathBuf;

/// The image, with a patch from each of these image files.
pub fn added(image: ImageFile, from: &[PathBuf]) -> Result<ImageFile, Error> {
    from.iter().try_fold(image, |image, path| {
        let old = difference::image(path, &files::read(path)?)?;
        Ok(image.with_patch_from(&old)?)
    })
}

//! Why a container cannot be written or read.

use crate::image_file::ImageError;
use miette::Diagnostic;
use thiserror::Error;

/// Why a container cannot be written or read.
#[derive(Debug, Error, Diagnostic)]
pub enum SwuError {
    /// It is no archive, or ends too early.
    #[error("not a .swu file: {0}")]
    #[diagnostic(help("make one with lifeboot sign --swu, or copy it again"))]
    Archive(&'static str),
    /// The description does not come first.
    #[error("not a .swu file: it does not begin with sw-description")]
    #[diagnostic(help("make one with lifeboot sign --swu: the description must be the archive's first file"))]
    NoDescription,
    /// None of the files is an image.
    #[error("the .swu file holds no image of Lifeboot")]
    #[diagnostic(help("put the file into it that lifeboot sign wrote, or make it with lifeboot sign --swu"))]
    NoImage,
    /// The description states no digest of the image.
    #[error("sw-description states no sha256 of {0}")]
    #[diagnostic(help("make the file with lifeboot sign --swu, or add sha256 = \"…\" to the image's entry"))]
    NoDigest(String),
    /// The description states another digest.
    #[error("{0} is not the file whose sha256 sw-description states")]
    #[diagnostic(help("copy the .swu file again, or make it again with lifeboot sign --swu"))]
    Digest(String),
    /// What is in it is a damaged image.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Image(#[from] ImageError),
    /// A name that a description cannot hold.
    #[error("{what} {name:?} cannot be written in sw-description")]
    #[diagnostic(help(
        "a board's name needs a letter first, then letters, digits, - and _; a revision needs printable ASCII without quotes"
    ))]
    Name {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
    },
}

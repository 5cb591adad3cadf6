//! Why bytes are not an image, or an image cannot be used.

use crate::boards::MapError;
use lifeboot_core::Slot;
use miette::Diagnostic;
use thiserror::Error;

/// Why bytes are not an image, or an image cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum ImageError {
    /// There is no header.
    #[error("not an image file")]
    #[diagnostic(help("make one from the firmware's ELF file: lifeboot sign FIRMWARE.elf --version … --key …"))]
    NotAnImage,
    /// The header has an unknown format.
    #[error("the image file has a format that this lifeboot does not know")]
    #[diagnostic(help("use the lifeboot that made it, or a newer one"))]
    Format,
    /// Bytes are missing at the end.
    #[error("the image file is truncated: {found} bytes of {expected}")]
    #[diagnostic(help("copy or sign it again"))]
    Truncated {
        /// Number of bytes required.
        expected: u64,
        /// Number of bytes present.
        found: u64,
    },
    /// Bytes were changed, or there are too many.
    #[error("the image file is damaged: {0}")]
    #[diagnostic(help("copy or sign it again"))]
    Damaged(&'static str),
    /// The flash map is missing.
    #[error("the image file does not hold the flash map that the image is for")]
    #[diagnostic(help("give the whole file as lifeboot sign wrote it, or sign the firmware again"))]
    NoMap,
    /// The flash map cannot be used.
    #[error("the image file holds no flash map that can be used")]
    #[diagnostic(help("copy or sign it again"))]
    Map(#[from] MapError),
    /// The image is for another flash map of the board.
    #[error("the image is for another flash map of board {0}")]
    #[diagnostic(help("build the firmware again and sign it: the board's description has changed since"))]
    OtherMap(&'static str),
    /// Payload and table are too large for a slot.
    #[error("the image needs {needed} bytes, and a slot of board {board} has {room}")]
    #[diagnostic(help("make the firmware smaller: opt-level = \"z\", lto = \"fat\", panic = \"abort\""))]
    TooLarge {
        /// Size of the image in bytes.
        needed: u64,
        /// Size of a slot in bytes.
        room: u32,
        /// Name of the board.
        board: &'static str,
    },
    /// The relocation entries do not fit a table.
    #[error("the relocations cannot be encoded: they overlap, or do not lie in the payload")]
    #[diagnostic(help("build the firmware again"))]
    Table,
    /// A `MOVT` has to be rebased, but the slots are not a multiple of 64 KiB apart.
    #[error(
        "the relocation table lists half an address at offset {offset:#x}, and slots of board {board} are not a multiple of \
         64 KiB apart"
    )]
    #[diagnostic(help("sign the firmware's ELF file with lifeboot sign, which lists only what can be rebased"))]
    Half {
        /// Offset in the payload, in bytes.
        offset: u32,
        /// Name of the board.
        board: &'static str,
    },
    /// The image is for another board.
    #[error("the image is for board {found}, not {wanted}")]
    #[diagnostic(help("sign the firmware that was built for board {wanted}"))]
    OtherBoard {
        /// The image's board.
        found: String,
        /// The caller's board.
        wanted: &'static str,
    },
    /// The image has no relocations and is linked for the other slot.
    #[error("the image is bound to slot {0}")]
    #[diagnostic(help("sign it without --bound, from firmware that was linked with --emit-relocs"))]
    OtherSlot(Slot),
    /// The image is signed with another key.
    #[error("the image was signed with key {image}, and this is key {key}")]
    #[diagnostic(help("give the public key that belongs to the private key it was signed with"))]
    OtherKey {
        /// The image's key id.
        image: String,
        /// The given key's id.
        key: String,
    },
    /// The image would revoke the key that signs it.
    #[error("the image would revoke key {key}, which signs it, and devices refuse that: it could be their last")]
    #[diagnostic(help(
        "sign it with another key that the devices hold (lifeboot keys shows them), and revoke this one by that"
    ))]
    OwnKey {
        /// Id of that key.
        key: String,
    },
    /// The signature is wrong.
    #[error("the signature does not fit the image")]
    #[diagnostic(help(
        "sign the firmware again; an external signature is plain Ed25519 over the 192 bytes as they are"
    ))]
    Signature,
}

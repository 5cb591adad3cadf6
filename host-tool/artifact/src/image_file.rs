//! Image files: what `lifeboot sign` writes and `lifeboot push` sends.
//!
//! An image file is the content of the slot that the firmware was linked for, up to the image's last byte: the header
//! ([`lifeboot_core::image`]), 0xFF up to the payload, the payload, 0xFF up to the table, the table. Patches to the
//! image ([`Patch`]) may follow; they are not signed and need not be. Invariant: an [`ImageFile`] fits its board's
//! slot, decodes, can be rebased, and has the digest that its header states. The signature is checked separately:
//! [`ImageFile::check_signature`].

mod error;
mod file;
mod patches;
mod slot_use;
mod table;
mod unsigned;

pub use error::ImageError;
pub use file::ImageFile;
pub use patches::{FORMAT, Patch};
pub use slot_use::SlotUse;
pub use table::{rebased, table_bytes};
pub use unsigned::{Release, UnsignedImage};

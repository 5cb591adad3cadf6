//! The files that keys and passphrases are kept in.
//!
//! A private key's file is made for its owner only, and one that others may read is refused; so is a passphrase's.

mod error;
mod generate;
mod permissions;
mod read;
mod revoked;

pub use error::KeyFileError;
pub use generate::{generate, generate_encrypted, public_path, refuse_taken};
pub use read::{passphrase, private, public, unlock};
pub use revoked::revokes;

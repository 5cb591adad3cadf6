//! The files that hold keys and passphrases.
//!
//! A private key's file is created readable by its owner only. A private key or a passphrase that others may read is
//! refused.

mod error;
mod generate;
mod permissions;
mod read;
mod revoked;

pub use error::KeyFileError;
pub use generate::{generate, generate_encrypted, public_path, refuse_taken};
pub use read::{passphrase, private, public, unlock};
pub use revoked::revokes;

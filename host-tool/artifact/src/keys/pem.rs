//! Which block of a PEM file is meant.

use lifeboot_pem::{Block, ENCRYPTED, PRIVATE, PUBLIC};

/// What a key file holds.
pub(super) enum Found {
    /// A private key, as PKCS#8.
    Private(Block),
    /// An encrypted private key, as PKCS#8.
    Encrypted(Block),
    /// A public key.
    Public(Block),
    /// Something else.
    Other(Block),
}

impl Found {
    /// Returns the first block of a file that has one of these labels, or else the first one; `None` if there is none.
    pub(super) fn first(file: &[u8], wanted: [&str; 2]) -> Option<Found> {
        let mut blocks = lifeboot_pem::blocks(file);
        let meant = blocks.iter().position(|block| wanted.contains(&&*block.label)).unwrap_or_default();
        if blocks.is_empty() {
            return None;
        }
        let block = blocks.swap_remove(meant);
        Some(match &*block.label {
            PRIVATE => Found::Private(block),
            ENCRYPTED => Found::Encrypted(block),
            PUBLIC => Found::Public(block),
            _ => Found::Other(block),
        })
    }
}

/// Returns whether a key file holds a private key of any form, encrypted or not.
pub fn holds_private(file: &[u8]) -> bool {
    lifeboot_pem::blocks(file).iter().any(Block::is_private)
}

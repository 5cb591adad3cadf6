//! Which block of a PEM file is meant. Invariant: never one of several keys. A private key and its own public half are one.

use super::error::KeyError;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::{SigningKey, VerifyingKey};
use lifeboot_pem::{Block, ENCRYPTED, PRIVATE, PUBLIC};
use std::path::Path;

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
    /// Returns the block of a file that has one of these labels, or else its first one.
    ///
    /// # Errors
    /// [`KeyError::NotPem`] if there is no block, [`KeyError::Several`] if the file holds more than one key.
    pub(super) fn only(path: &Path, file: &[u8], wanted: [&str; 2]) -> Result<Found, KeyError> {
        let mut blocks = lifeboot_pem::blocks(file);
        let count = keys(&blocks);
        if count > 1 {
            return Err(KeyError::Several { path: path.to_owned(), count });
        }
        let meant = blocks.iter().position(|block| wanted.contains(&&*block.label)).unwrap_or_default();
        if blocks.is_empty() {
            return Err(KeyError::NotPem(path.to_owned()));
        }
        let block = blocks.swap_remove(meant);
        Ok(match &*block.label {
            PRIVATE => Found::Private(block),
            ENCRYPTED => Found::Encrypted(block),
            PUBLIC => Found::Public(block),
            _ => Found::Other(block),
        })
    }
}

/// Returns how many keys there are in the blocks of a file.
fn keys(blocks: &[Block]) -> usize {
    let different = |halves: &[&Block]| {
        let is_first = |(at, block): &(usize, &&Block)| !halves[..*at].iter().any(|half| is_same(half, block));
        halves.iter().enumerate().filter(is_first).count()
    };
    let private: Vec<&Block> = blocks.iter().filter(|block| block.is_private()).collect();
    let public: Vec<&Block> = blocks.iter().filter(|block| block.is_public()).collect();
    let most = different(&private).max(different(&public));
    let signing = private.first().and_then(|block| SigningKey::from_pkcs8_der(block.bytes.as_ref()?).ok());
    let is_pair = signing.is_none_or(|key| is_public_half(&public, &key));
    if most == 1 && !is_pair { 2 } else { most }
}

fn is_same(one: &Block, other: &Block) -> bool {
    one.bytes.is_some() && one.bytes == other.bytes
}

/// Returns whether no public key beside a private one is that of another.
fn is_public_half(blocks: &[&Block], private: &SigningKey) -> bool {
    let mut keys = blocks.iter().filter_map(|block| VerifyingKey::from_public_key_der(block.bytes.as_ref()?).ok());
    keys.all(|key| key == private.verifying_key())
}

/// Fails if there is another key's public half beside a private key that was encrypted.
pub(super) fn refuse_another(path: &Path, file: &[u8], private: &SigningKey) -> Result<(), KeyError> {
    let blocks = lifeboot_pem::blocks(file);
    let public: Vec<&Block> = blocks.iter().filter(|block| block.is_public()).collect();
    if is_public_half(&public, private) { Ok(()) } else { Err(KeyError::Several { path: path.to_owned(), count: 2 }) }
}

/// Returns whether a key file holds a private key of any form, encrypted or not.
pub fn holds_private(file: &[u8]) -> bool {
    lifeboot_pem::blocks(file).iter().any(Block::is_private)
}

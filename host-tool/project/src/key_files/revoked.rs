//! The keys that an image revokes, as a signer names them.

use super::error::KeyFileError;
use super::read::public;
use lifeboot_artifact::keys::id;
use lifeboot_core::key_ids::{KEY_IDS, KeyIds};
use std::path::{Path, PathBuf};

/// Returns the header field that revokes these keys, each given as an id or as a key file. Duplicates count once.
///
/// # Errors
/// [`KeyFileError`] if a file holds no key, or there are too many keys.
pub fn revokes(keys: &[PathBuf]) -> Result<KeyIds, KeyFileError> {
    let mut ids = Vec::new();
    for key in keys {
        let id = id_of(key)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    KeyIds::new(&ids).ok_or(KeyFileError::TooManyRevoked { count: ids.len(), most: KEY_IDS })
}

fn id_of(key: &Path) -> Result<[u8; 4], KeyFileError> {
    let id = match key.to_str().and_then(id) {
        Some(id) => id,
        None => public(key)?.id(),
    };
    // In a header, zero means no key.
    if id == [0; 4] { Err(KeyFileError::NoId) } else { Ok(id) }
}

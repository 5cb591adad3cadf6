//! The keys that an image is to revoke, as a signer names them.

use super::{KeyError, PublicKey};
use crate::error::Error;
use lifeboot_core::image::{REVOKES, Revokes};
use std::path::{Path, PathBuf};

/// The id that a text is: 8 hexadecimal digits.
pub fn id(text: &str) -> Option<[u8; 4]> {
    let is_id = text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_id.then(|| u32::from_str_radix(text, 16).ok())?.map(u32::to_be_bytes)
}

/// What an image carries that revokes these keys: each a key's id, or a file with it. One that is named twice counts once.
///
/// # Errors
/// A file holds no key, or there are too many.
pub fn revokes(keys: &[PathBuf]) -> Result<Revokes, Error> {
    let mut ids = Vec::new();
    for key in keys {
        let id = id_of(key)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(Revokes::new(&ids).ok_or(KeyError::TooManyRevoked { count: ids.len(), most: REVOKES })?)
}

fn id_of(key: &Path) -> Result<[u8; 4], Error> {
    let id = match key.to_str().and_then(id) {
        Some(id) => id,
        None => PublicKey::read(key)?.id(),
    };
    // In a header, it names none.
    if id == [0; 4] { Err(KeyError::NoId.into()) } else { Ok(id) }
}

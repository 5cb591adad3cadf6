//! Reads existing keys and passphrases.

use super::error::KeyFileError;
use super::permissions::exposed;
use crate::files::{self, Input, Kind};
use lifeboot_artifact::keys::{KeyError, Passphrase, PrivateKey, PublicKey, holds_private};
use lifeboot_pem::decoded;
use std::path::Path;
use zeroize::Zeroizing;

/// Reads a private key made by Lifeboot or by openssl. A file that others may read is refused, and so is an encrypted
/// one.
pub fn private(path: &Path) -> Result<PrivateKey, KeyFileError> {
    unlock(path, |path| Err(KeyError::PassphraseNeeded(path.to_owned()).into()))
}

/// As [`private`], but if the key is encrypted, `ask` is called with its path and must return the passphrase.
pub fn unlock<E: From<KeyFileError> + From<KeyError>>(
    path: &Path,
    ask: impl FnOnce(&Path) -> Result<Passphrase, E>,
) -> Result<PrivateKey, E> {
    PrivateKey::from_pem(path, &file(path)?, ask)
}

/// Reads a public key, from its own file or from the file of its private half.
pub fn public(path: &Path) -> Result<PublicKey, KeyFileError> {
    Ok(PublicKey::from_pem(path, &file(path)?)?)
}

/// Reads a passphrase: the file's first line. A file that others may read is refused, and so is an empty passphrase.
pub fn passphrase(path: &Path) -> Result<Passphrase, KeyFileError> {
    let input = files::input(path, Kind::Passphrase)?;
    if let Some(mode) = exposed(&input.metadata) {
        return Err(KeyFileError::PassphraseExposed { path: path.to_owned(), mode });
    }
    // A passphrase of bytes that are no text is one, too; only what a byte order mark begins is decoded.
    let encoded = [&b"\xff\xfe"[..], b"\xfe\xff", b"\xef\xbb\xbf"].iter().any(|mark| input.bytes.starts_with(mark));
    let text = Zeroizing::new(if encoded { decoded(&input.bytes).into_bytes() } else { input.bytes.to_vec() });
    Passphrase::first_line(&text).ok_or_else(|| KeyFileError::NoPassphrase(path.to_owned()))
}

/// Reads a key file, and refuses one that holds a private key and can be read by others.
fn file(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let Input { bytes, metadata } = files::input(path, Kind::Key)?;
    match exposed(&metadata) {
        Some(mode) if holds_private(&bytes) => Err(KeyFileError::Exposed { path: path.to_owned(), mode }),
        _ => Ok(bytes),
    }
}

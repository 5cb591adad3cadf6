//! Reads existing keys and passphrases.

use super::error::KeyFileError;
use super::permissions::exposed;
use crate::files;
use lifeboot_artifact::keys::{ENCRYPTED, KeyError, PRIVATE, Passphrase, PrivateKey, PublicKey, label};
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
    let text = text(path)?;
    if matches!(label(&text), Some(PRIVATE | ENCRYPTED)) {
        refuse_exposed(path)?;
    }
    PrivateKey::from_pem(path, &text, ask)
}

/// Reads a public key, from its own file or from the file of its private half.
pub fn public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let text = text(path)?;
    if label(&text) == Some(PRIVATE) {
        refuse_exposed(path)?;
    }
    Ok(PublicKey::from_pem(path, &text)?)
}

/// Reads a passphrase: the file's first line. A file that others may read is refused, and so is an empty passphrase.
pub fn passphrase(path: &Path) -> Result<Passphrase, KeyFileError> {
    let bytes = Zeroizing::new(files::read(path)?);
    if let Some(mode) = exposed(path)? {
        return Err(KeyFileError::PassphraseExposed { path: path.to_owned(), mode });
    }
    Passphrase::first_line(&bytes).ok_or_else(|| KeyFileError::NoPassphrase(path.to_owned()))
}

fn text(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    Ok(Zeroizing::new(String::from_utf8_lossy(&Zeroizing::new(files::read(path)?)).into_owned()))
}

fn refuse_exposed(path: &Path) -> Result<(), KeyFileError> {
    match exposed(path)? {
        Some(mode) => Err(KeyFileError::Exposed { path: path.to_owned(), mode }),
        None => Ok(()),
    }
}

//! New keys, in files that were not there before.

use super::error::KeyFileError;
use crate::files;
use lifeboot_artifact::keys::{KeyError, KeyPair, Passphrase, PublicKey, RANDOM_BYTES};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Makes a key and writes it to `path`, readable by its owner only, and its public half beside it. Returns the public
/// half and its path. Files that exist are never touched.
pub fn generate(path: &Path, demo: bool) -> Result<(PublicKey, PathBuf), KeyFileError> {
    make(path, demo, None)
}

/// As [`generate`], with the private key encrypted: scrypt and AES-256-CBC, which openssl reads from version 1.1 on.
pub fn generate_encrypted(
    path: &Path,
    demo: bool,
    passphrase: &Passphrase,
) -> Result<(PublicKey, PathBuf), KeyFileError> {
    make(path, demo, Some(passphrase))
}

fn make(path: &Path, demo: bool, passphrase: Option<&Passphrase>) -> Result<(PublicKey, PathBuf), KeyFileError> {
    refuse_taken(path)?;
    let public_path = public_path(path);
    let mut random = Zeroizing::new([0; RANDOM_BYTES]);
    getrandom::fill(&mut *random).map_err(|_| KeyError::Random)?;
    let pair = KeyPair::new(&random, demo, passphrase)?;
    files::create(&public_path, pair.public_pem.as_bytes(), 0o666)?;
    if let Err(error) = files::create(path, pair.private_pem.as_bytes(), 0o600) {
        let _ = std::fs::remove_file(&public_path); // Half a pair is worth nothing.
        return Err(error.into());
    }
    Ok((pair.public, public_path))
}

/// Errs where one of the two files of a new key exists.
pub fn refuse_taken(path: &Path) -> Result<(), KeyFileError> {
    let public_path = public_path(path);
    let taken = [path, &public_path].into_iter().find(|path| path.exists());
    taken.map_or(Ok(()), |path| Err(KeyFileError::Exists(path.to_owned())))
}

/// Where the public half of a private key's file goes: `key.pem` and `key.pub.pem`.
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    if path.extension().is_some_and(|extension| extension == "pem") {
        name = path.file_stem().unwrap_or_default().to_owned();
    }
    name.push(".pub.pem");
    path.with_file_name(name)
}

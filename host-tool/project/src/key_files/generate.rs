//! New keys, in new files.

use super::error::KeyFileError;
use crate::files;
use lifeboot_artifact::keys::{KeyError, KeyPair, Passphrase, PublicKey, RANDOM_BYTES};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Makes a key, writes it to `path`, readable by its owner only, and writes the public half beside it. Returns the
/// public half and its path. Existing files are never changed.
pub fn generate(path: &Path, demo: bool) -> Result<(PublicKey, PathBuf), KeyFileError> {
    make(path, demo, None)
}

/// As [`generate`], with the private key encrypted: scrypt and AES-256-CBC, which openssl reads since version 1.1.
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

/// Fails if one of the two files of a new key exists, or if it is to go to stdout.
pub fn refuse_taken(path: &Path) -> Result<(), KeyFileError> {
    if files::is_stdout(path) {
        return Err(KeyFileError::ToStdout(path.to_owned()));
    }
    let public_path = public_path(path);
    let taken = [path, &public_path].into_iter().find(|path| path.exists());
    taken.map_or(Ok(()), |path| Err(KeyFileError::Exists(path.to_owned())))
}

/// Returns the path of the public half of a private key's file: `key.pub.pem` for `key.pem`.
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    if path.extension().is_some_and(|extension| extension == "pem") {
        name = path.file_stem().unwrap_or_default().to_owned();
    }
    name.push(".pub.pem");
    path.with_file_name(name)
}

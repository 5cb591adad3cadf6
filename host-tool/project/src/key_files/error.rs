//! What can be wrong with key files and passphrase files.

use crate::files::FileError;
use lifeboot_artifact::keys::KeyError;
use miette::Diagnostic;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a key file cannot be used, or was not made.
#[derive(Debug, Error, Diagnostic)]
pub enum KeyFileError {
    /// A file could not be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FileError),
    /// The content is not a key, or not the key that is needed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Key(#[from] KeyError),
    /// A new key would overwrite a file.
    #[error("{} exists, and a key is never overwritten", .0.display())]
    #[diagnostic(help("give another name; remove the file yourself if no device trusts that key any more"))]
    Exists(PathBuf),
    /// A new key would go to stdout.
    #[error("a new key is two files, and {} is stdout", .0.display())]
    #[diagnostic(help(
        "give the private key's file a name: lifeboot keygen key.pem; the public key goes beside it, to key.pub.pem"
    ))]
    ToStdout(PathBuf),
    /// Group or others may read a private key.
    #[error("the private key {} can be read by others (mode {mode:04o})", .path.display())]
    #[diagnostic(help("{}", closed(path, "--key")))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Group or others may read a passphrase.
    #[error("the passphrase in {} can be read by others (mode {mode:04o})", .path.display())]
    #[diagnostic(help("{}", closed(path, "--passphrase-file")))]
    PassphraseExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The passphrase file is empty.
    #[error("{} has no passphrase in its first line", .0.display())]
    #[diagnostic(help("write the passphrase there, on a line of its own"))]
    NoPassphrase(PathBuf),
    /// There are more keys to revoke than a header has room for.
    #[error("{count} keys are to be revoked, and one image revokes {most} at most")]
    #[diagnostic(help("revoke the others with the next release; each device keeps its last key in any case"))]
    TooManyRevoked {
        /// Number of keys.
        count: usize,
        /// Largest number of keys.
        most: usize,
    },
    /// The id is the one that means no key.
    #[error("00000000 is no key's id")]
    #[diagnostic(help("give the key's file, or the id that lifeboot keys shows of it"))]
    NoId,
}

/// Returns how to keep a secret to oneself; not every file's mode can be changed, as that of a mounted secret.
fn closed(path: &Path, argument: &str) -> String {
    let path = path.display();
    format!(
        "chmod 600 {path}; or, if its mode cannot be changed, pass the content through a pipe: {argument} <(cat {path})"
    )
}

//! What can be wrong with a key's file.

use miette::Diagnostic;
use std::path::PathBuf;
use thiserror::Error;

/// Why a key cannot be used, or was not made.
#[derive(Debug, Error, Diagnostic)]
pub enum KeyError {
    /// A new key would have taken the place of a file.
    #[error("{} exists, and a key is never overwritten", .0.display())]
    #[diagnostic(help("give another name; remove the file yourself if no device trusts that key any more"))]
    Exists(PathBuf),
    /// There was no randomness, or the key could not be encoded.
    #[error("the system gives no random numbers")]
    #[diagnostic(help("make the key elsewhere: openssl genpkey -algorithm ed25519 -out key.pem"))]
    Random,
    /// Group or world may read a private key.
    #[error("the private key {} can be read by others (mode {mode:04o})", .path.display())]
    #[diagnostic(help("chmod 600 {}", .path.display()))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// No PEM block in the file.
    #[error("{} is not a PEM file", .0.display())]
    #[diagnostic(help("make a key with: lifeboot keygen key.pem; or openssl genpkey -algorithm ed25519 -out key.pem"))]
    NotPem(PathBuf),
    /// A public key where a private one is needed.
    #[error("{} holds a public key, and signing needs the private one", .0.display())]
    #[diagnostic(help("give the private key's file, as lifeboot keygen wrote it beside this one"))]
    NotPrivate(PathBuf),
    /// A private key behind a password.
    #[error("the private key {} is encrypted with a password", .0.display())]
    #[diagnostic(help(
        "sign with it outside: --external-bytes, openssl pkeyutl -sign -rawin, --signature; or decrypt it with openssl pkey"
    ))]
    Encrypted(PathBuf),
    /// Another kind of PEM block.
    #[error("{} holds a {label:?}, and Lifeboot takes a PKCS#8 \"PRIVATE KEY\" or a \"PUBLIC KEY\"", .path.display())]
    #[diagnostic(help("make a key with: lifeboot keygen key.pem; or openssl genpkey -algorithm ed25519 -out key.pem"))]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// The block's label.
        label: String,
    },
    /// The block does not decode to an Ed25519 key.
    #[error("{} holds no Ed25519 key, or a damaged one", .0.display())]
    #[diagnostic(help("make a key with: lifeboot keygen key.pem; or openssl genpkey -algorithm ed25519 -out key.pem"))]
    NotEd25519(PathBuf),
    /// A key for which anybody can make signatures.
    #[error("{} holds a weak key (a point of small order): signatures for it prove nothing", .0.display())]
    #[diagnostic(help("do not trust where it came from; make a key with: lifeboot keygen key.pem"))]
    Weak(PathBuf),
}

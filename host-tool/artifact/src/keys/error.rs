//! What can be wrong with a key file.

use miette::Diagnostic;
use std::path::PathBuf;
use thiserror::Error;

/// Why a key cannot be used, or was not made.
#[derive(Debug, Error, Diagnostic)]
pub enum KeyError {
    /// There was no randomness, or the key could not be encoded.
    #[error("the system gives no random numbers")]
    #[diagnostic(help("make the key elsewhere: openssl genpkey -algorithm ed25519 -out key.pem"))]
    Random,
    /// The file has no PEM block.
    #[error("{} is not a PEM file", .0.display())]
    #[diagnostic(help("make a key with: lifeboot keygen key.pem; or openssl genpkey -algorithm ed25519 -out key.pem"))]
    NotPem(PathBuf),
    /// The file holds more than one key, so that none of them is meant for sure.
    #[error("{} holds {count} keys, and one is wanted", .path.display())]
    #[diagnostic(help(
        "put each key into a file of its own, and give the one that is meant; where several may be given, give each file"
    ))]
    Several {
        /// Path of the file.
        path: PathBuf,
        /// Number of keys.
        count: usize,
    },
    /// The key is public, but a private key is needed.
    #[error("{} holds a public key, and signing needs the private one", .0.display())]
    #[diagnostic(help("give the private key's file, as lifeboot keygen wrote it beside this one"))]
    NotPrivate(PathBuf),
    /// A private key needs a passphrase, and there is no terminal to prompt on.
    #[error("the private key {} needs a passphrase, and there is none", .0.display())]
    #[diagnostic(help(
        "run lifeboot in a terminal, where it asks; or give --passphrase-file FILE, or the variable LIFEBOOT_PASSPHRASE"
    ))]
    PassphraseNeeded(PathBuf),
    /// The key is an encrypted private key, but a public key is needed.
    #[error("{} is an encrypted private key, and the public one is needed", .0.display())]
    #[diagnostic(help("give the .pub.pem beside it; or make that: openssl pkey -in {} -pubout", .0.display()))]
    EncryptedPublic(PathBuf),
    /// The passphrase is wrong.
    #[error("the passphrase does not open the private key {}", .0.display())]
    #[diagnostic(help("try again; see also which one --passphrase-file or LIFEBOOT_PASSPHRASE gives"))]
    WrongPassphrase(PathBuf),
    /// The encryption scheme is unknown, or too costly.
    #[error("the private key {} is damaged, or encrypted in a way that Lifeboot does not read", .0.display())]
    #[diagnostic(help(
        "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in {} -out NEW.pem (PBES2; not with SHA-1 or DES)",
        .0.display()
    ))]
    OtherEncryption(PathBuf),
    /// The file has a PEM block of another kind.
    #[error("{} holds a {label:?}, and Lifeboot takes a PKCS#8 \"PRIVATE KEY\" or a \"PUBLIC KEY\"", .path.display())]
    #[diagnostic(help("make a key with: lifeboot keygen key.pem; or openssl genpkey -algorithm ed25519 -out key.pem"))]
    OtherForm {
        /// Path of the file.
        path: PathBuf,
        /// The block's label.
        label: String,
    },
    /// The block does not decode to an Ed25519 key.
    #[error("{} holds no Ed25519 key, or a damaged one", .0.display())]
    #[diagnostic(help("make a key with: lifeboot keygen key.pem; or openssl genpkey -algorithm ed25519 -out key.pem"))]
    NotEd25519(PathBuf),
    /// The key is weak: anyone could make signatures for it.
    #[error("{} holds a weak key (of small order, or not written as RFC 8032 wants): signatures for it prove nothing", .0.display())]
    #[diagnostic(help("do not trust where it came from; make a key with: lifeboot keygen key.pem"))]
    Weak(PathBuf),
}

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
    /// A private key is behind a passphrase, or is to be, and there is nobody to ask for it.
    #[error("the private key {} needs a passphrase, and there is none", .0.display())]
    #[diagnostic(help(
        "run lifeboot in a terminal, where it asks; or give --passphrase-file FILE, or the variable LIFEBOOT_PASSPHRASE"
    ))]
    PassphraseNeeded(PathBuf),
    /// An encrypted private key where a public one is needed.
    #[error("{} is an encrypted private key, and the public one is needed", .0.display())]
    #[diagnostic(help("give the .pub.pem beside it; or make that: openssl pkey -in {} -pubout", .0.display()))]
    EncryptedPublic(PathBuf),
    /// The passphrase is another one's.
    #[error("the passphrase does not open the private key {}", .0.display())]
    #[diagnostic(help("try again; see also which one --passphrase-file or LIFEBOOT_PASSPHRASE gives"))]
    WrongPassphrase(PathBuf),
    /// A scheme that is not known, or that asks for too much work.
    #[error("the private key {} is damaged, or encrypted in a way that Lifeboot does not read", .0.display())]
    #[diagnostic(help(
        "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in {} -out NEW.pem (PBES2; not with SHA-1 or DES)",
        .0.display()
    ))]
    OtherEncryption(PathBuf),
    /// Group or world may read a passphrase.
    #[error("the passphrase in {} can be read by others (mode {mode:04o})", .path.display())]
    #[diagnostic(help("chmod 600 {}", .path.display()))]
    PassphraseExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Nothing in a passphrase's file.
    #[error("{} has no passphrase in its first line", .0.display())]
    #[diagnostic(help("write the passphrase there, on a line of its own"))]
    NoPassphrase(PathBuf),
    /// A new key was to be encrypted with nothing.
    #[error("an empty passphrase protects nothing")]
    #[diagnostic(help("give one; or leave out --encrypt, and keep the file where nobody else gets at it"))]
    EmptyPassphrase,
    /// Typed twice, differently.
    #[error("the two passphrases differ")]
    #[diagnostic(help("run the command again: no key was made"))]
    PassphrasesDiffer,
    /// The terminal does not give one.
    #[error("the terminal gave no passphrase: {0}")]
    #[diagnostic(help(
        "type one and press Enter; or give --passphrase-file FILE, or the variable LIFEBOOT_PASSPHRASE"
    ))]
    Terminal(String),
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
    /// More keys to revoke than a header has room for.
    #[error("{count} keys are to be revoked, and one image revokes {most} at most")]
    #[diagnostic(help("revoke the others with the next release; each device keeps its last key in any case"))]
    TooManyRevoked {
        /// How many.
        count: usize,
        /// How many can be.
        most: usize,
    },
    /// The id that stands for no key.
    #[error("00000000 is no key's id")]
    #[diagnostic(help("give the key's file, or the id that lifeboot keys shows of it"))]
    NoId,
    /// A key for which anybody can make signatures.
    #[error("{} holds a weak key (of small order, or not written as RFC 8032 wants): signatures for it prove nothing", .0.display())]
    #[diagnostic(help("do not trust where it came from; make a key with: lifeboot keygen key.pem"))]
    Weak(PathBuf),
}

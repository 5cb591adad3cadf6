//! Signing keys: Ed25519, in the PEM forms that openssl and HSMs speak (PKCS#8 for private, SPKI for public ones).
//!
//! `openssl genpkey -algorithm ed25519` makes a key that Lifeboot takes, and openssl takes the ones made here. There is
//! no default key. A private key may be encrypted with a passphrase ([`Passphrase`]). A demo's throw-away key carries [`DEMO_LINE`] before its `BEGIN` line, where RFC 7468 (section 2)
//! allows explanatory text: it marks every bootloader that is built with it.

mod encrypted;
mod error;
mod revoked;

pub use encrypted::Passphrase;
pub use error::KeyError;
pub use revoked::{id, revokes};

use crate::error::Error;
use crate::files;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use lifeboot_core::info::key_id;
use lifeboot_core::signature::is_canonical;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The line that marks a demo's throw-away key; the bootloader's build script looks for it in the public file.
pub const DEMO_LINE: &str = "Lifeboot demo key: throw-away, protects nothing";

const PRIVATE: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// What signs firmware.
#[derive(Debug)]
pub struct PrivateKey {
    key: SigningKey,
    is_demo: bool,
}

/// What firmware is checked with.
#[derive(Clone, Debug)]
pub struct PublicKey {
    key: VerifyingKey,
    is_demo: bool,
}

/// Makes a key and writes it to `path`, readable by its owner only, and its public half beside it. Returns the public
/// half and its path. Files that exist are never touched.
pub fn generate(path: &Path, demo: bool) -> Result<(PublicKey, PathBuf), Error> {
    make(path, demo, None)
}

/// As [`generate`], with the private key encrypted: scrypt and AES-256-CBC, which openssl reads from version 1.1 on.
pub fn generate_encrypted(path: &Path, demo: bool, passphrase: &Passphrase) -> Result<(PublicKey, PathBuf), Error> {
    make(path, demo, Some(passphrase))
}

fn make(path: &Path, demo: bool, passphrase: Option<&Passphrase>) -> Result<(PublicKey, PathBuf), Error> {
    refuse_taken(path)?;
    let public_path = public_path(path);
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *secret).map_err(|_| KeyError::Random)?;
    let public = PublicKey { key: SigningKey::from_bytes(&secret).verifying_key(), is_demo: demo };
    let first_line = if demo { format!("{DEMO_LINE}\n") } else { String::new() };
    // Without the public half inside, as openssl writes it: openssl 3.0 does not read the other form (RFC 5958).
    let pair = KeypairBytes { secret_key: *secret, public_key: None };
    let pem = match passphrase {
        None => pair.to_pkcs8_pem(LineEnding::LF),
        Some(passphrase) => pair.to_pkcs8_encrypted_pem(passphrase.bytes(), LineEnding::LF),
    };
    let pem = pem.map_err(|_| KeyError::Random)?;
    let public_pem = public.key.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Random)?;
    files::create(&public_path, format!("{first_line}{public_pem}").as_bytes(), 0o666)?;
    let text = Zeroizing::new(format!("{first_line}{}", *pem));
    if let Err(error) = files::create(path, text.as_bytes(), 0o600) {
        let _ = std::fs::remove_file(&public_path); // Half a pair is worth nothing.
        return Err(error);
    }
    Ok((public, public_path))
}

/// Errs where one of the two files of a new key exists.
pub fn refuse_taken(path: &Path) -> Result<(), KeyError> {
    let public_path = public_path(path);
    let taken = [path, &public_path].into_iter().find(|path| path.exists());
    taken.map_or(Ok(()), |path| Err(KeyError::Exists(path.to_owned())))
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

impl PrivateKey {
    /// Reads a private key, made by Lifeboot or by openssl. A file that others may read is refused, and one that is
    /// encrypted.
    pub fn read(path: &Path) -> Result<PrivateKey, Error> {
        PrivateKey::unlock(path, |path| Err(KeyError::PassphraseNeeded(path.to_owned()).into()))
    }

    /// As [`read`](Self::read), but an encrypted key is opened with the passphrase that `ask` gives for its file.
    pub fn unlock(path: &Path, ask: impl FnOnce(&Path) -> Result<Passphrase, Error>) -> Result<PrivateKey, Error> {
        let text = Zeroizing::new(String::from_utf8_lossy(&Zeroizing::new(files::read(path)?)).into_owned());
        match Pem::find(&text) {
            Some(pem) if pem.label == PRIVATE => PrivateKey::from_pem(path, &pem),
            Some(pem) if pem.label == ENCRYPTED => {
                refuse_exposed(path)?;
                let key = encrypted::open(path, pem.text, &ask(path)?)?;
                Ok(PrivateKey { key, is_demo: pem.is_demo })
            }
            Some(pem) if pem.label == PUBLIC => Err(KeyError::NotPrivate(path.to_owned()).into()),
            found => Err(unusable(path, found)),
        }
    }

    fn from_pem(path: &Path, pem: &Pem) -> Result<PrivateKey, Error> {
        refuse_exposed(path)?;
        let key = SigningKey::from_pkcs8_pem(pem.text).map_err(|_| KeyError::NotEd25519(path.to_owned()))?;
        Ok(PrivateKey { key, is_demo: pem.is_demo })
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey { key: self.key.verifying_key(), is_demo: self.is_demo }
    }

    /// The Ed25519 signature of some bytes: the same each time.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

impl PublicKey {
    /// Reads a public key, from its own file or from that of its private half.
    pub fn read(path: &Path) -> Result<PublicKey, Error> {
        let text = Zeroizing::new(String::from_utf8_lossy(&Zeroizing::new(files::read(path)?)).into_owned());
        match Pem::find(&text) {
            Some(pem) if pem.label == PRIVATE => Ok(PrivateKey::from_pem(path, &pem)?.public()),
            Some(pem) if pem.label == PUBLIC => {
                let key = VerifyingKey::from_public_key_pem(pem.text);
                let key = key.map_err(|_| KeyError::NotEd25519(path.to_owned()))?;
                // One that is written otherwise than RFC 8032 wants is taken by no device.
                if key.is_weak() || !is_canonical(key.as_bytes()) {
                    return Err(KeyError::Weak(path.to_owned()).into());
                }
                Ok(PublicKey { key, is_demo: pem.is_demo })
            }
            found => Err(unusable(path, found)),
        }
    }

    /// The 32 bytes of RFC 8032.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The key's short name, as headers carry it.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.to_bytes())
    }

    /// Whether it is a demo's throw-away key.
    pub fn is_demo(&self) -> bool {
        self.is_demo
    }

    /// Whether the private half made this signature of these bytes.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok()
    }
}

fn refuse_exposed(path: &Path) -> Result<(), Error> {
    match exposed(path)? {
        Some(mode) => Err(KeyError::Exposed { path: path.to_owned(), mode }.into()),
        None => Ok(()),
    }
}

/// The permissions of a file that group or world may read; other systems than Unix have no such bits to look at.
pub(crate) fn exposed(path: &Path) -> Result<Option<u32>, Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let mode = metadata.permissions().mode() & 0o777;
        Ok((mode & 0o077 != 0).then_some(mode))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(None)
    }
}

fn unusable(path: &Path, found: Option<Pem>) -> Error {
    let path = path.to_owned();
    match found.map(|pem| pem.label) {
        None => KeyError::NotPem(path),
        Some(ENCRYPTED) => KeyError::EncryptedPublic(path),
        Some(label) => KeyError::OtherForm { path, label: label.to_owned() },
    }
    .into()
}

/// The first PEM block of a file.
struct Pem<'a> {
    label: &'a str,
    text: &'a str,
    is_demo: bool,
}

impl Pem<'_> {
    fn find(file: &str) -> Option<Pem<'_>> {
        const BEGIN: &str = "-----BEGIN ";
        let start = file.find(BEGIN)?;
        let label = file[start + BEGIN.len()..].split_once("-----")?.0;
        let end = format!("-----END {label}-----");
        let text = &file[start..start + file[start..].find(&end)? + end.len()];
        let is_demo = file[..start].lines().any(|line| line.trim_end() == DEMO_LINE);
        Some(Pem { label, text, is_demo })
    }
}

//! Keys, read from the text of PEM files.

use super::encrypted::{self, Passphrase};
use super::error::KeyError;
use super::pem::{ENCRYPTED, PRIVATE, PUBLIC, Pem};
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use lifeboot_core::info::key_id;
use lifeboot_core::signature::is_canonical;
use std::path::Path;

/// A private key, which signs firmware.
#[derive(Debug)]
pub struct PrivateKey {
    key: SigningKey,
    is_demo: bool,
}

/// A public key, which verifies firmware.
#[derive(Clone, Debug)]
pub struct PublicKey {
    pub(super) key: VerifyingKey,
    pub(super) is_demo: bool,
}

impl PrivateKey {
    /// Reads a private key made by Lifeboot or by openssl. If the key is encrypted, `ask` is called with its path and
    /// must return the passphrase.
    ///
    /// # Errors
    /// [`KeyError`] if the text is not a private key, and any error of `ask`.
    pub fn from_pem<E: From<KeyError>>(
        path: &Path,
        text: &str,
        ask: impl FnOnce(&Path) -> Result<Passphrase, E>,
    ) -> Result<PrivateKey, E> {
        match Pem::find(text) {
            Some(pem) if pem.label == PRIVATE => Ok(PrivateKey::plain(path, &pem)?),
            Some(pem) if pem.label == ENCRYPTED => {
                let key = encrypted::open(path, pem.text, &ask(path)?)?;
                Ok(PrivateKey { key, is_demo: pem.is_demo })
            }
            Some(pem) if pem.label == PUBLIC => Err(KeyError::NotPrivate(path.to_owned()).into()),
            found => Err(unusable(path, found).into()),
        }
    }

    fn plain(path: &Path, pem: &Pem) -> Result<PrivateKey, KeyError> {
        let key = SigningKey::from_pkcs8_pem(pem.text).map_err(|_| KeyError::NotEd25519(path.to_owned()))?;
        Ok(PrivateKey { key, is_demo: pem.is_demo })
    }

    /// Returns the public half.
    pub fn public(&self) -> PublicKey {
        PublicKey { key: self.key.verifying_key(), is_demo: self.is_demo }
    }

    /// Returns the Ed25519 signature of `bytes`; it is deterministic.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

impl PublicKey {
    /// Reads a public key, from its own text or from the text of its private half.
    ///
    /// # Errors
    /// [`KeyError`] if the text is neither.
    pub fn from_pem(path: &Path, text: &str) -> Result<PublicKey, KeyError> {
        match Pem::find(text) {
            Some(pem) if pem.label == PRIVATE => Ok(PrivateKey::plain(path, &pem)?.public()),
            Some(pem) if pem.label == PUBLIC => {
                let key = VerifyingKey::from_public_key_pem(pem.text);
                let key = key.map_err(|_| KeyError::NotEd25519(path.to_owned()))?;
                // Devices reject a key whose encoding is not canonical by RFC 8032.
                if key.is_weak() || !is_canonical(key.as_bytes()) {
                    return Err(KeyError::Weak(path.to_owned()));
                }
                Ok(PublicKey { key, is_demo: pem.is_demo })
            }
            found => Err(unusable(path, found)),
        }
    }

    /// Returns the 32 bytes of RFC 8032's encoding.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Returns the key id, as headers carry it.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.to_bytes())
    }

    /// Returns whether this is a demo's throw-away key.
    pub fn is_demo(&self) -> bool {
        self.is_demo
    }

    /// Returns whether the private half made this signature of `bytes`.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok()
    }
}

fn unusable(path: &Path, found: Option<Pem>) -> KeyError {
    let path = path.to_owned();
    match found.map(|pem| pem.label) {
        None => KeyError::NotPem(path),
        Some(ENCRYPTED) => KeyError::EncryptedPublic(path),
        Some(label) => KeyError::OtherForm { path, label: label.to_owned() },
    }
}

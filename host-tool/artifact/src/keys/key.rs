//! Keys, read from PEM files.

use super::encrypted::{self, Passphrase};
use super::error::KeyError;
use super::pem::{Found, refuse_another};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use lifeboot_core::info::key_id;
use lifeboot_core::signature::is_canonical;
use lifeboot_pem::{Block, DEMO_LINE, ENCRYPTED, PRIVATE, PUBLIC};
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
    /// [`KeyError`] if the file is not a private key, and any error of `ask`.
    pub fn from_pem<E: From<KeyError>>(
        path: &Path,
        file: &[u8],
        ask: impl FnOnce(&Path) -> Result<Passphrase, E>,
    ) -> Result<PrivateKey, E> {
        match Found::only(path, file, [PRIVATE, ENCRYPTED])? {
            Found::Private(block) => Ok(PrivateKey::plain(path, &block)?),
            Found::Encrypted(block) => {
                let key = encrypted::open(path, &block, &ask(path)?)?;
                refuse_another(path, file, &key)?;
                Ok(PrivateKey { key, is_demo: block.is_demo })
            }
            Found::Public(_) => Err(KeyError::NotPrivate(path.to_owned()).into()),
            Found::Other(block) => Err(other(path, block).into()),
        }
    }

    fn plain(path: &Path, block: &Block) -> Result<PrivateKey, KeyError> {
        let key = block.bytes.as_ref().and_then(|bytes| SigningKey::from_pkcs8_der(bytes).ok());
        let key = key.ok_or_else(|| KeyError::NotEd25519(path.to_owned()))?;
        Ok(PrivateKey { key, is_demo: block.is_demo })
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
    /// Reads a public key, from its own file or from the file of its private half.
    ///
    /// # Errors
    /// [`KeyError`] if the file is neither.
    pub fn from_pem(path: &Path, file: &[u8]) -> Result<PublicKey, KeyError> {
        match Found::only(path, file, [PUBLIC, PRIVATE])? {
            Found::Private(block) => Ok(PrivateKey::plain(path, &block)?.public()),
            Found::Public(block) => {
                let key = block.bytes.as_ref().and_then(|bytes| VerifyingKey::from_public_key_der(bytes).ok());
                let key = key.ok_or_else(|| KeyError::NotEd25519(path.to_owned()))?;
                // Devices reject a key whose encoding is not canonical by RFC 8032.
                if key.is_weak() || !is_canonical(key.as_bytes()) {
                    return Err(KeyError::Weak(path.to_owned()));
                }
                Ok(PublicKey { key, is_demo: block.is_demo })
            }
            Found::Encrypted(_) => Err(KeyError::EncryptedPublic(path.to_owned())),
            Found::Other(block) => Err(other(path, block)),
        }
    }

    /// Returns the 32 bytes of RFC 8032's encoding.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Returns the text of its PEM file.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the key could not be encoded.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let first_line = if self.is_demo { format!("{DEMO_LINE}\n") } else { String::new() };
        let pem = self.key.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Random)?;
        Ok(format!("{first_line}{pem}"))
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

fn other(path: &Path, block: Block) -> KeyError {
    KeyError::OtherForm { path: path.to_owned(), label: block.label }
}

//! New keys, made from random bytes that the caller supplies.

use super::encrypted::{self, Passphrase};
use super::error::KeyError;
use super::key::PublicKey;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes};
use lifeboot_pem::DEMO_LINE;
use zeroize::Zeroizing;

/// Random bytes that a new key takes.
pub const RANDOM_BYTES: usize = SECRET + encrypted::RANDOM_BYTES;

/// How many of them are the private key itself.
const SECRET: usize = 32;

/// A new key pair, as PEM texts.
pub struct KeyPair {
    /// The public half.
    pub public: PublicKey,
    /// The text of the public half.
    pub public_pem: String,
    /// The text of the private half, which is wiped from memory when dropped.
    pub private_pem: Zeroizing<String>,
}

impl KeyPair {
    /// Makes a key pair. If there is a passphrase, the private half is encrypted with scrypt and AES-256-CBC, which
    /// openssl reads since version 1.1.
    ///
    /// The bytes must be random, must be used for one key only, and must be wiped afterwards.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the key could not be encoded.
    pub fn new(
        random: &[u8; RANDOM_BYTES],
        is_demo: bool,
        passphrase: Option<&Passphrase>,
    ) -> Result<KeyPair, KeyError> {
        let (secret, rest) = random.split_first_chunk::<SECRET>().ok_or(KeyError::Random)?;
        let first_line = if is_demo { format!("{DEMO_LINE}\n") } else { String::new() };
        // Leaves the public half out, as openssl does: openssl 3.0 does not read the other form (RFC 5958).
        let pair = KeypairBytes { secret_key: *secret, public_key: None };
        let pem = match passphrase {
            None => pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Random)?,
            Some(passphrase) => {
                let document = pair.to_pkcs8_der().map_err(|_| KeyError::Random)?;
                encrypted::close(document.as_bytes(), rest.first_chunk().ok_or(KeyError::Random)?, passphrase)?
            }
        };
        let public = PublicKey { key: SigningKey::from_bytes(secret).verifying_key(), is_demo };
        Ok(KeyPair {
            public_pem: public.to_pem()?,
            public,
            private_pem: Zeroizing::new(format!("{first_line}{}", *pem)),
        })
    }
}

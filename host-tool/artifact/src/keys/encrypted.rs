//! Private keys encrypted with a passphrase: PKCS#8's `ENCRYPTED PRIVATE KEY` with PBES2 (RFC 8018), as openssl writes
//! and reads it.
//!
//! The file itself sets the cost of deriving its key. Invariant: no file can make the tool work for minutes or run out
//! of memory. A cost above [`MOST_MEMORY`] or [`MOST_ROUNDS`] is refused before the derivation starts.

use super::error::KeyError;
use ed25519_dalek::SigningKey;
use lifeboot_pem::{Block, ENCRYPTED};
use pkcs8::pkcs5::pbes2::{self, Kdf};
use pkcs8::pkcs5::{self, EncryptionScheme, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// Most bytes of memory that scrypt may use; openssl allows 32 MiB by default.
const MOST_MEMORY: u64 = 1 << 27;
/// Most rounds of PBKDF2; 600,000 are recommended today.
const MOST_ROUNDS: u32 = 10_000_000;

/// Random bytes that encrypting a key takes: scrypt's salt, and the IV of AES-256-CBC.
pub(super) const RANDOM_BYTES: usize = 16 + 16;
/// Cost parameters of scrypt: 2^14 times 8 times 128 bytes are 16 MiB, within openssl's default limit.
const COST: (u8, u32, u32) = (14, 8, 1);

/// The passphrase of an encrypted key: bytes that are wiped from memory and never shown.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Makes a passphrase, without a line feed at its end.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Passphrase {
        Passphrase(Zeroizing::new(bytes.into()))
    }

    /// Returns the passphrase in a file, its first line; `None` if that is empty.
    pub fn first_line(bytes: &[u8]) -> Option<Passphrase> {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() { None } else { Some(Passphrase::new(line)) }
    }

    /// Returns whether the passphrase is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Decrypts the block of an encrypted key; `path` is for the errors.
pub(super) fn open(path: &Path, block: &Block, passphrase: &Passphrase) -> Result<SigningKey, KeyError> {
    let unknown = || KeyError::OtherEncryption(path.to_owned());
    let document = block.bytes.as_ref().ok_or_else(unknown)?;
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_slice()).map_err(|_| unknown())?;
    let affordable = match &encrypted.encryption_algorithm {
        EncryptionScheme::Pbes2(parameters) => is_affordable(&parameters.kdf),
        _ => false,
    };
    if !affordable {
        return Err(unknown());
    }
    // By chance a wrong passphrase gives correct padding, but not a key.
    let wrong = || KeyError::WrongPassphrase(path.to_owned());
    let key = encrypted.decrypt(passphrase.bytes()).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => wrong(),
        _ => unknown(),
    })?;
    let info = PrivateKeyInfoRef::try_from(key.as_bytes()).map_err(|_| wrong())?;
    SigningKey::try_from(info).map_err(|_| KeyError::NotEd25519(path.to_owned()))
}

/// Encrypts a PKCS#8 document, and returns the PEM block.
pub(super) fn close(
    document: &[u8],
    random: &[u8; RANDOM_BYTES],
    passphrase: &Passphrase,
) -> Result<Zeroizing<String>, KeyError> {
    let failed = || KeyError::Random;
    let (salt, start) = random.split_first_chunk::<16>().ok_or_else(failed)?;
    let start = *start.first_chunk().ok_or_else(failed)?;
    let (cost, block, lanes) = COST;
    let cost = scrypt::Params::new(cost, block, lanes).map_err(|_| failed())?;
    let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(cost, salt, start).map_err(|_| failed())?;
    let info = PrivateKeyInfoRef::try_from(document).map_err(|_| failed())?;
    let encrypted = info.encrypt_with_params(parameters, passphrase.bytes()).map_err(|_| failed())?;
    encrypted.to_pem(ENCRYPTED, LineEnding::LF).map_err(|_| failed())
}

fn is_affordable(kdf: &Kdf) -> bool {
    match kdf {
        Kdf::Pbkdf2(parameters) => parameters.iteration_count <= MOST_ROUNDS,
        Kdf::Scrypt(parameters) => {
            let (size, lanes) = (u64::from(parameters.block_size), u64::from(parameters.parallelization));
            let bytes = parameters.cost_parameter.checked_mul(size).and_then(|blocks| blocks.checked_mul(lanes * 128));
            bytes.is_some_and(|bytes| bytes <= MOST_MEMORY)
        }
        _ => false,
    }
}

//! Digests by which servers name artifacts: the strongest that is offered counts.
//!
//! They find what was cut off or mixed up. Who made an image is decided by its signature, on the device.

use lifeboot_artifact::hex;
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::Sha256;
use std::fmt::{self, Display};
use std::io::{self, Read};

/// The kind of a digest, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-1.
    Sha1,
    /// MD5.
    Md5,
}

/// The digest of an artifact, in small hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest {
    algorithm: Algorithm,
    digits: String,
}

impl Digest {
    /// Returns a digest; `None` if these are not as many hexadecimal digits as it has.
    pub fn new(algorithm: Algorithm, digits: &str) -> Option<Digest> {
        let length = match algorithm {
            Algorithm::Sha256 => 64,
            Algorithm::Sha1 => 40,
            Algorithm::Md5 => 32,
        };
        let is_digest = digits.len() == length && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_digest.then(|| Digest { algorithm, digits: digits.to_ascii_lowercase() })
    }

    /// Returns its kind.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns whether it is the digest of everything that is read.
    ///
    /// # Errors
    /// As the reader.
    pub fn fits(&self, reader: &mut dyn Read) -> io::Result<bool> {
        let digits = match self.algorithm {
            Algorithm::Sha256 => hex(&over::<Sha256>(reader)?),
            Algorithm::Sha1 => hex(&over::<Sha1>(reader)?),
            Algorithm::Md5 => hex(&over::<Md5>(reader)?),
        };
        Ok(digits == self.digits)
    }
}

impl Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha1 => "sha1",
            Algorithm::Md5 => "md5",
        };
        write!(f, "{name}-{}", self.digits)
    }
}

fn over<D: sha2::Digest>(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut digest = D::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(digest.finalize().to_vec()),
            Ok(length) => digest.update(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

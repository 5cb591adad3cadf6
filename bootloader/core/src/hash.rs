//! SHA-256, of sha2 or of lifeboot-compact.

#[cfg(feature = "compact")]
type Algorithm = lifeboot_compact::Sha256;
#[cfg(not(feature = "compact"))]
type Algorithm = sha256::Sha256;
#[cfg(not(feature = "compact"))]
use sha256::Digest;

/// A SHA-256 digest in progress.
#[derive(Clone, Default)]
pub struct Sha256(Algorithm);

impl Sha256 {
    /// Continues with these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest.
    #[cfg_attr(feature = "compact", expect(clippy::useless_conversion, reason = "sha2's digest is of another type"))]
    pub fn finalize(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// Returns the digest of these bytes.
    pub fn digest(bytes: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::default();
        hash.update(bytes);
        hash.finalize()
    }
}

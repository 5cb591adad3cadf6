//! Signing keys: Ed25519, in the PEM forms that openssl and HSMs speak (PKCS#8 for private, SPKI for public ones).
//!
//! `openssl genpkey -algorithm ed25519` makes a key that Lifeboot takes, and openssl takes the ones made here. There is
//! no default key. A private key may be encrypted with a passphrase ([`Passphrase`]). A demo's throw-away key carries
//! [`DEMO_LINE`] before its `BEGIN` line, where RFC 7468 (section 2) allows explanatory text: it marks every bootloader
//! that is built with it.
//!
//! Keys are texts here; the path that goes with a text is for the errors.

mod encrypted;
mod error;
mod id;
mod key;
mod pair;
mod pem;

pub use encrypted::Passphrase;
pub use error::KeyError;
pub use id::id;
pub use key::{PrivateKey, PublicKey};
pub use pair::{KeyPair, RANDOM_BYTES};
pub use pem::{DEMO_LINE, ENCRYPTED, PRIVATE, PUBLIC, label};

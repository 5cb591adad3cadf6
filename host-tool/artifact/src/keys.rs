//! Signing keys: Ed25519, in the PEM formats that openssl and HSMs use (PKCS#8 for private keys, SPKI for public keys).
//!
//! `openssl genpkey -algorithm ed25519` makes a key that Lifeboot accepts, and openssl accepts the keys made here.
//! There is no default key. A private key may be encrypted with a passphrase ([`Passphrase`]). A demo's throw-away key
//! has [`DEMO_LINE`] before its `BEGIN` line, where RFC 7468 (section 2) allows explanatory text: the line marks every
//! bootloader that is built with the key.
//!
//! Keys are passed as the bytes of a PEM file; the path that accompanies them is only for errors.

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
pub use lifeboot_pem::{DEMO_LINE, is_text_of_key, without_private_keys};
pub use pair::{KeyPair, RANDOM_BYTES};
pub use pem::holds_private;

//! What verifies signatures in the bootloader.

use crate::error::{Wrong, wrong};
use lifeboot_core::handover::{BOOT_STACK, COMPACT_BOOT_STACK};

/// The code that checks signatures and computes digests in the bootloader. They differ in size and speed only, and accept the
/// same images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verifier {
    /// ed25519-dalek and sha2.
    #[default]
    Dalek,
    /// lifeboot-compact.
    Compact,
}

impl Verifier {
    /// All of them.
    pub const ALL: [Verifier; 2] = [Verifier::Dalek, Verifier::Compact];

    /// Returns its name in a board file.
    pub fn name(self) -> &'static str {
        match self {
            Verifier::Dalek => "dalek",
            Verifier::Compact => "compact",
        }
    }

    /// Returns the feature of `lifeboot-bootloader` that chooses it; `None` if it is the default.
    pub fn feature(self) -> Option<&'static str> {
        match self {
            Verifier::Dalek => None,
            Verifier::Compact => Some("compact"),
        }
    }

    /// Returns the bytes at the end of RAM that are the bootloader's stack.
    pub fn stack(self) -> u32 {
        match self {
            Verifier::Dalek => BOOT_STACK,
            Verifier::Compact => COMPACT_BOOT_STACK,
        }
    }

    /// Returns the verifier with a name.
    pub(crate) fn find(name: &str) -> Result<Verifier, Wrong> {
        match Verifier::ALL.into_iter().find(|verifier| verifier.name() == name) {
            Some(verifier) => Ok(verifier),
            None => wrong(
                format!("verifier: there is none that is called {name:?}"),
                "write verifier = \"compact\" for the small one, or leave it out for ed25519-dalek and sha2".to_owned(),
            ),
        }
    }
}

//! Why simulated flash did not do what was requested.

use embedded_storage::nor_flash::{NorFlashError, NorFlashErrorKind};

/// Why the flash did not do what was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Wrong use: not aligned as the map requires.
    Misaligned,
    /// Wrong use: erased or written outside of journal and slots, or across their borders; read outside of flash.
    OutOfBounds,
    /// Wrong use of flash that allows one write between two erases.
    Overwritten,
    /// A word that was torn, of flash with ECC.
    Unreadable,
    /// The test made this part refuse.
    Refused,
    /// The power is off.
    NoPower,
}

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Fault::Misaligned => NorFlashErrorKind::NotAligned,
            Fault::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Fault::Overwritten | Fault::Unreadable | Fault::Refused | Fault::NoPower => NorFlashErrorKind::Other,
        }
    }
}

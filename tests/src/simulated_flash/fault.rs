//! Why simulated flash did not do what was requested.

use embedded_storage::nor_flash::{NorFlashError, NorFlashErrorKind};

/// Why the flash did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Wrong use: not at a multiple of what the map says.
    Misaligned,
    /// Wrong use: erased or written outside of journal and slots, or across their borders; read outside of flash.
    OutOfBounds,
    /// Wrong use of flash that allows one write between two erases.
    Overwritten,
    /// A word that was torn, of flash with ECC.
    Unreadable,
    /// The part was told to refuse.
    Refused,
    /// There is no power.
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

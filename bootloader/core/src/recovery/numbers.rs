//! The numbers of the wire's variants, as postcard encodes them.

use crate::image::Invalid;

/// The numbers of the wire's variants of answers.
pub mod body {
    pub const DONE: u8 = 0;
    pub const REFUSED: u8 = 1;
    pub const BEGUN: u8 = 3;
    pub const WRITTEN: u8 = 4;
    pub const RECOVERY: u8 = 8;
}

/// The numbers of the wire's variants of refusals, beside those of [`Invalid`].
pub mod refusal {
    pub const OTHER_TARGET: u8 = 16;
    pub const REJECTED: u8 = 18;
    pub const BUSY: u8 = 20;
    pub const NO_TRANSFER: u8 = 21;
    pub const INCOMPLETE: u8 = 22;
    pub const RECOVERY: u8 = 27;
}

/// Returns the number of the wire's refusal for an invalid image.
pub const fn number(invalid: Invalid) -> u8 {
    invalid as u8
}

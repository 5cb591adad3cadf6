//! The words in RAM that bootloader and firmware share: the first [`HANDOVER_LENGTH`] bytes of a board's RAM.
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0x00 | 4 | [`VECTORS`]: address of the running firmware's vector table; 0 while the bootloader runs |
//! | 0x04 | 4 | [`CAUSE`]: why the next reset will have happened, or anything else where nobody wrote it |
//! | 0x08 | 4 | [`WATCHDOG`]: [`WATCHDOG_ARMED`] while a timer stands in for the watchdog, else 0 |
//! | 0x0C | 20 | reserved |
//!
//! RAM keeps its bytes over a reset but not over a loss of power: so a word counts only if it carries its mark, and
//! nothing that decides about safety may rest on it alone.

use crate::record::Cause;

pub use crate::layout::HANDOVER_LENGTH;

/// Offset of the word that holds the address of the running firmware's vector table. Where the core has no VTOR
/// register (Cortex-M0), the bootloader's vectors forward through it.
pub const VECTORS: u32 = 0x00;

/// Offset of the word that holds the cause of the next reset ([`cause_word`]).
pub const CAUSE: u32 = 0x04;

/// Offset of the word that tells the bootloader's interrupt handler whose the timer is.
pub const WATCHDOG: u32 = 0x08;

/// The timer stands in for the watchdog.
pub const WATCHDOG_ARMED: u32 = 0x4C42_5744;

/// Marks a cause word; the low byte is the [`Cause`].
const MARK: u32 = 0x4C42_5200;

/// The word that says why the next reset will have happened; whoever resets the chip on purpose leaves it at [`CAUSE`].
pub const fn cause_word(cause: Cause) -> u32 {
    MARK | cause as u32
}

/// The cause that a word says, `None` where the word was not written by [`cause_word`].
pub const fn cause_in(word: u32) -> Option<Cause> {
    if word & !0xff == MARK { Cause::from_byte(word as u8) } else { None }
}

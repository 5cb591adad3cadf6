//! How the bootloader resets the chip.

use crate::chip::Chip;
use crate::handoff::note_reset;
use lifeboot_core::handover::cause_word;
use lifeboot_core::record::Cause;

/// Resets the chip, and leaves this cause word for the next boot.
pub fn reset<C: Chip>(word: u32) -> ! {
    note_reset::<C>(word);
    C::reset()
}

/// Handles exceptions that must not happen while the bootloader runs, and panics, which are bugs in the bootloader: resets and
/// tries again.
pub extern "C" fn fault<C: Chip>() -> ! {
    reset::<C>(cause_word(Cause::Fault))
}

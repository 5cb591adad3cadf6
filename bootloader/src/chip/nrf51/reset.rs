//! How the chip is reset.

use crate::chip::handoff::note_reset;
use crate::chip::system_reset::request_reset;

/// Resets the chip except RAM, flash and a running WDT (12.1.8), and leaves the cause word for the next boot.
pub fn reset(word: u32) -> ! {
    note_reset(word);
    request_reset()
}

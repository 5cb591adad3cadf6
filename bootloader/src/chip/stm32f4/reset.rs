//! How the chip is reset.

use crate::chip::handoff::note_reset;
use crate::chip::system_reset::request_reset;

/// Resets the chip except RAM and flash (7.1.1), and leaves the cause word for the next boot.
pub fn reset(word: u32) -> ! {
    note_reset(word);
    request_reset()
}

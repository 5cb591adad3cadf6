//! The bootloader's log in builds for development: it goes to the few bytes of RAM at [`handover::LOG`], which survive
//! the jump. What does not fit is cut off.

use super::handoff::HANDOFF_BASE;
use super::registers::{load, store};
use lifeboot_core::handover;

const LENGTH: usize = HANDOFF_BASE + handover::LOG as usize;
const BYTES: usize = LENGTH + 4;

/// Empties the log.
pub fn begin() {
    store(LENGTH, handover::log_word(0));
}

#[defmt::global_logger]
struct Log;

// SAFETY: messages cannot interleave: the bootloader runs alone, with no interrupt enabled.
unsafe impl defmt::Logger for Log {
    fn acquire() {}

    unsafe fn flush() {}

    unsafe fn release() {}

    unsafe fn write(bytes: &[u8]) {
        bytes.iter().for_each(|byte| push(*byte));
    }
}

fn push(byte: u8) {
    let length = handover::log_length_in(load(LENGTH)).unwrap_or(handover::LOG_LENGTH);
    if length < handover::LOG_LENGTH {
        let (word, shift) = (BYTES + (length & !3), length % 4 * 8);
        store(word, load(word) & !(0xff << shift) | u32::from(byte) << shift);
        store(LENGTH, handover::log_word(length + 1));
    }
}

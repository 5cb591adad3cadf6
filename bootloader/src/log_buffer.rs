//! The bootloader's log in builds for development: it goes to the few bytes of RAM at [`handover::LOG`], which survive
//! the jump. What does not fit is cut off.

use crate::registers::{load, store};
use lifeboot_core::handover;

unsafe extern "C" {
    /// The words in RAM that bootloader and firmware share, defined by the linker script: there is one logger in a program,
    /// which cannot depend on the type of the chip.
    static _lifeboot_words: u32;
}

/// Returns the address of the log's length.
fn length_word() -> usize {
    (&raw const _lifeboot_words).expose_provenance() + handover::LOG as usize
}

/// Empties the log.
pub fn begin() {
    store(length_word(), handover::log_word(0));
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
    let length = handover::log_length_in(load(length_word())).unwrap_or(handover::LOG_LENGTH);
    if length < handover::LOG_LENGTH {
        let (word, shift) = (length_word() + 4 + (length & !3), length % 4 * 8);
        store(word, load(word) & !(0xff << shift) | u32::from(byte) << shift);
        store(length_word(), handover::log_word(length + 1));
    }
}

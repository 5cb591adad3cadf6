//! The words in RAM that bootloader and firmware share, and what they tell of the last reset.

use crate::chip::Chip;
use crate::registers::{barrier, load, store};
use core::marker::PhantomData;
use lifeboot_core::handover::{self, Boot, boot_words, crashes_in, fault_in, starts_word};
use lifeboot_core::record::{Cause, Fault};

/// The addresses of the words that bootloader and firmware share.
pub(crate) struct Words<C>(PhantomData<C>);

impl<C: Chip> Words<C> {
    /// The first of them.
    pub const BASE: usize = C::BOARD.ram.start as usize;
    const CAUSE: usize = Self::BASE + handover::CAUSE as usize;
    const BOOT: usize = Self::BASE + handover::BOOT as usize;
    const VERIFICATION: usize = Self::BASE + handover::VERIFICATION as usize;
    const FAULT: usize = Self::BASE + handover::FAULT as usize;
    const WRITING: usize = Self::BASE + handover::WRITING as usize;
    const STARTS: usize = Self::BASE + handover::STARTS as usize;
}

/// What is known about the last reset.
#[derive(Clone, Copy)]
pub struct Reset {
    /// Why the chip was reset.
    pub cause: Cause,
    /// Whether the code that requested the reset wants the bootloader to enter recovery mode.
    #[cfg(feature = "recovery")]
    pub recovery: bool,
    /// Whether the bootloader's recovery mode has ended in this reset.
    pub listened: bool,
}

impl Reset {
    /// Returns a reset by this cause, with the word that [`read_reset_note`] returned. RAM alone does not prove a
    /// request: if the chip reports another cause, there was none.
    pub fn new(cause: Cause, noted: u32) -> Self {
        Reset {
            cause,
            #[cfg(feature = "recovery")]
            recovery: cause == Cause::Request && handover::asks_for_recovery(noted),
            listened: cause == Cause::Request && handover::has_listened(noted),
        }
    }
}

/// Stores the cause word of the reset that is about to happen.
pub fn note_reset<C: Chip>(word: u32) {
    store(Words::<C>::CAUSE, word);
    barrier();
}

/// Returns the word that was left at the last reset, and clears it.
pub fn read_reset_note<C: Chip>() -> u32 {
    let noted = load(Words::<C>::CAUSE);
    store(Words::<C>::CAUSE, 0);
    noted
}

/// Returns the crash that the firmware reported, and clears it; `None` if the chip was reset for another cause.
pub fn read_fault_note<C: Chip>(cause: Cause) -> Option<Fault> {
    let words = [0, 4, 8].map(|offset| load(Words::<C>::FAULT + offset));
    store(Words::<C>::FAULT, 0);
    fault_in(words, cause)
}

/// Stores whether the bootloader is writing to flash, before and after it does.
pub fn note_writing<C: Chip>(writing: bool) {
    store(Words::<C>::WRITING, if writing { handover::WRITING_MARK } else { 0 });
    barrier();
}

/// Returns whether the last reset came while the bootloader was writing to flash, and clears the note.
pub fn was_writing<C: Chip>() -> bool {
    let noted = load(Words::<C>::WRITING);
    store(Words::<C>::WRITING, 0);
    noted == handover::WRITING_MARK
}

/// Returns how many times in a row the firmware that ran last was started and has crashed.
/// `interrupted` is whether the reset came while the bootloader was writing.
pub fn read_crashes<C: Chip>(cause: Cause, interrupted: bool) -> u8 {
    let crashes = crashes_in(load(Words::<C>::STARTS), cause, interrupted);
    // What was no crash must not count as one if this boot is interrupted.
    note_starts::<C>(crashes);
    crashes
}

/// Stores how many times in a row the firmware that is about to run was started.
pub fn note_starts<C: Chip>(starts: u8) {
    store(Words::<C>::STARTS, starts_word(starts));
}

/// Stores for the firmware how it was started.
pub fn note_boot<C: Chip>(boot: Boot) {
    let [word, verification] = boot_words(boot);
    store(Words::<C>::BOOT, word);
    store(Words::<C>::VERIFICATION, verification);
}

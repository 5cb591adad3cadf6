//! The words in RAM that bootloader and firmware share: the first [`HANDOVER_LENGTH`] bytes of a board's RAM.
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0x00 | 4 | [`VECTORS`]: address of the running firmware's vector table; 0 while the bootloader runs |
//! | 0x04 | 4 | [`CAUSE`]: why the next reset will have happened, or anything else where nobody wrote it |
//! | 0x08 | 4 | [`WATCHDOG`]: [`WATCHDOG_ARMED`] while a timer stands in for the watchdog, else 0 |
//! | 0x0C | 4 | [`LOG`]: how many bytes a bootloader built for development has logged ([`log_word`]), or anything else |
//! | 0x10 | 12 | these bytes, in defmt's raw encoding |
//! | 0x1C | 4 | [`BOOT`]: how the running firmware came to be started ([`boot_word`]) |
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

/// Offset of the word that says how much the bootloader has logged; the bytes stand behind it.
pub const LOG: u32 = 0x0C;

/// Bytes that it can log.
pub const LOG_LENGTH: usize = 12;

/// Offset of the word that says how the running firmware came to be started.
pub const BOOT: u32 = 0x1C;

/// Marks a log word; the low byte is the length.
const LOG_MARK: u32 = 0x4C42_4C00;

/// Marks a boot word; the low byte is the [`Cause`], and [`ON_TRIAL`].
const BOOT_MARK: u32 = 0x4C42_4200;

/// Set in a boot word where the firmware was started on trial.
const ON_TRIAL: u32 = 0x80;

/// How firmware came to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Why the chip was reset.
    pub cause: Cause,
    /// Whether it was started on trial, and not as the confirmed one.
    pub trial: bool,
}

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

/// The word that says how firmware came to be started; the bootloader leaves it at [`BOOT`].
pub const fn boot_word(boot: Boot) -> u32 {
    BOOT_MARK | boot.cause as u32 | if boot.trial { ON_TRIAL } else { 0 }
}

/// What a word says of the start, `None` where the word was not written by [`boot_word`].
pub const fn boot_in(word: u32) -> Option<Boot> {
    if word & !0xff != BOOT_MARK {
        return None;
    }
    match Cause::from_byte((word & !ON_TRIAL) as u8) {
        Some(cause) => Some(Boot { cause, trial: word & ON_TRIAL != 0 }),
        None => None,
    }
}

/// The word that says that `length` bytes were logged, at most [`LOG_LENGTH`].
pub const fn log_word(length: usize) -> u32 {
    if length <= LOG_LENGTH { LOG_MARK | length as u32 } else { LOG_MARK | LOG_LENGTH as u32 }
}

/// How many bytes a word says were logged, `None` where the word was not written by [`log_word`].
pub const fn log_length_in(word: u32) -> Option<usize> {
    let length = (word & 0xff) as usize;
    if word & !0xff == LOG_MARK && length <= LOG_LENGTH { Some(length) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_was_written_and_garbage_says_nothing() {
        for length in 0..=LOG_LENGTH {
            assert_eq!(log_length_in(log_word(length)), Some(length));
        }
        assert_eq!(log_length_in(log_word(LOG_LENGTH + 1)), Some(LOG_LENGTH));
        for garbage in [0, u32::MAX, LOG_MARK | 0xff, LOG_MARK | 17, cause_word(Cause::Fault), WATCHDOG_ARMED] {
            assert_eq!(log_length_in(garbage), None, "{garbage:#x}");
        }
        assert_eq!((cause_in(log_word(3)), boot_in(log_word(3))), (None, None));
        assert!(LOG + 4 + LOG_LENGTH as u32 <= BOOT && BOOT + 4 <= HANDOVER_LENGTH);
        for byte in 0..=u8::MAX {
            for trial in [false, true] {
                let Some(cause) = Cause::from_byte(byte) else { continue };
                let boot = Boot { cause, trial };
                assert_eq!(boot_in(boot_word(boot)), Some(boot));
                assert_eq!((cause_in(boot_word(boot)), boot_in(cause_word(cause))), (None, None));
            }
        }
        assert_eq!((boot_in(0), boot_in(BOOT_MARK | 0x7f), boot_in(u32::MAX)), (None, None, None));
    }
}

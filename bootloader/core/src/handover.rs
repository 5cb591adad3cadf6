//! The words in RAM that bootloader and firmware share: the first [`HANDOVER_LENGTH`] bytes of a board's RAM.
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0x00 | 4 | [`VECTORS`]: address of the running firmware's vector table; 0 while the bootloader runs |
//! | 0x04 | 4 | [`CAUSE`]: why the next reset will have happened, if that was written; else any value |
//! | 0x08 | 4 | [`WATCHDOG`]: [`WATCHDOG_ARMED`] while a timer acts as the watchdog, else 0 |
//! | 0x0C | 4 | [`LOG`]: how many bytes a bootloader built for development has logged ([`log_word`]), or any value |
//! | 0x10 | 12 | the logged bytes, in defmt's raw encoding |
//! | 0x1C | 4 | [`BOOT`]: how the running firmware was started ([`boot_words`]) |
//! | 0x20 | 4 | [`VERIFICATION`]: how long its verification took, in milliseconds; valid if the word at [`BOOT`] is |
//! | 0x24 | 12 | [`FAULT`]: where and how firmware crashed ([`fault_words`]): a mark, program counter, fault status |
//! | 0x30 | 4 | [`WRITING`]: [`WRITING_MARK`] while the bootloader writes to flash, else 0 |
//! | 0x34 | 4 | [`STARTS`]: how many times in a row the running firmware was started and has crashed ([`starts_word`]) |
//!
//! RAM keeps its bytes over a reset but not over a loss of power. So a word counts only if it carries its mark, and no
//! security decision may depend on such a word alone.

use crate::layout::Board;
use crate::record::{Cause, Fault};

pub use crate::layout::HANDOVER_LENGTH;

/// Bytes at the end of RAM that are the bootloader's stack. They are zero when the bootloader starts and when firmware
/// starts, so firmware can keep nothing there over a reset. A test measures that the bootloader needs no more.
pub const BOOT_STACK: u32 = 8960;

/// The same of a bootloader with the compact verifier.
pub const COMPACT_BOOT_STACK: u32 = 4032;

/// Offset of the word that holds the address of the running firmware's vector table. If the core has no VTOR register
/// (Cortex-M0), the bootloader's vectors forward through it.
pub const VECTORS: u32 = 0x00;

/// Offset of the word that holds the cause of the next reset ([`cause_word`], [`recovery_word`]).
pub const CAUSE: u32 = 0x04;

/// Offset of the word by which the bootloader's interrupt handler knows whether the timer is the bootloader's or the
/// firmware's.
pub const WATCHDOG: u32 = 0x08;

/// The timer acts as the watchdog.
pub const WATCHDOG_ARMED: u32 = 0x4C42_5744;

/// Offset of the word that says how many bytes the bootloader has logged; the bytes follow it.
pub const LOG: u32 = 0x0C;

/// Maximum number of bytes that it can log.
pub const LOG_LENGTH: usize = 12;

/// Offset of the word that says how the running firmware was started.
pub const BOOT: u32 = 0x1C;

/// Offset of the next word, which says how long the firmware's verification took, in milliseconds.
pub const VERIFICATION: u32 = 0x20;

/// Offset of the three words that say where and how firmware crashed.
pub const FAULT: u32 = 0x24;

/// Offset of the word by which the bootloader knows that a reset has interrupted it while it wrote to flash.
pub const WRITING: u32 = 0x30;

/// The bootloader is writing to flash.
pub const WRITING_MARK: u32 = 0x4C42_5752;

/// Offset of the word that counts how many times in a row the same firmware was started and has crashed. Firmware that has
/// been running well for a while should write 0 there: then the crashes of years do not add up to a crash loop.
pub const STARTS: u32 = 0x34;

/// Marks a word of starts; the low byte is their number.
const STARTS_MARK: u32 = 0x4C42_5300;

/// The first of the words of a crash.
const FAULT_MARK: u32 = 0x4C42_4654;

/// Marks a log word; the low byte is the length.
const LOG_MARK: u32 = 0x4C42_4C00;

/// Marks a boot word; the low byte is the [`Cause`], and the [`Start`] from [`START`] on.
const BOOT_MARK: u32 = 0x4C42_4200;
const START: u32 = 6;

/// How firmware was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Why the chip was reset.
    pub cause: Cause,
    /// The role in which the firmware was started.
    pub start: Start,
    /// How long it took to read the boot state and to verify the firmware, in milliseconds.
    pub verification: u32,
}

/// The role in which firmware was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Start {
    /// As the confirmed firmware, the default.
    Confirmed = 0,
    /// On trial: it must confirm.
    Trial = 1,
    /// Because no confirmed firmware can be started; it must confirm.
    FellBack = 2,
}

impl Start {
    /// Whether the watchdog must run while firmware does that was started in this role on a board.
    pub const fn is_watched(self, board: &Board) -> bool {
        board.watches_confirmed || !matches!(self, Start::Confirmed)
    }
}

/// Marks a cause word; the low byte is the [`Cause`], and [`RECOVERY`].
const MARK: u32 = 0x4C42_5200;

/// Set in a cause word if the bootloader must enter recovery mode.
const RECOVERY: u32 = 0x80;

/// Set in a cause word if the bootloader was in recovery mode, and must start firmware now if it can.
const LISTENED: u32 = 0x40;

/// Returns the word that says why the next reset will have happened. Code that resets the chip on purpose must leave it
/// at [`CAUSE`].
pub const fn cause_word(cause: Cause) -> u32 {
    MARK | cause as u32
}

/// Returns the cause word of a reset on request after which the bootloader must enter recovery mode instead of starting
/// firmware.
pub const fn recovery_word() -> u32 {
    cause_word(Cause::Request) | RECOVERY
}

/// Whether a cause word requests recovery.
pub const fn asks_for_recovery(word: u32) -> bool {
    word == recovery_word()
}

/// Returns the cause word that the bootloader leaves when its recovery mode ends: the next boot must start firmware if there
/// is any, even if a pin still requests recovery.
pub const fn listened_word() -> u32 {
    cause_word(Cause::Request) | LISTENED
}

/// Whether a cause word says that recovery mode has ended.
pub const fn has_listened(word: u32) -> bool {
    word == listened_word()
}

/// Returns the word that says that the firmware which is about to run was started `starts` times in a row, and has crashed
/// each time but this.
pub const fn starts_word(starts: u8) -> u32 {
    STARTS_MARK | starts as u32
}

/// Returns how many times in a row firmware was started and has crashed, given the word that was left at [`STARTS`], the cause of
/// the reset, and whether that interrupted the bootloader while it wrote: a boot that starts nothing ends no crash loop.
pub const fn crashes_in(word: u32, cause: Cause, interrupted: bool) -> u8 {
    let has_crashed = interrupted || matches!(cause, Cause::Watchdog | Cause::Fault);
    if has_crashed && word & !0xff == STARTS_MARK { word as u8 } else { 0 }
}

/// Returns the cause in a word, `None` if neither [`cause_word`], [`recovery_word`] nor [`listened_word`] wrote it.
pub const fn cause_in(word: u32) -> Option<Cause> {
    match Cause::from_byte(word as u8) {
        _ if asks_for_recovery(word) || has_listened(word) => Some(Cause::Request),
        cause if word & !0xff == MARK => cause,
        _ => None,
    }
}

/// Returns the words that crashing firmware must leave before it resets the chip, with their offsets, in this order.
pub const fn fault_words(fault: Fault) -> [(u32, u32); 4] {
    // The mark follows the words that it vouches for.
    [(FAULT + 4, fault.pc), (FAULT + 8, fault.status), (FAULT, FAULT_MARK), (CAUSE, cause_word(Cause::Fault))]
}

/// Returns the fault in the three words at [`FAULT`] after a reset of this cause; `None` if they are from another
/// reset, or garbage.
pub fn fault_in([mark, pc, status]: [u32; 3], cause: Cause) -> Option<Fault> {
    (mark == FAULT_MARK && cause == Cause::Fault).then_some(Fault { pc, status })
}

/// Returns the words that say how firmware was started; the bootloader leaves them at [`BOOT`] and [`VERIFICATION`].
pub const fn boot_words(boot: Boot) -> [u32; 2] {
    [BOOT_MARK | boot.cause as u32 | (boot.start as u32) << START, boot.verification]
}

/// Returns the start that these words describe, `None` if [`boot_words`] did not write them.
pub const fn boot_in([word, verification]: [u32; 2]) -> Option<Boot> {
    let start = match (word & 0xff) >> START {
        0 => Start::Confirmed,
        1 => Start::Trial,
        2 => Start::FellBack,
        _ => return None,
    };
    match Cause::from_byte((word & ((1 << START) - 1)) as u8) {
        Some(cause) if word & !0xff == BOOT_MARK => Some(Boot { cause, start, verification }),
        _ => None,
    }
}

/// Returns the word that says that `length` bytes were logged, at most [`LOG_LENGTH`].
pub const fn log_word(length: usize) -> u32 {
    if length <= LOG_LENGTH { LOG_MARK | length as u32 } else { LOG_MARK | LOG_LENGTH as u32 }
}

/// Returns how many bytes were logged by this word, `None` if [`log_word`] did not write it.
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
        assert_eq!((cause_in(log_word(3)), boot_in([log_word(3), 0])), (None, None));
        assert!(LOG + 4 + LOG_LENGTH as u32 <= BOOT && BOOT + 4 == VERIFICATION);
        const { assert!(VERIFICATION + 4 <= FAULT && FAULT + 12 <= HANDOVER_LENGTH) };
        for byte in 0..=u8::MAX {
            for start in [Start::Confirmed, Start::Trial, Start::FellBack] {
                let Some(cause) = Cause::from_byte(byte) else { continue };
                let boot = Boot { cause, start, verification: u32::from(byte) << 24 | 870 };
                assert_eq!(boot_in(boot_words(boot)), Some(boot));
                assert_eq!((cause_in(boot_words(boot)[0]), boot_in([cause_word(cause), 870])), (None, None));
                assert_eq!((cause_in(cause_word(cause)), asks_for_recovery(cause_word(cause))), (Some(cause), false));
            }
        }
        for garbage in [0, BOOT_MARK | 0x3f, BOOT_MARK | 0xC0, u32::MAX] {
            assert_eq!(boot_in([garbage, 870]), None, "{garbage:#x}");
        }
    }

    #[test]
    fn confirmed_firmware_is_watched_where_the_board_asks_for_it() {
        use crate::layout::MICROBIT;
        static WATCHING: Board = Board { watches_confirmed: true, ..MICROBIT };
        for start in [Start::Confirmed, Start::Trial, Start::FellBack] {
            assert_eq!(start.is_watched(&MICROBIT), start != Start::Confirmed, "{start:?}");
            assert!(start.is_watched(&WATCHING), "{start:?}");
        }
    }

    #[test]
    fn one_word_asks_for_recovery_and_is_a_request() {
        assert!(asks_for_recovery(recovery_word()));
        assert_eq!((cause_in(recovery_word()), boot_in([recovery_word(), 0])), (Some(Cause::Request), None));
        for bit in 0..32 {
            assert!(!asks_for_recovery(recovery_word() ^ 1 << bit), "bit {bit}");
        }
        assert_eq!(cause_in(MARK | RECOVERY | Cause::Watchdog as u32), None);
    }

    /// Bootloader and firmware may be of different releases: a word means the same in each.
    #[test]
    fn words_are_as_written() {
        assert_eq!((cause_word(Cause::PowerOn), cause_word(Cause::Request)), (0x4C42_5201, 0x4C42_5206));
        assert_eq!((recovery_word(), listened_word()), (0x4C42_5286, 0x4C42_5246));
        assert_eq!((starts_word(0), starts_word(200), log_word(3)), (0x4C42_5300, 0x4C42_53C8, 0x4C42_4C03));
        let boot = Boot { cause: Cause::Watchdog, start: Start::FellBack, verification: 870 };
        assert_eq!(boot_words(boot), [0x4C42_4284, 870]);
        let fault = [(0x28, 0x101), (0x2C, 0x82), (0x24, 0x4C42_4654), (0x04, 0x4C42_5205)];
        assert_eq!(fault_words(Fault { pc: 0x101, status: 0x82 }), fault);
    }

    #[test]
    fn a_mark_with_another_bit_is_none() {
        assert!(has_listened(listened_word()));
        assert_eq!(cause_in(listened_word()), Some(Cause::Request));
        let boot = Boot { cause: Cause::Pin, start: Start::Trial, verification: 870 };
        for bit in 8..32 {
            let bit = 1 << bit;
            assert!(!has_listened(listened_word() ^ bit), "{bit:#x}");
            assert_eq!(cause_in(cause_word(Cause::Pin) ^ bit), None, "{bit:#x}");
            assert_eq!(crashes_in(starts_word(2) ^ bit, Cause::Fault, true), 0, "{bit:#x}");
            assert_eq!(log_length_in(log_word(3) ^ bit), None, "{bit:#x}");
            assert_eq!(boot_in([boot_words(boot)[0] ^ bit, 870]), None, "{bit:#x}");
            assert_eq!(fault_in([FAULT_MARK ^ bit, 1, 2], Cause::Fault), None, "{bit:#x}");
        }
    }

    #[test]
    fn starts_and_faults_count_after_a_crash_only() {
        for cause in (0..=u8::MAX).filter_map(Cause::from_byte) {
            let has_crashed = cause == Cause::Watchdog || cause == Cause::Fault;
            assert_eq!(crashes_in(starts_word(7), cause, false), if has_crashed { 7 } else { 0 }, "{cause:?}");
            assert_eq!(crashes_in(starts_word(7), cause, true), 7, "{cause:?}, while the bootloader wrote");
            let fault = (cause == Cause::Fault).then_some(Fault { pc: 1, status: 2 });
            assert_eq!(fault_in([FAULT_MARK, 1, 2], cause), fault, "{cause:?}");
        }
    }
}

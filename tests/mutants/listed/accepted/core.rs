//! Accepted mutants of core.

use super::entry::{Accepted, DISJOINT, LARGER, accept};

const HANDOVER: &str = "bootloader/core/src/handover.rs";
const INFO: &str = "bootloader/core/src/info.rs";
const JOURNAL: &str = "bootloader/core/src/journal.rs";
const JOURNAL_PLACES: &str = "bootloader/core/src/journal/places.rs";
const REBASE: &str = "bootloader/core/src/rebase.rs";
const RECEIVE: &str = "bootloader/core/src/receive.rs";
const RECOVERY: &str = "bootloader/core/src/recovery.rs";
const SIGNATURE_DALEK: &str = "bootloader/core/src/signature/dalek.rs";
const SIGNATURE_SCALAR: &str = "bootloader/core/src/signature/scalar.rs";
const VERIFY: &str = "bootloader/core/src/verify.rs";

/// Why a comparison of sequence numbers never sees two that are equal.
const UNIQUE: &str = "No two records have the same number: each place that is written to uses one up.";

/// All of them.
pub const ACCEPTED: &[Accepted] = &[
    accept(
        HANDOVER,
        "replace | with ^ in boot_words",
        "[BOOT_MARK ^ boot.cause as u32 | (boot.start as u32) << START, boot.verification]",
        DISJOINT,
    ),
    accept(
        HANDOVER,
        "replace | with ^ in boot_words",
        "[BOOT_MARK | boot.cause as u32 ^ (boot.start as u32) << START, boot.verification]",
        DISJOINT,
    ),
    accept(HANDOVER, "replace | with ^ in cause_word", "MARK ^ cause as u32", DISJOINT),
    accept(HANDOVER, "replace | with ^ in listened_word", "cause_word(Cause::Request) ^ LISTENED", DISJOINT),
    accept(
        HANDOVER,
        "replace | with ^ in log_word",
        "if length <= LOG_LENGTH { LOG_MARK ^ length as u32 } else { LOG_MARK | LOG_LENGTH as u32 }",
        DISJOINT,
    ),
    accept(
        HANDOVER,
        "replace | with ^ in log_word",
        "if length <= LOG_LENGTH { LOG_MARK | length as u32 } else { LOG_MARK ^ LOG_LENGTH as u32 }",
        DISJOINT,
    ),
    accept(HANDOVER, "replace | with ^ in recovery_word", "cause_word(Cause::Request) ^ RECOVERY", DISJOINT),
    accept(HANDOVER, "replace | with ^ in starts_word", "STARTS_MARK ^ starts as u32", DISJOINT),
    accept(
        INFO,
        "replace | with ^ in BootloaderInfo::mask",
        "self.keys().iter().rev().fold(0, |bits, key| bits << 1 ^ u8::from(ids.contain(key_id(key))))",
        DISJOINT,
    ),
    accept(
        JOURNAL,
        "replace > with >= in Journal::open",
        "if journal.newest.is_none_or(|(newest, _)| sequence >= newest) {",
        UNIQUE,
    ),
    accept(
        JOURNAL,
        "replace < with <= in Journal::is_next_unit_older",
        "is_blank_at(flash, self.board, first.start) || record_at(flash, first).is_some_and(|(old, _)| old <= self.sequence())",
        UNIQUE,
    ),
    accept(
        JOURNAL_PLACES,
        "replace > with >= in stride",
        "if board.write_size >= RECORD_LENGTH as u32 { board.write_size } else { RECORD_LENGTH as u32 }",
        "Where the two are equal, either is right.",
    ),
    accept(
        JOURNAL,
        "replace > with >= in Journal::is_next_unit_as_left",
        "records >= 0 && blank <= SPARE",
        "A unit without a record has more blank places than are spare, or one that is neither.",
    ),
    accept(
        REBASE,
        "replace | with ^ in encode",
        "bytes[length] = number as u8 & 0x7f ^ if last { 0 } else { 0x80 };",
        DISJOINT,
    ),
    accept(
        REBASE,
        "replace | with ^ in encode",
        "let mut number = gap ^ u32::from(entry.kind == Kind::UpperHalf);",
        DISJOINT,
    ),
    accept(
        REBASE,
        "replace | with ^ in shift",
        "let first = first & !0x040f ^ half >> 12 | (half >> 11 & 1) << 10;",
        DISJOINT,
    ),
    accept(
        REBASE,
        "replace | with ^ in shift",
        "let first = first & !0x040f | half >> 12 ^ (half >> 11 & 1) << 10;",
        DISJOINT,
    ),
    accept(
        REBASE,
        "replace | with ^ in shift",
        "let half = (first & 0xf) << 12 ^ (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xff;",
        DISJOINT,
    ),
    accept(
        REBASE,
        "replace | with ^ in shift",
        "let half = (first & 0xf) << 12 | (first >> 10 & 1) << 11 ^ (second >> 12 & 7) << 8 | second & 0xff;",
        DISJOINT,
    ),
    accept(
        REBASE,
        "replace | with ^ in shift",
        "let half = (first & 0xf) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 ^ second & 0xff;",
        DISJOINT,
    ),
    accept(
        REBASE,
        "replace | with ^ in shift",
        "let second = second & !0x70ff ^ (half >> 8 & 7) << 12 | half & 0xff;",
        DISJOINT,
    ),
    accept(
        REBASE,
        "replace | with ^ in shift",
        "let second = second & !0x70ff | (half >> 8 & 7) << 12 ^ half & 0xff;",
        DISJOINT,
    ),
    accept(
        RECEIVE,
        "replace -= with /= in Receiver::note_written",
        "self.done /= length;",
        "`done` is below a block either way, and the next `feed` computes it again.",
    ),
    accept(
        RECOVERY,
        "replace + with * in Server<'_, F, L>::next",
        "let mut frame = Incoming::<{ CHUNK * OVERHEAD }>::new();",
        LARGER,
    ),
    accept(
        RECOVERY,
        "replace > with >= in Server<'_, F, L>::next",
        "None if self.silence() >= RECOVERY_TIMEOUT_MS => return Task::Reset,",
        "A minute of silence is a millisecond shorter.",
    ),
    accept(
        SIGNATURE_SCALAR,
        "replace | with ^ in reduce",
        "(*word, top) = (*word << 16 ^ top, *word >> 16);",
        DISJOINT,
    ),
    accept(
        SIGNATURE_SCALAR,
        "replace | with ^ in reduce",
        "let mut times = i64::from(top << 4 ^ highest >> 28);",
        DISJOINT,
    ),
    accept(
        SIGNATURE_DALEK,
        "replace > with >= in Sum::add_digits",
        "Some((point, digit)) if digit >= 0 => twice + point,",
        "No digit that gets here is 0: the first arm above takes those.",
    ),
    accept(
        VERIFY,
        "replace + with - in Check::is_before",
        "let read = self.hashed - self.held as u32;",
        "`held` is three bytes at most, and what is written ends at a block or with the payload: the comparison is the same.",
    ),
];

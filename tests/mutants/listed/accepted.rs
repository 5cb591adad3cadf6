//! The mutants that no test catches, and why none has to.

use super::list::Mutant;

/// A mutant that is accepted. Several that read the same are one.
#[derive(Debug)]
pub struct Accepted {
    /// The file, from the root.
    pub file: &'static str,
    /// What is changed, and in which function, as cargo-mutants says it.
    what: &'static str,
    /// The line as it then reads; empty if more than a line is changed.
    line: &'static str,
    /// Why no test has to catch it.
    #[expect(dead_code, reason = "read by people")]
    reason: &'static str,
}

impl Accepted {
    /// Whether this is about the mutant.
    pub fn is_of(&self, mutant: &Mutant) -> bool {
        (self.file, self.what, self.line) == (&mutant.file, &mutant.what, &mutant.line)
    }
}

/// All of them.
pub fn accepted() -> impl Iterator<Item = &'static Accepted> {
    CORE.iter()
}

/// A mutant, in one call.
const fn accept(file: &'static str, what: &'static str, line: &'static str, reason: &'static str) -> Accepted {
    Accepted { file, what, line, reason }
}

const HANDOVER: &str = "bootloader/core/src/handover.rs";
const INFO: &str = "bootloader/core/src/info.rs";

/// Why `|` may be `^`.
const DISJOINT: &str = "It does the same: the two have no bit in common.";

const CORE: &[Accepted] = &[
    accept(HANDOVER, "replace | with ^ in cause_word", "MARK ^ cause as u32", DISJOINT),
    accept(HANDOVER, "replace | with ^ in recovery_word", "cause_word(Cause::Request) ^ RECOVERY", DISJOINT),
    accept(HANDOVER, "replace | with ^ in listened_word", "cause_word(Cause::Request) ^ LISTENED", DISJOINT),
    accept(HANDOVER, "replace | with ^ in starts_word", "STARTS_MARK ^ starts as u32", DISJOINT),
    accept(
        HANDOVER,
        "replace | with ^ in boot_words",
        "[BOOT_MARK | boot.cause as u32 ^ (boot.start as u32) << START, boot.verification]",
        DISJOINT,
    ),
    accept(
        HANDOVER,
        "replace | with ^ in boot_words",
        "[BOOT_MARK ^ boot.cause as u32 | (boot.start as u32) << START, boot.verification]",
        DISJOINT,
    ),
    accept(
        HANDOVER,
        "replace | with ^ in log_word",
        "if length <= LOG_LENGTH { LOG_MARK | length as u32 } else { LOG_MARK ^ LOG_LENGTH as u32 }",
        DISJOINT,
    ),
    accept(
        HANDOVER,
        "replace | with ^ in log_word",
        "if length <= LOG_LENGTH { LOG_MARK ^ length as u32 } else { LOG_MARK | LOG_LENGTH as u32 }",
        DISJOINT,
    ),
    accept(
        INFO,
        "replace | with ^ in BootloaderInfo::mask",
        "self.keys().iter().rev().fold(0, |bits, key| bits << 1 ^ u8::from(ids.contain(key_id(key))))",
        DISJOINT,
    ),
];

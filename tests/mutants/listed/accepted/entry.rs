//! A mutant that is accepted, and reasons that many have in common.

use crate::listed::list::Mutant;

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

/// One in one call.
pub const fn accept(file: &'static str, what: &'static str, line: &'static str, reason: &'static str) -> Accepted {
    Accepted { file, what, line, reason }
}

impl Accepted {
    /// Whether this is about the mutant.
    pub fn is_of(&self, mutant: &Mutant) -> bool {
        (self.file, self.what, self.line) == (&mutant.file, &mutant.what, &mutant.line)
    }
}

/// Why `|` may be `^`.
pub const DISJOINT: &str = "It does the same: the two have no bit in common.";
/// Why a buffer may be larger.
pub const LARGER: &str = "A larger buffer, which costs RAM only; the figures of size and stack hold that.";

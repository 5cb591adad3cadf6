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
    [].into_iter()
}

//! The switch between the sources as they are and a seeded bug. The copy of the sources depends on it; no release does.

use std::env;
use std::fs::File;
use std::sync::{Once, OnceLock};

/// Environment variable: the number of the bug that is on; none if it is not set.
pub const BUG: &str = "LIFEBOOT_SEEDED_BUG";

/// Environment variable: the file that appears once code with the bug is executed.
pub const REACHED: &str = "LIFEBOOT_SEEDED_REACHED";

/// The number of the bug that is on. Read once: the code that asks is called millions of times.
#[inline]
pub fn bug() -> usize {
    static ON: OnceLock<usize> = OnceLock::new();
    *ON.get_or_init(|| env::var(BUG).map_or(usize::MAX, |number| number.parse().expect("a bug is on by its number")))
}

/// Called where the code with the bug begins.
pub fn reached() {
    static FIRST: Once = Once::new();
    FIRST.call_once(|| {
        let file = env::var_os(REACHED).expect("what turns a bug on says where to note that it was reached");
        File::create(file).expect("the file can be created");
    });
}

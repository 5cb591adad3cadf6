//! Bugs of code that only runs in a bootloader: each is built into one, and the tests boot it on an emulated chip. A
//! bootloader has no environment that could turn a bug on, and what is tested is its binary.
//!
//! The tests' own binary is built once, without a bug; it builds the bootloader from the copy, where the bug is.

use crate::bug::Bug;
use crate::build::Build;
use crate::copy::{Changes, copy};
use crate::run::{Run, run};
use crate::suite::{Binary, Suite};
use anyhow::Result;
use lifeboot_tests::product;
use std::fs;

/// The name of the copy.
const COPY: &str = "rebuilt";

/// The tests, and the copy that they build from.
pub struct Rebuild(Build);

impl Rebuild {
    /// Builds the tests.
    pub fn new() -> Result<Self> {
        Ok(Rebuild(Build::of(copy(COPY, &Changes::new())?, &[Binary::Cases])?))
    }

    /// Runs a suite, its bootloaders with this bug, or with none.
    pub fn run(&self, suite: Suite, bug: Option<&Bug>) -> Result<Run> {
        let mut changes = Changes::new();
        if let Some(bug) = bug {
            let mut source = fs::read_to_string(product::root().join(bug.file))?;
            source.replace_range(bug.place(&source)?, bug.to);
            changes.insert(bug.file.into(), source);
        }
        let folder = copy(COPY, &changes)?;
        run(self.0.executable(suite.binary())?, suite, None, None, &folder, &folder.join("target/run"))
    }
}

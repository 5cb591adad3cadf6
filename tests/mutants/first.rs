//! Which test caught a bug last time: it runs first, alone. What it catches again needs no other test; if it does not, all of the
//! suite runs, so what is written here saves time and decides nothing.

use anyhow::{Context, Result};
use lifeboot_tests::product;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

/// Environment variable: if it is set, the file is written anew.
pub const BLESS: &str = "LIFEBOOT_BLESS";

/// Tests by the names of the bugs that they caught.
#[derive(Debug, Default)]
pub struct FirstTests(BTreeMap<String, String>);

fn file() -> PathBuf {
    product::root().join("tests/mutants/first.json")
}

impl FirstTests {
    /// Reads the file.
    pub fn read() -> Result<FirstTests> {
        let text = fs::read_to_string(file()).with_context(|| file().display().to_string())?;
        Ok(FirstTests(serde_json::from_str(&text)?))
    }

    /// Returns the test to begin with.
    pub fn of(&self, bug: &str) -> Option<&str> {
        self.0.get(bug).map(String::as_str)
    }

    /// Takes what caught each bug this time: writes it down if asked to, else says what has changed.
    pub fn compare<'a>(&self, caught: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
        let caught: BTreeMap<_, _> = caught.map(|(bug, test)| (bug.to_owned(), test.to_owned())).collect();
        if env::var_os(BLESS).is_some() {
            let text = serde_json::to_string_pretty(&caught)? + "\n";
            return fs::write(file(), text).context("cannot write tests/mutants/first.json");
        }
        let changed = caught.iter().filter(|(bug, test)| self.of(bug) != Some(test.as_str())).count();
        if changed > 0 {
            println!(
                "{changed} bugs were caught by another test than tests/mutants/first.json says, which took longer; \
                 {BLESS}=1 cargo test-seeded writes it anew"
            );
        }
        Ok(())
    }
}

//! Which test caught a mutant last time: it runs first, alone, so that a run over all of them takes minutes and not hours. As with
//! the seeded bugs' `first.json`, what is written here saves time and decides nothing.

use super::list::Mutant;
use crate::first::BLESS;
use crate::suite::Binary;
use anyhow::{Context, Result};
use lifeboot_tests::product;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

/// So many more are caught before the file is written again: a run that is ended by somebody has not run in vain.
const BETWEEN: usize = 20;

/// The mutants that each test caught, by their ids; a test is named by its binary and its own name.
type ByTest = BTreeMap<String, BTreeSet<String>>;

/// A test that caught a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    pub binary: &'static str,
    pub test: String,
}

/// What caught which.
pub struct CaughtBy {
    before: BTreeMap<String, Caught>,
    now: Mutex<BTreeMap<String, Caught>>,
    /// Those that are listed: what is of no other is forgotten.
    listed: BTreeSet<String>,
}

impl CaughtBy {
    /// Reads the file.
    pub fn read(mutants: &[Mutant]) -> Result<CaughtBy> {
        let text = fs::read_to_string(file()).with_context(|| file().display().to_string())?;
        let by_test: ByTest = serde_json::from_str(&text)?;
        let mut before = BTreeMap::new();
        for (name, ids) in by_test {
            let (binary, test) = name.split_once(' ').with_context(|| format!("{name:?} is no binary and test"))?;
            let known = Binary::ALL.iter().map(|known| known.name()).find(|known| *known == binary);
            let binary = known.with_context(|| format!("{binary:?} is no test binary"))?;
            before.extend(ids.into_iter().map(|id| (id, Caught { binary, test: test.to_owned() })));
        }
        Ok(CaughtBy { before, now: Mutex::default(), listed: mutants.iter().map(id).collect() })
    }

    /// Returns the test to begin with.
    pub fn of(&self, mutant: &Mutant) -> Option<&Caught> {
        self.before.get(&id(mutant))
    }

    /// Notes what has caught a mutant this time.
    pub fn note(&self, mutant: &Mutant, caught: Caught) -> Result<()> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.insert(id(mutant), caught);
        if now.len().is_multiple_of(BETWEEN) { self.write(&now) } else { Ok(()) }
    }

    /// Writes the file anew if asked to.
    pub fn end(&self) -> Result<()> {
        self.write(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, now: &BTreeMap<String, Caught>) -> Result<()> {
        if env::var_os(BLESS).is_none() {
            return Ok(());
        }
        let mut by_test = ByTest::new();
        let before = self.before.iter().filter(|(id, _)| !now.contains_key(*id) && self.listed.contains(*id));
        for (id, Caught { binary, test }) in before.chain(now) {
            by_test.entry(format!("{binary} {test}")).or_default().insert(id.clone());
        }
        let text = serde_json::to_string_pretty(&by_test)? + "\n";
        fs::write(file(), text).context("cannot write what caught the mutants")
    }
}

fn file() -> PathBuf {
    product::root().join("tests/mutants/listed/caught.json")
}

/// A mutant's id: the same as long as its file, its function and its line are.
fn id(mutant: &Mutant) -> String {
    let Mutant { file, what, line, .. } = mutant;
    let digest = Sha256::new().chain_update(file).chain_update(what).chain_update(line).finalize();
    digest[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

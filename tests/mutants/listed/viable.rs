//! The one build with all mutants that compile.

use super::list::{Function, Mutant};
use crate::build::{Build, BuildError, blamed, cargo_of, seeded, source};
use crate::copy::{Changes, copy};
use crate::seed::{Seed, without_const};
use crate::suite::Binary;
use anyhow::{Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

/// The name of the copy.
const COPY: &str = "listed";

/// Why a mutant is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It does not compile.
    Unviable,
    /// It is of a constant's value, which is no function's to change.
    Constant,
    /// It is of a function that the compiler calls for a constant: that cannot look which mutant is on.
    CalledForConstant,
    /// It is of a function with an opaque type (`impl Iterator`), which two branches cannot have in common.
    Opaque,
}

/// What was built, and which mutants are not in it, by their numbers.
pub struct Viable {
    pub build: Build,
    pub left_out: BTreeMap<usize, LeftOut>,
}

/// Builds all mutants that compile; their numbers are their places in the list.
pub fn build(mutants: &[Mutant]) -> Result<Viable> {
    let mut left_out = BTreeMap::new();
    for (number, mutant) in mutants.iter().enumerate() {
        match &mutant.function {
            None => left_out.insert(number, LeftOut::Constant),
            Some(function) if function.returns.contains("impl ") => left_out.insert(number, LeftOut::Opaque),
            Some(_) => None,
        };
    }
    // The paths of functions that are called for constants.
    let mut constant = BTreeSet::new();
    // The tests as well only when the crates themselves compile: that is quick to know.
    let mut is_checked = false;
    loop {
        let changes = with_mutants(mutants, &left_out, &constant)?;
        let folder = copy(COPY, &changes)?;
        let complaints = match is_checked {
            false => {
                let Output { status, stderr, .. } = cargo_of(&mut check(), &folder)?;
                is_checked = status.success();
                if is_checked {
                    continue;
                }
                String::from_utf8_lossy(&stderr).into_owned()
            }
            true => match Build::of(folder, &Binary::ALL) {
                Ok(build) => return Ok(Viable { build, left_out }),
                Err(complaints) => complaints.to_string(),
            },
        };
        let before = (left_out.len(), constant.len());
        for BuildError { title, seed } in blamed(&complaints, &changes) {
            if let Some(number) = seed {
                left_out.insert(number, LeftOut::Unviable);
            } else if let Some(function) = called_for_constant(&title) {
                constant.insert(function.to_owned());
            }
        }
        for (number, mutant) in mutants.iter().enumerate() {
            if constant.iter().any(|path| mutant.is_of(path)) {
                left_out.insert(number, LeftOut::CalledForConstant);
            }
        }
        ensure!((left_out.len(), constant.len()) != before, "no mutant is to blame:\n{complaints}");
    }
}

impl Mutant {
    /// Whether it is of the function with this path.
    fn is_of(&self, path: &str) -> bool {
        let Some(Function { name, .. }) = &self.function else { return false };
        path.strip_suffix(name.as_str()).is_some_and(|before| before.is_empty() || before.ends_with("::"))
    }
}

/// A check of the crates, without their tests.
fn check() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["check", "--package", "lifeboot-core", "--package", "lifeboot-updater", "--package", "lifeboot-wire"]);
    cargo.args(["--features", "lifeboot-core/recovery,lifeboot-updater/delta"]);
    cargo
}

/// The sources with all mutants that are not left out.
fn with_mutants(
    mutants: &[Mutant],
    left_out: &BTreeMap<usize, LeftOut>,
    constant: &BTreeSet<String>,
) -> Result<Changes> {
    let mut files = BTreeMap::new();
    for (number, Mutant { file, what, place, to, .. }) in mutants.iter().enumerate() {
        if !files.contains_key(file.as_str()) {
            files.insert(file.as_str(), (without_const(&source(file)?, constant)?, Vec::new()));
        }
        let (_, seeds) = files.get_mut(file.as_str()).expect("it was inserted");
        if !left_out.contains_key(&number) {
            seeds.push(Seed { number, name: what, place: place.clone(), to });
        }
    }
    seeded(&files)
}

/// The name of the function that an error says cannot be called where the compiler calls it.
fn called_for_constant(title: &str) -> Option<&str> {
    let (_, name) = title.strip_prefix("error[E0015]")?.split_once('`')?;
    Some(name.split_once('`')?.0)
}

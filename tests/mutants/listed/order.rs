//! Which tests run for the mutants of a file, and in which order: what most likely catches them quickly first.

use crate::run::Part;
use crate::suite::{Endless, Suite};
use std::time::Duration;

/// The suites of which a part is quick.
const QUICK: [Suite; 10] = [
    Suite::CoreUnits,
    Suite::UpdaterUnits,
    Suite::WireUnits,
    Suite::Patch,
    Suite::Golden,
    Suite::Verifier,
    Suite::Boot,
    Suite::Journal,
    Suite::Line,
    Suite::Recovery,
];

/// Those that are slow as a whole.
const SLOW: [Suite; 4] = [Suite::Policy, Suite::Lasting, Suite::Life, Suite::LifeEcc];

/// Which tests run, in turns: a mutant takes part in the next only if it was not caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The quick ones of its file's own suites.
    Own,
    /// The quick ones of all other suites that may run its code.
    Others,
    /// The slow ones of all of these, unless it is accepted.
    Slow,
}

impl Turn {
    /// All of them, in order.
    pub const ALL: [Turn; 3] = [Turn::Own, Turn::Others, Turn::Slow];

    /// What runs for a file.
    pub fn parts(self, file: &str) -> Vec<(Suite, Part)> {
        let own = own(file);
        let others = QUICK.into_iter().filter(|suite| !own.contains(suite) && may_run(*suite, file));
        match self {
            Turn::Own => own.iter().map(|suite| (*suite, Part::Quick)).collect(),
            Turn::Others => others.map(|suite| (suite, Part::Quick)).collect(),
            Turn::Slow => slow(own.iter().copied().chain(others)),
        }
    }

    /// All that runs for any file.
    pub fn all_parts(self) -> Vec<(Suite, Part)> {
        match self {
            Turn::Own => QUICK.map(|suite| (suite, Part::Quick)).to_vec(),
            Turn::Others => Vec::new(),
            Turn::Slow => slow(QUICK.into_iter()),
        }
    }

    /// When a test will never end. There are many mutants of loops.
    pub fn endless(self, suite: Suite) -> Endless {
        match self {
            Turn::Own | Turn::Others => Endless { computes: Duration::from_secs(10), waits: Duration::from_mins(2) },
            Turn::Slow => suite.endless(),
        }
    }
}

/// The slow parts of suites, and the suites that are slow as a whole.
fn slow(suites: impl Iterator<Item = Suite>) -> Vec<(Suite, Part)> {
    let parts = suites.filter(|suite| !suite.slow().is_empty()).map(|suite| (suite, Part::Slow));
    parts.chain(SLOW.map(|suite| (suite, Part::Quick))).collect()
}

/// The suites of a file that most likely catch its mutants, quickest first.
fn own(file: &str) -> &'static [Suite] {
    match file.strip_prefix("bootloader/core/src/") {
        Some(file) if file.starts_with("journal") => &[Suite::CoreUnits, Suite::Journal, Suite::Boot],
        Some(file) if file.starts_with("record") => &[Suite::CoreUnits, Suite::Golden, Suite::Boot, Suite::Journal],
        Some(file) if file.starts_with("recovery") => &[Suite::CoreUnits, Suite::Line, Suite::Recovery],
        Some("receive.rs") => &[Suite::CoreUnits, Suite::Line],
        Some("boot.rs" | "handover.rs" | "info.rs") => &[Suite::CoreUnits, Suite::Boot],
        Some(_) => &[Suite::CoreUnits, Suite::Golden, Suite::Verifier],
        None if file.starts_with("updater/wire/") => &[Suite::WireUnits, Suite::Patch, Suite::Golden, Suite::Line],
        None => &[Suite::UpdaterUnits, Suite::Boot, Suite::Line],
    }
}

/// Whether a suite may run the code of a file.
fn may_run(suite: Suite, file: &str) -> bool {
    let is_of_core = file.starts_with("bootloader/");
    match suite {
        Suite::CoreUnits | Suite::Verifier | Suite::Journal | Suite::Policy | Suite::Recovery => is_of_core,
        // It asks the updater, too, but sends nothing.
        Suite::Boot => !file.starts_with("updater/wire/"),
        Suite::UpdaterUnits | Suite::WireUnits | Suite::Patch => !is_of_core,
        _ => true,
    }
}

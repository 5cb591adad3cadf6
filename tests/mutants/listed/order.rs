//! Which tests run for the mutants of a file, and in which order: what most likely catches them quickly first.

use crate::run::Part;
use crate::suite::Suite;

/// All suites that any mutant is run with.
pub fn suites() -> [Suite; 14] {
    [
        Suite::CoreUnits,
        Suite::UpdaterUnits,
        Suite::WireUnits,
        Suite::Patch,
        Suite::Golden,
        Suite::Verifier,
        Suite::Boot,
        Suite::Journal,
        Suite::Line,
        Suite::Policy,
        Suite::Recovery,
        Suite::Lasting,
        Suite::Life,
        Suite::LifeEcc,
    ]
}

/// Which parts of which suites run, in turns: a mutant takes part in the next only if it was not caught.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    /// The quick parts of its file's own suites.
    Own,
    /// The quick parts of all others that may run its code.
    Others,
    /// The slow parts of all of these.
    Slow,
}

impl Turn {
    /// What runs for a file.
    pub fn parts(self, file: &str) -> Vec<(Suite, Part)> {
        let own = own(file);
        let others = suites().into_iter().filter(|suite| !own.contains(suite) && may_run(*suite, file));
        match self {
            Turn::Own => own.iter().map(|suite| (*suite, Part::Quick)).collect(),
            Turn::Others => others.map(|suite| (suite, Part::Quick)).collect(),
            Turn::Slow => own.iter().copied().chain(others).map(|suite| (suite, Part::Slow)).collect(),
        }
    }
}

/// The suites of a file that most likely catch its mutants, quickest first.
fn own(file: &str) -> &'static [Suite] {
    match file.strip_prefix("bootloader/core/src/") {
        Some("journal.rs") => &[Suite::CoreUnits, Suite::Journal, Suite::Boot],
        Some(file) if file.starts_with("record") => &[Suite::CoreUnits, Suite::Golden, Suite::Boot, Suite::Journal],
        Some(file) if file.starts_with("recovery") => &[Suite::CoreUnits, Suite::Recovery, Suite::Line],
        Some("receive.rs") => &[Suite::CoreUnits, Suite::Line],
        Some("boot.rs" | "handover.rs" | "info.rs") => &[Suite::CoreUnits, Suite::Boot],
        Some(_) => &[Suite::CoreUnits, Suite::Golden, Suite::Verifier],
        None if file.starts_with("updater/wire/") => &[Suite::WireUnits, Suite::Patch, Suite::Golden, Suite::Line],
        None => &[Suite::UpdaterUnits, Suite::Line],
    }
}

/// Whether a suite may run the code of a file.
fn may_run(suite: Suite, file: &str) -> bool {
    let is_of_core = file.starts_with("bootloader/");
    match suite {
        Suite::CoreUnits | Suite::Verifier | Suite::Boot | Suite::Journal | Suite::Policy | Suite::Recovery => {
            is_of_core
        }
        Suite::UpdaterUnits | Suite::WireUnits | Suite::Patch => !is_of_core,
        _ => true,
    }
}

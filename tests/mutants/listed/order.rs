//! Which tests run for the mutants of a file, and in which order: what most likely catches them quickly first.

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

/// The suites for a file: its own first, then all others that run its code.
pub fn order(file: &str) -> Vec<Suite> {
    let own: &[Suite] = match file.strip_prefix("bootloader/core/src/") {
        Some("journal.rs") => &[Suite::CoreUnits, Suite::Journal, Suite::Boot],
        Some(file) if file.starts_with("record") => &[Suite::CoreUnits, Suite::Golden, Suite::Boot, Suite::Journal],
        Some(file) if file.starts_with("recovery") => &[Suite::CoreUnits, Suite::Recovery, Suite::Line],
        Some("receive.rs") => &[Suite::CoreUnits, Suite::Line],
        Some("boot.rs" | "handover.rs" | "info.rs") => &[Suite::CoreUnits, Suite::Boot],
        Some(_) => &[Suite::CoreUnits, Suite::Golden, Suite::Verifier],
        None if file.starts_with("updater/wire/") => &[Suite::WireUnits, Suite::Patch, Suite::Golden, Suite::Line],
        None => &[Suite::UpdaterUnits, Suite::Line],
    };
    let is_of_core = file.starts_with("bootloader/");
    let may_reach = |suite: &Suite| match suite {
        Suite::CoreUnits | Suite::Verifier | Suite::Boot | Suite::Journal | Suite::Policy | Suite::Recovery => {
            is_of_core
        }
        Suite::UpdaterUnits | Suite::WireUnits | Suite::Patch => !is_of_core,
        _ => true,
    };
    let others = suites().into_iter().filter(|suite| may_reach(suite) && !own.contains(suite));
    own.iter().copied().chain(others).collect()
}

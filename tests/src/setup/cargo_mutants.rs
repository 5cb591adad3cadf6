//! cargo-mutants, which lists the mutants of a crate: one version, in cargo's target folder.

use super::{found, lock_between_processes, say};
use crate::product;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, io};

/// Another version may list other mutants.
const VERSION: &str = "27.1.0";

/// The program, built by cargo if it is missing.
pub fn cargo_mutants() -> Result<PathBuf> {
    let folder = product::output()?.join(format!("cargo-mutants-{VERSION}"));
    let program = folder.join("bin/cargo-mutants");
    let _found = found();
    let _alone = lock_between_processes()?;
    if program.exists() {
        return Ok(program);
    }
    let (place, exact) = (folder.display().to_string(), format!("={VERSION}"));
    let arguments = ["install", "--locked", "--root", &place, "--version", &exact, "cargo-mutants"];
    let by_hand = format!("cargo {}", arguments.join(" "));
    say(&format!("cargo-mutants is missing; building it, which takes a minute or two: {by_hand}"));
    let mut cargo = Command::new(env!("CARGO"));
    product::NOT_FOR_BUILDS.iter().for_each(|name| {
        cargo.env_remove(name);
    });
    // Not among what is built of the workspace.
    cargo.env("CARGO_TARGET_DIR", folder.join("build")).env_remove("CARGO_BUILD_BUILD_DIR");
    let status =
        cargo.args(arguments).stdin(Stdio::null()).stdout(io::stderr()).status().context("cannot run cargo")?;
    if !status.success() || !program.exists() {
        bail!("cargo-mutants could not be built, the message is above; once that is solved, run\n    {by_hand}");
    }
    Ok(program)
}

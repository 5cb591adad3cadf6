//! The proof of the compact verifier's field arithmetic: the programs of `field_proof/` read the machine code of an ELF file and
//! prove, with z3, what each routine computes for all inputs. `field_proof/contracts.py` has what is proved.

use crate::setup;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// What the proof found.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// The routines that are proved.
    pub routines: BTreeMap<String, Routine>,
    /// What is not proved, and mutants that should not be.
    pub problems: Vec<String>,
    /// Seconds that the proof took, without controls.
    pub seconds: f64,
    /// What became of the mutants, if any were tried.
    pub controls: Option<Controls>,
}

/// A routine that is proved.
#[derive(Debug, Deserialize)]
pub struct Routine {
    /// Places of operands and result: apart, or the same.
    pub layouts: usize,
    /// Paths through the code, in all layouts.
    pub paths: usize,
    /// Bytes of stack that it uses.
    pub stack: u32,
}

/// Mutants of the machine code, by what became of them.
#[derive(Debug, Deserialize)]
pub struct Controls {
    /// The proof fails, and a run goes wrong.
    #[serde(rename = "by example")]
    pub by_example: usize,
    /// The proof fails, and no run was found to go wrong.
    pub refused: usize,
    /// The proof succeeds: they compute the same, and are listed with the reason.
    pub harmless: usize,
}

/// Proves the routines in an ELF file for `armv6m`, `armv7m` or `armv7em`. If `controls` is some number, one in so many mutants
/// of the code is tried as well.
///
/// # Errors
/// If Python or its packages cannot be installed, or the program fails otherwise than by a proof.
pub fn prove(architecture: &str, elf: &Path, controls: Option<usize>) -> Result<Report> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/field_proof");
    let python = setup::python("field-proof", &folder.join("requirements.txt"))?;
    let mut command = Command::new(python);
    // No compiled files among the sources.
    command.arg("-B").arg(folder.join("prove.py")).arg(architecture).arg(elf);
    if let Some(one_in) = controls {
        command.args(["--controls", &one_in.to_string()]);
    }
    let output = command.output().context("cannot run Python")?;
    let report = serde_json::from_slice::<Report>(&output.stdout)
        .with_context(|| format!("the proof has no report:\n{}", String::from_utf8_lossy(&output.stderr)))?;
    ensure!(output.status.success() == report.problems.is_empty(), "the proof's exit status and its report differ");
    Ok(report)
}

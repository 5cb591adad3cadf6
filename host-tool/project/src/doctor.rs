//! Checks what a machine and a project lack for working with Lifeboot, with the command that fixes each problem. The
//! checks change nothing.
//!
//! | module | checks |
//! | --- | --- |
//! | `rust` | compiler, targets, linker |
//! | [`programs`] | QEMU and Python, which the emulated boards need; finds programs |
//! | `devices` | serial ports and debug probes, and who may open them |
//! | `project` | `lifeboot.toml`, the board, key files, the bootloader |
//!
//! A project requires what it names: for a board everything that builds for it, and each file that is set.

mod devices;
mod environment;
mod finding;
pub mod programs;
mod project;
mod rust;

pub use environment::Environment;
pub use finding::{Finding, State};

/// Runs all checks.
pub fn examine(environment: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (board, finding) = project::board(environment);
    findings.extend(rust::examine(environment, board.as_ref()));
    findings.extend(programs::examine(environment));
    findings.extend(devices::examine(environment));
    findings.extend(project::examine(environment, board.as_ref(), finding));
    findings
}

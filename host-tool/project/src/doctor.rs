//! What a machine and a project lack for working with Lifeboot, and the command that fixes each. It looks, and changes
//! nothing.
//!
//! | module | looks at |
//! | --- | --- |
//! | `rust` | compiler, targets, linker |
//! | [`programs`] | QEMU and Python, which the emulated boards need; where programs are found |
//! | `devices` | serial ports and debug probes, and who may open them |
//! | `project` | `lifeboot.toml`, key files, the bootloader |
//!
//! Required is what the project names: with a board all that builds for it, and each file that is set.

mod devices;
mod environment;
mod finding;
pub mod programs;
mod project;
mod rust;

pub use environment::Environment;
pub use finding::{Finding, State};

/// Looks at everything.
pub fn examine(environment: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(rust::examine(environment));
    findings.extend(programs::examine(environment));
    findings.extend(devices::examine(environment));
    findings.extend(project::examine(environment));
    findings
}

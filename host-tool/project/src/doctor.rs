//! What a machine and a project lack for working with Lifeboot, and the command that mends each. It looks, and changes
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
mod finding;
pub mod programs;
mod project;
mod rust;
mod surroundings;

pub use finding::{Checkup, State};
pub use surroundings::Surroundings;

/// Looks at everything.
pub fn examine(surroundings: &Surroundings) -> Vec<Checkup> {
    let mut findings = Vec::new();
    findings.extend(rust::examine(surroundings));
    findings.extend(programs::examine(surroundings));
    findings.extend(devices::examine(surroundings));
    findings.extend(project::examine(surroundings));
    findings
}

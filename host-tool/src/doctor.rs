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
pub mod programs;
mod project;
mod rust;

use crate::report::Diagnosis;
use lifeboot_core::Board;
use std::ffi::OsString;
use std::path::PathBuf;

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The project's folder, or one below it.
    pub folder: PathBuf,
    /// The folders of programs, as in `PATH`.
    pub path: OsString,
    /// The folder that is the machine's `/`.
    pub root: PathBuf,
    /// The board that the project's firmware is for.
    pub board: Option<&'static Board>,
    /// The private key that signs.
    pub key: Option<PathBuf>,
    /// The public key that images are checked with.
    pub public_key: Option<PathBuf>,
    /// The public keys that a bootloader is built with: `LIFEBOOT_KEYS`.
    pub bootloader_keys: Option<OsString>,
    /// The device's port.
    pub port: Option<String>,
    /// The bootloader's ELF file.
    pub bootloader: Option<PathBuf>,
    /// The folder that cargo builds into, where that is not `target`.
    pub target_folder: Option<PathBuf>,
}

/// Looks at everything.
pub fn examine(surroundings: &Surroundings) -> Diagnosis {
    let mut findings = Vec::new();
    findings.extend(rust::examine(surroundings));
    findings.extend(programs::examine(surroundings));
    findings.extend(devices::examine(surroundings));
    findings.extend(project::examine(surroundings));
    Diagnosis::new(findings)
}

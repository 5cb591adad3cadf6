//! Programs in Python: each set of programs in a virtual environment of its own, in cargo's target folder.

use super::{found, install, lock_between_processes, on_path, say};
use crate::product;
use anyhow::{Context, Result, bail};
use lifeboot_project::doctor::programs::{PYTHON, PYTHON_ABLE};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

const PYTHON_PROGRAM: &str = "python3";

/// The file that marks an environment as complete.
const COMPLETE: &str = "lifeboot-complete";

/// The interpreter of an environment with the packages of this requirements file, installed with pip if they are
/// missing.
pub fn python(name: &str, requirements: &Path) -> Result<PathBuf> {
    let wanted = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let mut hasher = DefaultHasher::new();
    wanted.hash(&mut hasher);
    // Any other version needs another environment.
    let folder = product::output()?.join(format!("{name}-{:016x}", hasher.finish()));
    let python = folder.join("bin/python");

    let _found = found();
    let _alone = lock_between_processes()?;
    // The interpreter that it was made with may be gone.
    if folder.join(COMPLETE).exists() && runs(&python, &["-c", ""]) {
        return Ok(python);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let interpreter = interpreter()?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"];
    let (place, list) = (folder.display().to_string(), requirements.display().to_string());
    let by_hand = format!(
        "{} -m venv {place} && {} {} {list} && touch {place}/{COMPLETE}",
        interpreter.display(),
        python.display(),
        install.join(" ")
    );
    say(&format!("installing {name}: {by_hand}"));
    if !runs(&interpreter, &["-m", "venv", &place]) || !runs(&python, &[&install[..], &[&list]].concat()) {
        bail!("{name} could not be installed, the message is above; once that is solved, run\n    {by_hand}");
    }
    fs::write(folder.join(COMPLETE), "")?;
    Ok(python)
}

/// A Python that makes environments; on Debian a part of that is a separate package.
fn interpreter() -> Result<PathBuf> {
    let able = || on_path(PYTHON_PROGRAM).filter(|python| runs(python, &["-c", PYTHON_ABLE]));
    if let Some(python) = able() {
        return Ok(python);
    }
    install("Python with virtual environments", &PYTHON, able)
}

/// Sends a program's output to stderr.
fn runs(program: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let status = command.args(arguments).stdin(Stdio::null()).stdout(io::stderr()).status();
    status.is_ok_and(|status| status.success())
}

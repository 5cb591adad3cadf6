//! A desk: a folder outside of Lifeboot's, where neither its workspace nor its settings of cargo count, with projects on it.
//! `lifeboot`, beside them, are Lifeboot's sources. What cargo builds there is kept for the next run.

use crate::product;
use anyhow::Result;
use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A desk.
pub struct Desk {
    folder: PathBuf,
    kept: PathBuf,
}

impl Desk {
    /// A desk of this name: the same place in each run, so that cargo knows again what it built. One at a time: see
    /// [`lock`](Self::lock).
    pub fn new(name: &str) -> Result<Self> {
        let kept = product::output()?.join(name);
        let mut hasher = DefaultHasher::new();
        kept.hash(&mut hasher);
        let folder = env::temp_dir().join(format!("lifeboot-{name}-{:016x}", hasher.finish()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let desk = Desk { folder, kept };
        let lifeboot = desk.folder.join("lifeboot");
        desk.make(&lifeboot, "lifeboot")?;
        for entry in fs::read_dir(product::root())? {
            let entry = entry?;
            if ![".git", "target"].contains(&entry.file_name().to_string_lossy().as_ref()) {
                symlink(entry.path(), lifeboot.join(entry.file_name()))?;
            }
        }
        Ok(desk)
    }

    /// Waits until nobody else has a lock of this name.
    pub fn lock(name: &str) -> Result<File> {
        let kept = product::output()?.join(name);
        fs::create_dir_all(&kept)?;
        let lock = File::create(kept.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    /// Puts a copy of a template on the desk, with what was last built under `target`; returns its folder.
    pub fn put(&self, name: &str, template: &Path, target: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        self.make(&folder, target)?;
        copy(template, &folder)?;
        Ok(folder)
    }

    /// Makes a folder with the `target` of the last run.
    fn make(&self, folder: &Path, target: &str) -> Result<()> {
        let target = self.kept.join(target);
        fs::create_dir_all(folder)?;
        fs::create_dir_all(&target)?;
        Ok(symlink(target, folder.join("target"))?)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The next run clears it away as well.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A program that finds commands in these folders, too, started in this one: without what a reader of the guide has not set.
pub fn command(program: &str, folder: &Path, installed: &[PathBuf]) -> Result<Command> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut process = Command::new(program);
    process.current_dir(folder).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("LIFEBOOT_") || name.starts_with("CARGO_BUILD_") || name.ends_with("RUSTFLAGS") {
            process.env_remove(name);
        }
    }
    process.env_remove("CARGO_TARGET_DIR").env_remove("RUSTC_BOOTSTRAP");
    process.env("PATH", env::join_paths(installed.iter().cloned().chain(env::split_paths(&path)))?);
    Ok(process)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_name() == "target" {
            // Left by a build inside the template's folder.
        } else if entry.file_type()?.is_dir() {
            fs::create_dir_all(&to)?;
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

//! A copy of the workspace, in which sources may be changed. It stays where it is, so that what was built of it once is not
//! built again.

use anyhow::{Context, Result};
use lifeboot_tests::product;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// What is to be in files of the copy instead of what is in the workspace's, by their paths from the root; also files that
/// the workspace has not.
pub type Changes = HashMap<PathBuf, String>;

/// Brings the copy of this name up to date; returns its folder.
pub fn copy(name: &str, changes: &Changes) -> Result<PathBuf> {
    let folder = product::output()?.join(name);
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(product::root())? {
        let entry = entry?;
        if entry.file_name() != ".git" && !is_built(&entry.path()) {
            bring(Path::new(&entry.file_name()), &folder, changes)?;
        }
    }
    for (path, text) in changes {
        write(&folder.join(path), text.as_bytes())?;
    }
    Ok(folder)
}

/// Whether this is a folder of what cargo builds, of the workspace or of a project in it.
fn is_built(path: &Path) -> bool {
    path.file_name() == Some(OsStr::new("target")) || path == product::target_folder()
}

/// Copies a file or folder, unless it is to be another.
fn bring(path: &Path, folder: &Path, changes: &Changes) -> Result<()> {
    let (from, to) = (product::root().join(path), folder.join(path));
    if !from.is_dir() {
        let is_changed = changes.contains_key(path);
        return if is_changed {
            Ok(())
        } else {
            write(&to, &fs::read(&from).with_context(|| path.display().to_string())?)
        };
    }
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(&from)? {
        let entry = entry?;
        if !is_built(&entry.path()) {
            bring(&path.join(entry.file_name()), folder, changes)?;
        }
    }
    for entry in fs::read_dir(&to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() && !changes.contains_key(&path.join(entry.file_name())) {
            fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()))?;
        }
    }
    Ok(())
}

/// Writes a file, and touches nothing that is the same already: cargo would build it again.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let folder = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes)).with_context(|| path.display().to_string())
}

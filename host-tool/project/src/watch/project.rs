//! What cargo reports about a project: where its sources are, and where it puts build results.

use super::error::WatchError;
use crate::environment::variable;
use serde::Deserialize;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A cargo project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The folders of its packages, and of the local packages that they depend on.
    pub folders: Vec<PathBuf>,
    /// The folder that cargo builds into.
    pub built: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    /// `None` for a local package.
    source: Option<String>,
    manifest_path: PathBuf,
}

impl Project {
    /// Returns the project of the current folder.
    ///
    /// # Errors
    /// [`WatchError::Start`] and [`WatchError::NoProject`]
    pub fn here() -> Result<Project, WatchError> {
        let mut command = Command::new(cargo());
        command.args(["metadata", "--format-version", "1"]).stdin(Stdio::null());
        let output = command.output().map_err(|source| WatchError::Start { command: "cargo".to_owned(), source })?;
        let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().trim_start_matches("error: ").to_owned();
        if !output.status.success() {
            return Err(WatchError::NoProject { why: words(&output.stderr) });
        }
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).map_err(|error| WatchError::NoProject { why: error.to_string() })?;
        let local = metadata.packages.into_iter().filter(|package| package.source.is_none());
        let folders = local.filter_map(|package| package.manifest_path.parent().map(PathBuf::from)).collect();
        Ok(Project { folders, built: metadata.target_directory })
    }
}

/// Returns the cargo that runs this process, or else the first one on `PATH`.
pub(super) fn cargo() -> OsString {
    variable("CARGO").unwrap_or_else(|| "cargo".into())
}

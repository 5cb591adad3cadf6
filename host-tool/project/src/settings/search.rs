//! Which `lifeboot.toml` counts: the nearest one, from a folder upwards.
//!
//! Invariant: no stranger's file counts, since it decides which key signs and which command builds. As git does, a file
//! of another owner is refused, and the search ends at the project's root: the nearest folder with `.git`, or with a
//! `Cargo.toml` that has a `[workspace]`.

#[cfg(unix)]
use crate::environment::variable;
use crate::files::{self, Kind};
use miette::Diagnostic;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use thiserror::Error;
use toml::de::DeTable;

/// The file's name.
pub const FILE: &str = "lifeboot.toml";

/// The file belongs to somebody whom the user need not trust.
#[derive(Debug, Error, Diagnostic)]
#[error("{} belongs to another user (id {owner}), and decides which key signs and what watch runs", .path.display())]
#[diagnostic(help("read it, and take it over: chown $USER {}; or put a lifeboot.toml of your own beside your Cargo.toml", .path.display()))]
pub struct OtherOwner {
    /// The file.
    pub path: PathBuf,
    /// Who owns it.
    pub owner: u32,
}

/// A file that counts.
pub(super) struct Found {
    /// Where it is.
    pub place: PathBuf,
    /// Its path relative to the folder where the search began.
    pub path: PathBuf,
}

/// The user whose files count.
pub(super) struct User {
    id: u32,
    /// Who became root by `sudo`.
    before_sudo: Option<u32>,
}

impl User {
    /// Returns the user who runs this process.
    #[cfg(unix)]
    pub(super) fn current() -> User {
        let before_sudo = variable("SUDO_UID").and_then(|id| id.to_str()?.parse().ok());
        User { id: rustix::process::geteuid().as_raw(), before_sudo }
    }

    /// Other systems do not say who a file's owner is.
    #[cfg(not(unix))]
    pub(super) fn current() -> User {
        User { id: 0, before_sudo: None }
    }

    /// Returns whether files of this owner count: the user's own, root's, and those of the user behind `sudo`.
    fn trusts(&self, owner: u32) -> bool {
        owner == self.id || owner == 0 || (self.id == 0 && self.before_sudo == Some(owner))
    }
}

/// Returns the file that counts in a folder; `None` if there is none.
///
/// # Errors
/// [`OtherOwner`]
pub(super) fn search(folder: &Path, user: &User) -> Result<Option<Found>, OtherOwner> {
    for (up, folder) in folder.ancestors().enumerate() {
        let place = folder.join(FILE);
        // Also a link to nothing: the settings that it should lead to are meant, and not those of a folder above.
        if place.symlink_metadata().is_ok() {
            let path = [".."].repeat(up).iter().collect::<PathBuf>().join(FILE);
            // A link and what it names must both be the user's.
            for metadata in [place.symlink_metadata(), place.metadata()].into_iter().flatten() {
                if let Some(owner) = owner(&metadata).filter(|owner| !user.trusts(*owner)) {
                    return Err(OtherOwner { path, owner });
                }
            }
            return Ok(Some(Found { place, path }));
        }
        if is_root(folder) {
            break;
        }
    }
    Ok(None)
}

fn owner(file: &Metadata) -> Option<u32> {
    #[cfg(unix)]
    {
        Some(std::os::unix::fs::MetadataExt::uid(file))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        None
    }
}

/// Returns whether a folder is a project's root.
fn is_root(folder: &Path) -> bool {
    let manifest = folder.join("Cargo.toml");
    let is_workspace = || {
        let text = files::read_text(&manifest, Kind::Settings).unwrap_or_default();
        DeTable::parse(&text).map_or(text.contains("[workspace"), |table| table.get_ref().contains_key("workspace"))
    };
    folder.join(".git").exists() || (manifest.is_file() && is_workspace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_of_another_owner_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, "").unwrap();
        let found = search(&inner, &User::current()).unwrap().unwrap();
        assert_eq!(found.path, Path::new("../lifeboot.toml"));
        let metadata = file.metadata().unwrap();
        let me = owner(&metadata).unwrap();
        // Another user does not trust the file of the one who runs this test, unless that is root.
        let stranger = User { id: 4711, before_sudo: None };
        assert_eq!(search(&inner, &stranger).is_ok(), me == 0);
        assert!(!stranger.trusts(4712) && stranger.trusts(4711) && stranger.trusts(0));
        let root = |before_sudo| User { id: 0, before_sudo };
        assert!(!root(None).trusts(4711) && root(Some(4711)).trusts(4711) && !root(Some(4711)).trusts(4712));
        // Only root becomes somebody by sudo.
        assert!(!User { id: 1, before_sudo: Some(4711) }.trusts(4711));
    }

    #[test]
    fn the_search_ends_at_the_project_s_root() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "").unwrap();
        let project = folder.path().join("project");
        let package = project.join("package");
        fs::create_dir_all(&package).unwrap();
        let found = || search(&package, &User::current()).unwrap().map(|found| found.path);
        assert_eq!(found(), Some(PathBuf::from("../../lifeboot.toml")));
        fs::write(package.join("Cargo.toml"), "[package]\nname = \"a\"\n").unwrap();
        assert!(found().is_some(), "a package may be part of a workspace above");
        fs::write(project.join("Cargo.toml"), "[workspace]\nmembers = [\"package\"]\n").unwrap();
        assert_eq!(found(), None, "a workspace");
        fs::remove_file(project.join("Cargo.toml")).unwrap();
        fs::create_dir(project.join(".git")).unwrap();
        assert_eq!(found(), None, "a repository");
        fs::write(project.join(FILE), "").unwrap();
        assert_eq!(found(), Some(PathBuf::from("../lifeboot.toml")), "in the root itself");
    }
}

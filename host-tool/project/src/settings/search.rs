//! Which `lifeboot.toml` counts: the nearest one, from a folder upwards.
//!
//! Invariant: no stranger's file counts, since it decides which key signs and which command builds. What others decide is
//! refused, and as with git, the search ends at the project's root: the nearest folder with `.git`, or with a `Cargo.toml` that
//! has a `[workspace]`.

use super::trust::{Distrust, User};
use crate::files::{self, Kind};
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The file's name.
pub const FILE: &str = "lifeboot.toml";

/// A file that counts.
pub(super) struct Found {
    /// Where it is.
    pub place: PathBuf,
    /// Its path relative to the folder where the search began.
    pub path: PathBuf,
}

/// Returns the file that counts in a folder; `None` if there is none.
///
/// # Errors
/// [`Distrust`]
pub(super) fn search(folder: &Path, user: &User) -> Result<Option<Found>, Distrust> {
    for (up, folder) in folder.ancestors().enumerate() {
        let place = folder.join(FILE);
        // Also a link to nothing: the settings that it should lead to are meant, and not those of a folder above.
        if place.symlink_metadata().is_ok() {
            let path = [".."].repeat(up).iter().collect::<PathBuf>().join(FILE);
            user.check(&place, &path)?;
            return Ok(Some(Found { place, path }));
        }
        if is_root(folder) {
            break;
        }
    }
    Ok(None)
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
    fn a_file_above_is_found_and_refused_if_others_may_write_it() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, "").unwrap();
        let found = search(&inner, &User::current()).unwrap().unwrap();
        assert_eq!(found.path, Path::new("../lifeboot.toml"));
        #[cfg(unix)]
        {
            let mut open = fs::metadata(&file).unwrap().permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut open, 0o666);
            fs::set_permissions(&file, open).unwrap();
            assert!(matches!(search(&inner, &User::current()), Err(Distrust::OthersWrite { .. })));
        }
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

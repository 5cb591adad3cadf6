//! Where Lifeboot's crates come from: from where the project's own firmware has them, so that bootloader and updater are of one
//! version.

use cargo_metadata::{Dependency, Metadata};
use std::fs;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The crates of Lifeboot's that firmware depends on, and where they lie in its sources.
const USED: [(&str, &str); 2] = [("lifeboot-updater", "updater"), ("lifeboot-build", "updater/build")];

/// Where this program was built, which may be gone.
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Where Lifeboot's crates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder with Lifeboot's sources.
    Folder(PathBuf),
    /// A repository: its address, and `branch`, `tag` or `rev` with a value.
    Git(String, Option<(String, String)>),
    /// The registry, with a version requirement.
    Version(String),
}

impl Source {
    /// Returns the source of a project: that of its dependencies; else the sources that this program was built from; else the
    /// registry.
    pub fn of(metadata: Option<&Metadata>) -> Source {
        let here = || Source::in_folder(Path::new(HERE));
        metadata
            .and_then(Source::of_project)
            .or_else(here)
            .unwrap_or_else(|| Source::Version(format!("={}", env!("CARGO_PKG_VERSION"))))
    }

    /// Returns a folder, if it has Lifeboot's sources.
    pub fn in_folder(folder: &Path) -> Option<Source> {
        let folder = folder.canonicalize().ok()?;
        folder.join("bootloader/Cargo.toml").is_file().then_some(Source::Folder(folder))
    }

    fn of_project(metadata: &Metadata) -> Option<Source> {
        let lock = fs::read_to_string(metadata.workspace_root.join("Cargo.lock")).unwrap_or_default();
        let mut dependencies = metadata.packages.iter().flat_map(|package| &package.dependencies);
        dependencies.find_map(|dependency| Source::of_dependency(dependency, &lock))
    }

    /// `lock` is the text of the project's `Cargo.lock`: what it has locked counts, not what else would do.
    fn of_dependency(dependency: &Dependency, lock: &str) -> Option<Source> {
        let (_, place) = USED.iter().find(|(name, _)| *name == dependency.name)?;
        if let Some(path) = &dependency.path {
            let root = path.as_std_path().ancestors().nth(Path::new(place).components().count())?;
            return Source::in_folder(root);
        }
        let source = dependency.source.as_ref().map(|source| source.repr.as_str()).unwrap_or_default();
        match source.strip_prefix("git+") {
            Some(git) => {
                let (url, choice) = git.split_once('?').map_or((git, None), |(url, choice)| (url, Some(choice)));
                let locked = locked(lock, &dependency.name, "source");
                let commit =
                    locked.as_deref().and_then(|source| source.split_once('#')).map(|(_, commit)| ("rev", commit));
                let choice = commit.or_else(|| choice?.split_once('='));
                Some(Source::Git(url.to_owned(), choice.map(|(kind, value)| (kind.to_owned(), value.to_owned()))))
            }
            None => Some(Source::Version(match locked(lock, &dependency.name, "version") {
                Some(version) => format!("={version}"),
                None => dependency.req.to_string(),
            })),
        }
    }

    /// Returns the value of a dependency on `lifeboot-bootloader` in a `Cargo.toml`, without its features.
    pub(super) fn dependency(&self) -> String {
        match self {
            Source::Folder(folder) => format!("path = {:?}", folder.join("bootloader").display().to_string()),
            Source::Git(url, None) => format!("git = {url:?}"),
            Source::Git(url, Some((kind, value))) => format!("git = {url:?}, {kind} = {value:?}"),
            Source::Version(version) => format!("version = {version:?}"),
        }
    }

    /// Returns the versions that Lifeboot itself is tested with, if they are at hand.
    pub(super) fn lock_file(&self) -> Option<PathBuf> {
        match self {
            Source::Folder(folder) => Some(folder.join("Cargo.lock")).filter(|lock| lock.is_file()),
            Source::Git(..) | Source::Version(_) => None,
        }
    }
}

/// Returns what a `Cargo.lock` says of a package.
fn locked(lock: &str, package: &str, key: &str) -> Option<String> {
    let table = DeTable::parse(lock).ok()?.into_inner();
    let DeValue::Array(packages) = table.get("package")?.get_ref() else { return None };
    let text = |package: &DeValue, key: &str| match package {
        DeValue::Table(package) => Some(package.get(key)?.get_ref().as_str()?.to_owned()),
        _ => None,
    };
    let mut named = packages.iter().filter(|found| text(found.get_ref(), "name").as_deref() == Some(package));
    text(named.next()?.get_ref(), key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_metadata::MetadataCommand;

    fn source_with(dependency: &str) -> Source {
        source_locked(dependency, "")
    }

    fn source_locked(dependency: &str, lock: &str) -> Source {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/main.rs"), "fn main() {}").unwrap();
        let manifest = folder.path().join("Cargo.toml");
        let text = format!("[package]\nname = \"a\"\n\n[dependencies]\n{dependency}\n\n[workspace]\n");
        fs::write(&manifest, text).unwrap();
        fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
        let metadata = MetadataCommand::new().manifest_path(&manifest).no_deps().exec().unwrap();
        Source::of(Some(&metadata))
    }

    #[test]
    fn the_bootloader_comes_from_where_the_updater_does() {
        let here = Path::new(HERE).canonicalize().unwrap();
        let [updater, build] = ["updater", "updater/build"].map(|place| here.join(place).display().to_string());
        assert_eq!(source_with(&format!("lifeboot-updater = {{ path = {updater:?} }}")), Source::Folder(here.clone()));
        assert_eq!(source_with(&format!("lifeboot-build = {{ path = {build:?} }}")), Source::Folder(here.clone()));
        assert_eq!(source_with("lifeboot-updater = \"0.3.1\""), Source::Version("^0.3.1".to_owned()));
        let git = source_with("lifeboot-updater = { git = \"https://example.com/lifeboot\", tag = \"v1\" }");
        assert_eq!(git.dependency(), "git = \"https://example.com/lifeboot\", tag = \"v1\"");
        // What is locked counts.
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.0.0\"\n\n[[package]]\nname = \"lifeboot-updater\"\n\
                    version = \"0.3.7\"\nsource = \"git+https://example.com/lifeboot?branch=main#0123abcd\"\n";
        assert_eq!(source_locked("lifeboot-updater = \"0.3.1\"", lock), Source::Version("=0.3.7".to_owned()));
        let git = "lifeboot-updater = { git = \"https://example.com/lifeboot\", branch = \"main\" }";
        let pinned = "git = \"https://example.com/lifeboot\", rev = \"0123abcd\"";
        assert_eq!(source_locked(git, lock).dependency(), pinned);
        // Nothing of Lifeboot's: this program's own.
        assert_eq!(source_with(""), Source::Folder(here));
    }
}

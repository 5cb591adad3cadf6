//! The version that `Cargo.toml` gives to firmware: that of the package that the ELF file was built from.
//!
//! `Cargo.toml` is searched from the ELF file's folder upwards, because a target folder usually lies in the project,
//! and then from the current folder upwards. Cargo itself reads it, including what it inherits from its workspace. In a
//! workspace the package is the one with a program of the ELF file's name; for a renamed file it is the root package.

use crate::files::{self, near};
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};
use lifeboot_artifact::version::{self, VersionError};
use lifeboot_core::Version;
use miette::Diagnostic;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A version and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CargoVersion {
    /// The version.
    pub version: Version,
    /// The `Cargo.toml` that the version comes from.
    pub manifest: PathBuf,
}

/// Why a `Cargo.toml` gives no version.
#[derive(Debug, Error, Diagnostic)]
pub enum CargoVersionError {
    /// Cargo cannot read the file.
    #[error("cargo cannot read {}: {reason}", .manifest.display())]
    #[diagnostic(help("correct it; or say the version: --version, LIFEBOOT_VERSION, or version in lifeboot.toml"))]
    Metadata {
        /// The file.
        manifest: PathBuf,
        /// Cargo's message.
        reason: String,
    },
    /// Cargo, which has to read the file, cannot be run.
    #[error("cargo does not start, and is to read the version in {}", .manifest.display())]
    #[diagnostic(help("say the version: --version, LIFEBOOT_VERSION, or version in lifeboot.toml; or install cargo"))]
    NoCargo {
        /// The file.
        manifest: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A header cannot hold the version.
    #[error("the version in {} is not one for firmware", .manifest.display())]
    #[diagnostic(help("correct it; or say another: --version, LIFEBOOT_VERSION, or version in lifeboot.toml"))]
    Version {
        /// The file.
        manifest: PathBuf,
        /// The reason.
        source: VersionError,
    },
}

/// Returns the version of the package that an ELF file was built from; `None` if there is no such package.
///
/// # Errors
/// See [`CargoVersionError`].
pub fn of_firmware(elf: &Path) -> Result<Option<CargoVersion>, CargoVersionError> {
    let Some(package) = package_with(elf)? else { return Ok(None) };
    let manifest = near(package.manifest_path.as_std_path());
    match version::parse(&package.version.to_string()) {
        Ok(version) => Ok(Some(CargoVersion { version, manifest })),
        Err(source) => Err(CargoVersionError::Version { manifest, source }),
    }
}

/// Returns the `Cargo.toml` of that package.
///
/// # Errors
/// As for [`of_firmware`], but for the version.
pub(crate) fn manifest_of(elf: &Path) -> Result<Option<PathBuf>, CargoVersionError> {
    Ok(package_with(elf)?.map(|package| package.manifest_path.into()))
}

fn package_with(elf: &Path) -> Result<Option<Package>, CargoVersionError> {
    let mut looked_at: Option<PathBuf> = None;
    let folders =
        [std::path::absolute(elf).ok().and_then(|elf| Some(elf.parent()?.to_owned())), std::env::current_dir().ok()];
    for folder in folders.into_iter().flatten() {
        let manifest = folder.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file());
        let Some(manifest) = manifest.filter(|manifest| looked_at.as_ref() != Some(manifest)) else { continue };
        files::mark_as_input(&manifest);
        let metadata = MetadataCommand::new().manifest_path(&manifest).no_deps().exec();
        let metadata = metadata.map_err(|error| unread(near(&manifest), error))?;
        if let Some(package) = package_of(&metadata, elf) {
            return Ok(Some(package.clone()));
        }
        looked_at = Some(manifest);
    }
    Ok(None)
}

/// Returns the package with a program of the ELF file's name, or the root package.
fn package_of<'a>(metadata: &'a Metadata, elf: &Path) -> Option<&'a Package> {
    let names = [elf.file_name(), elf.file_stem()].map(|name| name.and_then(|name| name.to_str()));
    let builds = |package: &&Package| {
        let mut programs = package
            .targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| matches!(kind, TargetKind::Bin | TargetKind::Example)));
        programs.any(|program| names.contains(&Some(&program.name)))
    };
    let mut builders = metadata.packages.iter().filter(builds);
    match (builders.next(), builders.next()) {
        (Some(only), None) => Some(only),
        _ => metadata.root_package(),
    }
}

/// Returns an error with the reason in cargo's message, on one line.
fn unread(manifest: PathBuf, error: cargo_metadata::Error) -> CargoVersionError {
    let text = match error {
        cargo_metadata::Error::Io(source) => return CargoVersionError::NoCargo { manifest, source },
        cargo_metadata::Error::CargoMetadata { stderr } => stderr,
        other => other.to_string(),
    };
    let text = text.trim().trim_start_matches("error: ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    CargoVersionError::Metadata { manifest, reason: lines.collect::<Vec<_>>().join(": ") }
}

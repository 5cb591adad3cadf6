//! Builds the bootloader of a project's board, with cargo.
//!
//! ```text
//! TARGET/lifeboot/bootloader/BOARD.elf       the bootloader
//! TARGET/lifeboot/bootloader/packages/BOARD/ the package, made for it (package.rs)
//! TARGET/lifeboot/bootloader/build/BOARD/    what cargo builds
//! ```
//!
//! TARGET is cargo's target folder of the project, and BOARD the board's name as a file name. What the project's configuration of cargo says about its firmware (flags, a
//! linker, a runner) has no effect on the bootloader.

mod error;
mod package;
mod source;

pub use error::BootloaderBuildError;
pub use package::Features;
pub use source::Source;

use crate::board_file::BoardFile;
use crate::environment::variable;
use crate::files::{self, FileError};
use crate::settings::FILE;
use cargo_metadata::{Metadata, MetadataCommand};
use lifeboot_artifact::hex;
use lifeboot_artifact::keys::PublicKey;
use lifeboot_core::info::KEYS;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// What to build.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The board.
    pub board: &'a BoardFile,
    /// The keys that it trusts.
    pub keys: &'a [PublicKey],
    /// What it can do.
    pub features: Features,
    /// A folder with Lifeboot's sources; `None` for those of the project.
    pub lifeboot: Option<&'a Path>,
    /// Whether cargo says nothing but errors.
    pub quiet: bool,
}

/// Builds a bootloader; returns the path of its ELF file. Does nothing that is done already.
///
/// # Errors
/// See [`BootloaderBuildError`].
pub fn build(order: &Order) -> Result<PathBuf, BootloaderBuildError> {
    let Order { board: BoardFile { path, description }, keys, features, lifeboot, quiet } = *order;
    if keys.is_empty() {
        return Err(BootloaderBuildError::NoKeys);
    }
    if keys.len() > KEYS {
        return Err(BootloaderBuildError::TooManyKeys(keys.len()));
    }
    let same = |index: &usize| keys[..*index].iter().any(|other| other.id() == keys[*index].id());
    if let Some(index) = (0..keys.len()).find(same) {
        return Err(BootloaderBuildError::SameKey(hex(&keys[index].id())));
    }
    if features.recovery && description.serial.is_none() {
        let (board, example) = (description.name.clone(), lifeboot_board::pins::example(&description.chip));
        return Err(BootloaderBuildError::NoSerial { path: path.clone(), board, example });
    }
    let project = folder_of(path);
    let metadata = metadata(&project);
    let source = match lifeboot {
        Some(folder) => Source::in_folder(folder).ok_or_else(|| BootloaderBuildError::NoSources(folder.to_owned()))?,
        None => Source::of(metadata.as_ref()),
    };
    let folder = output(&project, metadata);
    let name = file_name(&description.name);
    let (package, build) = (folder.join("packages").join(&name), folder.join("build").join(&name));
    let triple = description.chip.core.target();
    require_target(triple, &project)?;
    let keys = package::write(&package, &source, description, features, keys)?;
    let mut cargo = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--release", "--target", triple, "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&build)
        .args(["--config", &format!("target.{triple}.linker=\"rust-lld\"")])
        // Before that of the project's configuration and environment.
        .args(package::PROFILE_SETTINGS.iter().flat_map(|setting| ["--config", setting]))
        // These replace the flags of the project's configuration, which are its firmware's.
        .env("CARGO_ENCODED_RUSTFLAGS", package::FLAGS.join("\x1f"))
        .env_remove("CARGO_BUILD_BUILD_DIR")
        .env("CARGO_INCREMENTAL", "0")
        .env("LIFEBOOT_BOARD", absolute(path))
        .env("LIFEBOOT_KEYS", env::join_paths(keys).map_err(|_| BootloaderBuildError::Colon(package))?)
        .current_dir(&project)
        .stdin(Stdio::null())
        // Stdout may be for a program.
        .stdout(std::io::stderr());
    if quiet {
        cargo.arg("--quiet");
    }
    let status = cargo.status().map_err(|source| BootloaderBuildError::Start { program: "cargo", source })?;
    if !status.success() {
        return Err(BootloaderBuildError::Failed { status });
    }
    let built = fs::read(build.join(triple).join("release").join(package::NAME));
    let elf = folder.join(format!("{name}.elf"));
    let written = built.and_then(|built| files::write_note(&elf, &built));
    written.map_err(|source| FileError::Write { path: elf.clone(), source })?;
    Ok(elf)
}

/// Returns where a board's bootloader lies once it is built.
pub fn place(board: &BoardFile) -> PathBuf {
    let project = folder_of(&board.path);
    output(&project, metadata(&project)).join(format!("{}.elf", file_name(&board.description.name)))
}

/// Returns a board's name as a file name: a name may hold what leads elsewhere, such as `../..`.
fn file_name(board: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    board.chars().map(|c| if is_plain(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect()
}

/// Returns the folder that a file lies in.
fn folder_of(file: &Path) -> PathBuf {
    absolute(file).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// Returns what cargo knows of the project in a folder; `None` if it is none of cargo's.
fn metadata(project: &Path) -> Option<Metadata> {
    MetadataCommand::new().current_dir(project).no_deps().exec().ok()
}

/// Returns the folder of a project's bootloaders.
fn output(project: &Path, metadata: Option<Metadata>) -> PathBuf {
    let target = metadata.map(|metadata| metadata.target_directory.into_std_path_buf());
    let named = || variable("CARGO_TARGET_DIR").map(|folder| absolute(folder.as_ref()));
    target.or_else(named).unwrap_or_else(|| project.join("target")).join("lifeboot/bootloader")
}

/// Returns the command that builds the bootloader of a board for a public key, as far as the project's settings do not say it.
pub fn command(file: Option<&BoardFile>, key: Option<&Path>) -> String {
    let board = match file {
        Some(file) if file.path.ends_with(FILE) => String::new(),
        Some(file) => format!(" --board {}", file.path.display()),
        None => " --board BOARD.toml".to_owned(),
    };
    let key = key.map_or(String::new(), |key| format!(" --bootloader-keys {}", key.display()));
    format!("lifeboot bootloader{board}{key}")
}

/// The compiler's own message speaks of a crate `core` that cannot be found.
fn require_target(target: &'static str, project: &Path) -> Result<(), BootloaderBuildError> {
    let mut rustc = Command::new(variable("RUSTC").unwrap_or_else(|| "rustc".into()));
    let output = rustc.args(["--print", "target-libdir", "--target", target]).current_dir(project).output();
    let output = output.map_err(|source| BootloaderBuildError::Start { program: "rustc", source })?;
    let folder = String::from_utf8(output.stdout).unwrap_or_default();
    match output.status.success() && Path::new(folder.trim()).is_dir() {
        true => Ok(()),
        false => Err(BootloaderBuildError::NoTarget { target }),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

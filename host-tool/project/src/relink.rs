//! Links firmware for slot B, to prove an image.
//!
//! Cargo links it where the firmware already lies, since paths of the target folder may be in the program itself; then cargo
//! links the firmware for slot A again, so that everything is as it was. That must give the same file: otherwise the arguments
//! for cargo are not those that the firmware was built with.

use crate::cargo_version::{self, CargoVersionError};
use crate::environment::variable;
use crate::files::{self, FileError, Kind, write_note};
use lifeboot_artifact::elf::{Firmware, board_of};
use lifeboot_core::Slot;
use miette::Diagnostic;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{fs, io, thread};
use thiserror::Error;

/// Names the slot that `lifeboot_build` links firmware for.
const SLOT: &str = "LIFEBOOT_LINK_SLOT";
/// Names the file that a command writes.
const OUTPUT: &str = "LIFEBOOT_RELINKED";
/// How often is asked whether what links has ended.
const POLL: Duration = Duration::from_millis(20);
/// What a report calls the linking by cargo.
const CARGO: &str = "cargo build for slot B";

/// How firmware is linked for slot B.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relink {
    /// By `cargo build`, with these arguments beside those that follow from the ELF file's path.
    Cargo(Vec<String>),
    /// By `cargo build` with just these arguments, which built it.
    Same(Vec<String>),
    /// By a shell command, which writes the ELF file that `LIFEBOOT_RELINKED` names.
    Command(String),
}

/// Why firmware could not be linked for slot B.
#[derive(Debug, Error, Diagnostic)]
pub enum RelinkError {
    /// The project's `Cargo.toml` cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Manifest(#[from] CargoVersionError),
    /// A file cannot be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FileError),
    /// There is no place for the relinked file.
    #[error("no temporary folder can be made")]
    #[diagnostic(help("set TMPDIR to a folder that you may write to"))]
    Temporary(#[source] io::Error),
    /// The file lies where cargo builds, and its package is not found.
    #[error("there is no Cargo.toml for {}", .elf.display())]
    #[diagnostic(help(
        "give the firmware where cargo built it, inside its project; or say what links it for slot B: --relink COMMAND, or relink = \
         \"COMMAND\" in lifeboot.toml"
    ))]
    NoManifest {
        /// The firmware.
        elf: PathBuf,
    },
    /// The command wrote nothing.
    #[error("{command} has not written the file that LIFEBOOT_RELINKED names")]
    #[diagnostic(help("make it write the ELF file there: cp slot-b.elf \"$LIFEBOOT_RELINKED\""))]
    NotWritten {
        /// The command.
        command: String,
    },
    /// The path does not say how cargo built the file.
    #[error("{} does not lie where cargo builds firmware, in target/TARGET/PROFILE", .elf.display())]
    #[diagnostic(help(
        "say what links it for slot B: --relink COMMAND, or relink = \"COMMAND\" in lifeboot.toml; the command writes the ELF \
         file that LIFEBOOT_RELINKED names"
    ))]
    NotCargos {
        /// The firmware.
        elf: PathBuf,
    },
    /// The command cannot be started.
    #[error("{command} cannot be started")]
    #[diagnostic(help("check that it is installed"))]
    Start {
        /// The command.
        command: String,
        /// The reason.
        source: io::Error,
    },
    /// The command failed.
    #[error("{command} failed, with {status}")]
    #[diagnostic(help(
        "see its messages above; it is run with LIFEBOOT_LINK_SLOT=B, and writes the file that LIFEBOOT_RELINKED names"
    ))]
    CommandFailed {
        /// The command.
        command: String,
        /// Its exit status.
        status: ExitStatus,
    },
    /// Cargo failed, or was stopped.
    #[error("{command} failed, with {status}: its messages are above")]
    #[diagnostic(help(
        "give cargo the arguments that the firmware was built with, after --; the firmware is as it was"
    ))]
    Failed {
        /// The command.
        command: String,
        /// Its exit status.
        status: ExitStatus,
    },
    /// Cargo did not make the same firmware again.
    #[error("cargo makes another program of the sources than {}", .elf.display())]
    #[diagnostic(help(
        "the firmware is as it was; build it again, or if it was built with arguments such as --features, give them after --: lifeboot sign --prove \
         -- --features F"
    ))]
    Another {
        /// The firmware.
        elf: PathBuf,
    },
}

impl RelinkError {
    /// Returns whether a signal has ended what links: a person's Ctrl-C, or a shell's report of it.
    pub fn was_stopped(&self) -> bool {
        match self {
            RelinkError::Failed { status, .. } | RelinkError::CommandFailed { status, .. } => {
                // Shells report 128 and the signal: SIGINT is 2, SIGTERM 15.
                matches!(status.code(), None | Some(130 | 143))
            }
            _ => false,
        }
    }
}

/// Whether to end what links: asked again and again.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Links firmware for slot B. `original` is the content of its ELF file, which stays as it is. Returns the content of the relinked
/// ELF file, and what linked it. Once `stop` returns true, what links is ended.
///
/// # Errors
/// See [`RelinkError`].
pub fn relink(how: &Relink, elf: &Path, original: &[u8], stop: Stop<'_>) -> Result<(Vec<u8>, String), RelinkError> {
    match how {
        Relink::Command(line) => Ok((by_command(line, stop)?, format!("`{line}`"))),
        Relink::Cargo(arguments) => Ok((by_cargo(by_path(arguments, elf)?, elf, original, stop)?, CARGO.to_owned())),
        Relink::Same(arguments) => {
            let build = || {
                let mut command = cargo();
                command.arg("build").args(arguments);
                command
            };
            Ok((by_cargo(build, elf, original, stop)?, CARGO.to_owned()))
        }
    }
}

fn by_command(line: &str, stop: Stop<'_>) -> Result<Vec<u8>, RelinkError> {
    let made = tempfile::tempdir().map_err(RelinkError::Temporary)?;
    let path = made.path().join("slot-b.elf");
    let [shell, flag] = if cfg!(windows) { ["cmd", "/C"] } else { ["sh", "-c"] };
    let mut command = Command::new(shell);
    command.args([flag, line]).env(SLOT, "B").env(OUTPUT, &path);
    let name = format!("`{line}`");
    run(command, name.clone(), stop).map_err(|error| match error {
        RelinkError::Failed { command, status } => RelinkError::CommandFailed { command, status },
        error => error,
    })?;
    if path.exists() { Ok(files::read(&path, Kind::Elf)?) } else { Err(RelinkError::NotWritten { command: name }) }
}

/// Returns the command that builds the program again, as its path says it was built.
fn by_path(arguments: &[String], elf: &Path) -> Result<impl Fn() -> Command, RelinkError> {
    let elf = std::path::absolute(elf).unwrap_or_else(|_| elf.to_owned());
    let not_cargos = || RelinkError::NotCargos { elf: elf.clone() };
    let place = Place::of(&elf).ok_or_else(not_cargos)?;
    let manifest = cargo_version::manifest_of(&elf)?.ok_or_else(|| RelinkError::NoManifest { elf: elf.clone() })?;
    Ok(move || {
        let mut command = cargo();
        command.args(place.arguments()).arg("--manifest-path").arg(&manifest).args(arguments);
        // The linker's arguments are in the configuration of the project.
        command.current_dir(manifest.parent().unwrap_or(Path::new(".")));
        command
    })
}

fn by_cargo(
    command: impl Fn() -> Command,
    elf: &Path,
    original: &[u8],
    stop: Stop<'_>,
) -> Result<Vec<u8>, RelinkError> {
    let build = |slot: &str| {
        let mut command = command();
        command.env(SLOT, slot);
        run(command, "cargo build".to_owned(), stop)
    };
    let kept = Kept::new(elf, original)?;
    let relinked = build("B").and_then(|()| Ok(files::read(elf, Kind::Elf)?));
    // Also if that failed, so that cargo has nothing to do for the next build.
    let again = build("A");
    let is_same = files::read(elf, Kind::Elf).is_ok_and(|again| again == original);
    drop(kept);
    let relinked = relinked?;
    again?;
    if is_same { Ok(relinked) } else { Err(RelinkError::Another { elf: elf.to_owned() }) }
}

/// The firmware, kept while cargo links others in its place. Dropped, it puts the firmware back if something else is there.
struct Kept<'a> {
    elf: &'a Path,
    original: &'a [u8],
    copy: PathBuf,
}

impl<'a> Kept<'a> {
    /// Keeps a copy, which [`put_back`] finds even if this process is killed.
    fn new(elf: &'a Path, original: &'a [u8]) -> Result<Self, RelinkError> {
        let copy = copy_of(elf);
        write_note(&copy, original).map_err(|source| FileError::Write { path: copy.clone(), source })?;
        Ok(Kept { elf, original, copy })
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let is_there = fs::read(self.elf).is_ok_and(|there| there == self.original);
        // What cannot be put back stays in the copy.
        if is_there || write_note(self.elf, self.original).is_ok() {
            let _ = fs::remove_file(&self.copy);
        }
    }
}

/// Puts firmware back that a proof had to leave linked for slot B, because it was killed. Returns whether it did.
///
/// # Errors
/// [`FileError`] if it cannot be put back.
pub fn put_back(elf: &Path) -> Result<bool, FileError> {
    let copy = copy_of(elf);
    if !copy.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(false);
    }
    // Only in the place of what the proof linked: a build since then is the user's own.
    let there = files::read(elf, Kind::Elf)?;
    let is_of_b = slot_of(&there) == Some(Slot::B);
    if is_of_b {
        let original = files::read(&copy, Kind::Elf)?;
        write_note(elf, &original).map_err(|source| FileError::Write { path: elf.to_owned(), source })?;
    }
    let _ = fs::remove_file(&copy);
    Ok(is_of_b)
}

/// Returns the slot that firmware is linked for; `None` if it does not say its board.
fn slot_of(elf: &[u8]) -> Option<Slot> {
    let board = board_of(elf).ok()??;
    Some(Firmware::parse(elf, board).ok()?.slot())
}

fn copy_of(elf: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(elf.file_name().unwrap_or_default());
    name.push(".kept");
    elf.with_file_name(name)
}

fn cargo() -> Command {
    Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn run(mut command: Command, name: String, stop: Stop<'_>) -> Result<(), RelinkError> {
    let failed = |source| RelinkError::Start { command: name.clone(), source };
    // Stdout may be for a program.
    let mut child = command.stdin(Stdio::null()).stdout(std::io::stderr()).spawn().map_err(failed)?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        // Ctrl-C goes to what links as well; a request to terminate does not.
        if stop() {
            let _ = child.kill();
            break child.wait().map_err(failed)?;
        }
        thread::sleep(POLL);
    };
    if status.success() { Ok(()) } else { Err(RelinkError::Failed { command: name, status }) }
}

/// Where cargo built a program: `TARGET_FOLDER/TRIPLE/PROFILE/[examples/]NAME`.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    folder: PathBuf,
    triple: String,
    profile: String,
    is_example: bool,
    name: String,
}

impl Place {
    fn of(elf: &Path) -> Option<Place> {
        let text = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
        let (name, mut folder) = (text(elf)?, elf.parent()?);
        let is_example = text(folder)? == "examples";
        if is_example {
            folder = folder.parent()?;
        }
        let profile = match text(folder)?.as_str() {
            "debug" => "dev".to_owned(),
            other => other.to_owned(),
        };
        let triple = text(folder.parent()?)?;
        let folder = folder.parent()?.parent()?.to_owned();
        // What is built for the host lies one folder higher.
        triple.contains("-none").then_some(Place { folder, triple, profile, is_example, name })
    }

    fn arguments(&self) -> Vec<OsString> {
        let kind = if self.is_example { "--example" } else { "--bin" };
        let words = ["build", kind, &self.name, "--target", &self.triple, "--profile", &self.profile, "--target-dir"];
        words.into_iter().map(OsString::from).chain([self.folder.clone().into()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn what_links_can_be_ended() {
        let began = std::time::Instant::now();
        let how = Relink::Command("exec sleep 60".to_owned());
        let error = relink(&how, Path::new("a.elf"), &[], &|| true).unwrap_err();
        assert!(error.was_stopped() && began.elapsed() < Duration::from_secs(30), "{error}");
    }

    #[test]
    fn the_path_says_how_cargo_built_it() {
        let arguments = |path: &str| Place::of(Path::new(path)).map(|place| place.arguments().join(" ".as_ref()));
        assert_eq!(
            arguments("/p/target/thumbv6m-none-eabi/release/app").unwrap(),
            "build --bin app --target thumbv6m-none-eabi --profile release --target-dir /p/target"
        );
        assert_eq!(
            arguments("/p/target/thumbv7em-none-eabihf/debug/examples/blinky").unwrap(),
            "build --example blinky --target thumbv7em-none-eabihf --profile dev --target-dir /p/target"
        );
        for path in ["/p/target/release/app", "/p/firmware.elf", "firmware.elf", "/"] {
            assert_eq!(arguments(path), None, "{path}");
        }
    }
}

//! Why a project cannot be watched or built.

use miette::Diagnostic;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a project cannot be watched or built.
#[derive(Debug, Error, Diagnostic)]
pub enum WatchError {
    /// The system cannot report changes.
    #[error("cannot watch {}: {why}", .path.display())]
    #[diagnostic(help(
        "check that it is there; on Linux a limit may be reached: sudo sysctl fs.inotify.max_user_watches=524288"
    ))]
    Watch {
        /// The file or folder.
        path: PathBuf,
        /// The reason, as reported by the system.
        why: String,
    },
    /// The build could not be started.
    #[error("cannot run {command}")]
    #[diagnostic(help("check that it is installed and on PATH; --build gives another command"))]
    Start {
        /// The command.
        command: String,
        /// The reason.
        source: io::Error,
    },
    /// There is no cargo project.
    #[error("cargo does not know what to build here: {why}")]
    #[diagnostic(help(
        "run it in the folder of the firmware's Cargo.toml; or give a command with --build and its result with --elf; or \
         an ELF file with --no-build"
    ))]
    NoProject {
        /// Cargo's message.
        why: String,
    },
    /// The build made no program.
    #[error("the build made no program")]
    #[diagnostic(help(
        "name what it makes with --elf, or the package behind --, as in: lifeboot watch -- -p firmware"
    ))]
    NoProgram,
    /// The build made more than one program.
    #[error("the build made several programs: {}", .names.join(", "))]
    #[diagnostic(help("say which with --elf, or build just one, as in: lifeboot watch -- --bin {}", names[0]))]
    SeveralPrograms {
        /// The names of the programs.
        names: Vec<String>,
    },
    /// The ELF file that a build command makes was not given.
    #[error("it is not known which file the command of --build makes")]
    #[diagnostic(help("add --elf FIRMWARE.elf, or firmware = \"FIRMWARE.elf\" to lifeboot.toml"))]
    ElfNeeded,
}

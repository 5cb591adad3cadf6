//! Why a bootloader could not be built.

use crate::files::FileError;
use lifeboot_artifact::keys::KeyError;
use miette::Diagnostic;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use thiserror::Error;

/// Why a bootloader could not be built.
#[derive(Debug, Error, Diagnostic)]
pub enum BootloaderBuildError {
    /// No key was given.
    #[error("nothing says which keys the bootloader trusts")]
    #[diagnostic(help(
        "give --bootloader-keys release.pub.pem, or say it once: bootloader-keys = \"release.pub.pem\", or key = \"release.pem\", in \
         lifeboot.toml; lifeboot keygen release.pem makes a pair"
    ))]
    NoKeys,
    /// A folder that was given has none of Lifeboot's sources.
    #[error("{} has no sources of Lifeboot's", .0.display())]
    #[diagnostic(help("give the folder with Lifeboot's Cargo.toml, its bootloader/ and updater/"))]
    NoSources(PathBuf),
    /// The board has no serial port for recovery mode.
    #[error("{}: recovery mode needs a serial port, and the board {board} has none", .path.display())]
    #[diagnostic(help(
        "add one, such as pins = {{ serial = {example:?} }}; or build without recovery mode: --without-recovery"
    ))]
    NoSerial {
        /// The board's file.
        path: PathBuf,
        /// The board.
        board: String,
        /// A serial port of its chip.
        example: String,
    },
    /// The compiler lacks the target.
    #[error("the Rust compiler has no {target}, which the bootloader is built for")]
    #[diagnostic(help("rustup target add {target}"))]
    NoTarget {
        /// The target.
        target: &'static str,
    },
    /// A program cannot be run.
    #[error("{program} does not start, and is to build the bootloader")]
    #[diagnostic(help(
        "install Rust: https://rustup.rs; or give a bootloader that was built elsewhere, by --bootloader"
    ))]
    Start {
        /// The program.
        program: &'static str,
        /// The reason.
        source: io::Error,
    },
    /// Cargo failed.
    #[error("cargo could not build the bootloader, with {status}: its messages are above")]
    #[diagnostic(help(
        "what it says about lifeboot.toml or a key is to be corrected there; Lifeboot's sources are those of the project's \
         Cargo.toml, or of --lifeboot"
    ))]
    Failed {
        /// Its exit status.
        status: ExitStatus,
    },
    /// A key cannot be written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Key(#[from] KeyError),
    /// A file cannot be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FileError),
}

//! Why a bootloader could not be built.

use crate::files::FileError;
use lifeboot_artifact::keys::KeyError;
use lifeboot_core::info::KEYS;
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
    /// There are too many keys.
    #[error("{0} keys are given, and a bootloader holds {KEYS} at most")]
    #[diagnostic(help("leave some out: bootloader-keys in lifeboot.toml, or --bootloader-keys"))]
    TooManyKeys(usize),
    /// A key is given twice, or images could not distinguish two.
    #[error("two of the keys have the id {0}")]
    #[diagnostic(help("give each key once; if they are two, make one of them anew: lifeboot keygen KEY.pem"))]
    SameKey(String),
    /// The path of the package holds what separates paths.
    #[error("{} cannot be passed to a build: it has the character that separates paths", .0.display())]
    #[diagnostic(help("set CARGO_TARGET_DIR to a folder without it"))]
    Colon(PathBuf),
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

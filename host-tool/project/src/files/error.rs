//! Why a file could not be read or written.

use super::kind::Kind;
use miette::Diagnostic;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file could not be read or written.
#[derive(Debug, Error, Diagnostic)]
pub enum FileError {
    /// A file could not be read.
    #[error("cannot read {}", .path.display())]
    #[diagnostic(help("{}", about_reading(path, source)))]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file is larger than any of its kind.
    #[error("{} is too large for {kind}: more than {} MiB", .path.display(), kind.limit() >> 20)]
    #[diagnostic(help("{}", kind.help()))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What the file should be.
        kind: Kind,
    },
    /// A named pipe has no program at its other end.
    #[error("no program {} the pipe {}", if *.reading { "writes into" } else { "reads from" }, .path.display())]
    #[diagnostic(help("start the other program first, or within {} seconds; or give a file", super::place::WAIT.as_secs()))]
    NoPeer {
        /// The pipe.
        path: PathBuf,
        /// Whether it was to be read.
        reading: bool,
    },
    /// A file could not be written.
    #[error("cannot write {}", .path.display())]
    #[diagnostic(help("{}", about_writing(source)))]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// An output is one of the inputs.
    #[error("{} would be overwritten, and this command has read it", .0.display())]
    #[diagnostic(help("give the output another name"))]
    IsInput(PathBuf),
    /// Two outputs are one file.
    #[error("{} is two outputs of this command at once, and one would be lost", .0.display())]
    #[diagnostic(help("give each output a file of its own; where > sends stdout counts, too"))]
    WrittenTwice(PathBuf),
    /// An output that is no key would replace a public key.
    #[error("{} holds a public key, and this output is none", .0.display())]
    #[diagnostic(help(
        "give the output another name; remove the file yourself if nothing is checked with that key any more"
    ))]
    HoldsPublicKey(PathBuf),
    /// An output would replace a private key.
    #[error("{} holds a private key, and a key is never overwritten", .0.display())]
    #[diagnostic(help("give the output another name; remove the file yourself if no device trusts that key any more"))]
    HoldsKey(PathBuf),
}

fn about_reading(path: &Path, why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::NotFound if path == Path::new("-") => {
            "for what another program prints, give <(COMMAND), or /dev/stdin behind a pipe"
        }
        io::ErrorKind::NotFound => "check the name: a path starts at the current folder, in lifeboot.toml at that file",
        io::ErrorKind::PermissionDenied => "see who may read it: ls -l",
        io::ErrorKind::IsADirectory => "give a file, not a folder",
        _ => "see that the disk is there and well",
    }
}

fn about_writing(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::NotFound => "make its folder first",
        io::ErrorKind::PermissionDenied => "see who may write into its folder: ls -ld",
        io::ErrorKind::IsADirectory => "give a file's name, not a folder's",
        io::ErrorKind::StorageFull => "make room on the disk",
        _ => "see that its folder is one, and that its disk is there and well",
    }
}

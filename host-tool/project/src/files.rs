//! Files that are written completely or not at all, with errors that name the file.

use miette::Diagnostic;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};
use tempfile::Builder;
use thiserror::Error;

/// Why a file could not be read or written.
#[derive(Debug, Error, Diagnostic)]
pub enum FileError {
    /// A file could not be read.
    #[error("cannot read {}", .path.display())]
    #[diagnostic(help("{}", about_reading(source)))]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
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
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError::Read { path: path.to_owned(), source })
}

/// Writes a file, replacing an existing one.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    put(path, bytes, 0o666, true)
}

/// Writes a new file with this mode; never replaces an existing one.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    put(path, bytes, mode, false)
}

fn put(path: &Path, bytes: &[u8], mode: u32, replace: bool) -> Result<(), FileError> {
    let error = |source| FileError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(".lifeboot-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode; // A new file has its folder's permissions there.
    // Fails early with the system's own message: the temporary file's error would name a file unknown to the user.
    fs::read_dir(folder).map_err(error)?;
    let mut file = builder.tempfile_in(folder).map_err(|failed| error(failed.kind().into()))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(error)?;
    let put = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    put.map(|_| ()).map_err(|failed| error(failed.error))
}

fn about_reading(why: &io::Error) -> &'static str {
    match why.kind() {
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
